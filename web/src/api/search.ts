/** Finding files and folders by name, below a folder. */
import type { Page } from './client';
import { ask } from './http';

export interface Wanted {
  readonly name: string;
  readonly kind: string;
  /** Changed in so many days; 0 is whenever. */
  readonly days: number;
  /** Bytes at least; 0 is any size. */
  readonly larger: number;
}

const MOST = 1000;
const DAY = 86_400_000;

/** What an address asks for; null where it asks for nothing. */
export function wantedIn(query: URLSearchParams): Wanted | null {
  const number = (key: string) => Math.max(0, Number(query.get(key)) || 0);
  const wanted = { name: query.get('find') ?? '', kind: query.get('kind') ?? '', days: number('days'), larger: number('larger') };
  return query.has('find') ? wanted : null;
}

/** The same as a part of an address. */
export function inQuery({ name, kind, days, larger }: Wanted): string {
  const query = new URLSearchParams({ find: name });
  if (kind) query.set('kind', kind);
  if (days) query.set('days', String(days));
  if (larger) query.set('larger', String(larger));
  return query.toString();
}

/** Whether there is anything to look for. */
export const says = (wanted: Wanted): boolean => !!(wanted.name.trim() || wanted.kind || wanted.days || wanted.larger);

/** One step of a search; it may find nothing and yet go on. */
export function search(path: string, wanted: Wanted, cursor: string | null, limit: number, signal: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ path, name: wanted.name, limit: String(Math.min(limit, MOST)) });
  if (wanted.kind) query.set('kind', wanted.kind);
  if (wanted.days) query.set('since', new Date(Date.now() - wanted.days * DAY).toISOString());
  if (wanted.larger) query.set('larger', String(wanted.larger));
  if (cursor) query.set('cursor', cursor);
  return ask('GET', `/search?${query}`, undefined, signal);
}
