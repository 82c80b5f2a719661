/** What is given to whom, and what of it holds. Pure: no page, no server. */
import type { Given, Link, Received } from '../api/sharing';

export type Kind = 'file' | 'folder';

/** Rights as the server adds them up. */
export const READ = 8;
export const WRITE = 4;
export const CREATE = 2;
export const DELETE = 1;

/** The masks that have a name, in the order in which they are offered. */
const NAMES = new Map([
  [8, 'viewer'],
  [10, 'contributor'],
  [15, 'editor'],
  [2, 'dropbox'],
  [12, 'replacer'],
]);

/** What is worth giving: on a file only reading and replacing count, and nobody drops files into a file. */
export const offered = (kind: Kind): readonly number[] => (kind === 'file' ? [8, 12] : [8, 10, 15, 2]);

/** The name of a mask; `other` for those that have none. */
export const levelOf = (rights: number): string => NAMES.get(rights) ?? 'other';

/** The single rights in a mask. */
export const partsOf = (rights: number): ('read' | 'write' | 'create' | 'delete')[] =>
  (
    [
      [READ, 'read'],
      [CREATE, 'create'],
      [WRITE, 'write'],
      [DELETE, 'delete'],
    ] as const
  )
    .filter(([bit]) => rights & bit)
    .map(([, name]) => name);

export const isGroup = (to: string): boolean => to.startsWith('@');

/** Whether something is below a folder, or is it. Compared name by name: `/ab` is not in `/a`. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '/' || path.startsWith(`${folder}/`);

/** Who may do what with a thing: what was granted on it, and what comes from the folders above it. */
export function holding(path: string, given: readonly Given[]): { own: Given[]; inherited: Given[] } {
  return {
    own: given.filter((each) => each.path === path),
    inherited: given.filter((each) => each.path !== path && isWithin(path, each.path)),
  };
}

/** Whether one may share it: what is in one's home, and for operators the folder drives, each as a whole. */
export function mayShare(path: string, operator = false): boolean {
  if (isWithin(path, '/Drives')) return operator && path.split('/').length === 3;
  return path !== '/' && !isWithin(path, '/Shared');
}

export type LinkState = 'open' | 'expired' | 'used';

export function stateOf(link: Link, now: Date): LinkState {
  if (link.expires !== null && new Date(link.expires) <= now) return 'expired';
  if (link.downloads_max !== null && link.downloads >= link.downloads_max) return 'used';
  return 'open';
}

export const addressOfLink = (origin: string, secret: string): string => `${origin}/s/${secret}`;

/** Names that somebody has met before: those they share with, and those who share with them. */
export function met(given: readonly Given[], received: readonly Received[], self: string): string[] {
  const names = new Set([...given.map((each) => each.to), ...received.map((each) => each.owner)]);
  names.delete('');
  names.delete(self);
  return [...names].sort((one, other) => one.localeCompare(other));
}

/** How long a link lasts, in hours; those that are offered. */
export const TERMS = [1, 24, 24 * 7, 24 * 30] as const;

/** Something of one's own that others get at: by their names, or by a link. */
export interface Share {
  readonly key: string;
  readonly path: string;
  readonly kind: Kind;
  readonly given?: Given;
  readonly link?: Link;
}

export const FILTERS = ['all', 'people', 'groups', 'links', 'ended'] as const;
export type Filter = (typeof FILTERS)[number];

/** All of them, by path; what was given to people before the links. */
export function sharesOf(given: readonly Given[], links: readonly Link[]): Share[] {
  const all: Share[] = [
    ...given.map((each) => ({ key: `to ${each.to} ${each.path}`, path: each.path, kind: each.kind, given: each })),
    ...links.map((each) => ({ key: `link ${each.id}`, path: each.path, kind: each.kind, link: each })),
  ];
  return all.sort((one, other) => one.path.localeCompare(other.path));
}

export function chosenOf(shares: readonly Share[], filter: Filter, text: string, now: Date): Share[] {
  const wanted = text.trim().toLocaleLowerCase();
  const ended = (each: Share) => each.link !== undefined && stateOf(each.link, now) !== 'open';
  const fits: Record<Filter, (each: Share) => boolean> = {
    all: () => true,
    people: (each) => each.given !== undefined && !isGroup(each.given.to),
    groups: (each) => each.given !== undefined && isGroup(each.given.to),
    links: (each) => each.link !== undefined,
    ended,
  };
  return shares.filter(
    (each) => fits[filter](each) && `${each.path}\n${each.given?.to ?? ''}\n${each.link?.name ?? ''}`.toLocaleLowerCase().includes(wanted),
  );
}
