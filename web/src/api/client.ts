/** Signing in, and the routes of files and folders. Other areas have modules of their own beside this one. */
import type { Settled } from '../lib/conflicts';
import { API, ask, type Schemas } from './http';
import { inUrl } from './paths';

export type Entry = Schemas['EntryOut'];
export type Page = Schemas['PageOut'];
/** A page of a folder, with what one may do there. */
export type Listed = Schemas['FolderOut'];
export type Usage = Schemas['UsageOut'];
export type Server = Schemas['ServerOut'];
export type Whoami = Schemas['WhoamiOut'];
export type Sort = 'name' | 'size' | 'modified';
export type Order = 'asc' | 'desc';
export type Way = 'move' | 'copy';

export interface Listing {
  sort: Sort;
  order: Order;
  cursor?: string | null;
  limit?: number;
}

export const server = () => ask<Server>('GET', '/server');
export const whoami = () => ask<Whoami>('GET', '/sessions/current');
export const signOut = () => ask<void>('DELETE', '/sessions/current');
export const usage = () => ask<Usage>('GET', '/usage');

export function signIn(name: string, password: string, code?: string): Promise<unknown> {
  return ask('POST', '/sessions', { name, password, cookie: true, ...(code ? { code } : {}) });
}

export function list(path: string, how: Listing, signal?: AbortSignal): Promise<Listed> {
  const query = new URLSearchParams({ sort: how.sort, order: how.order, limit: String(how.limit ?? 500) });
  if (how.cursor) query.set('cursor', how.cursor);
  return ask('GET', `/folders${inUrl(path)}?${query}`, undefined, signal);
}

/** What is at a path. */
export const entry = (path: string, signal?: AbortSignal) => ask<Entry>('GET', `/entries${inUrl(path)}`, undefined, signal);

export const makeFolder = (path: string) => ask<Entry>('PUT', `/folders${inUrl(path)}`);

export const relocate = (way: Way, source: string, target: string, conflict: Settled = 'skip') => ask<Entry>('POST', `/${way}`, { source, target, conflict });

export const removeForGood = (path: string) => ask<void>('DELETE', `/entries${inUrl(path)}?recursive=true&permanent=true`);

/** Where the browser fetches a file by itself. */
export const fileUrl = (path: string) => `${API}/files${inUrl(path)}`;

export const zipUrl = (paths: readonly string[]) => `${API}/zip?${new URLSearchParams(paths.map((each) => ['path', each]))}`;
