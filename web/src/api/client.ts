/** The server's JSON routes. The session is a cookie that scripts cannot read; the browser adds it by itself. */
import { inUrl } from './paths';
import { Problem, problemOf } from './problem';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Entry = Schemas['EntryOut'];
export type Page = Schemas['PageOut'];
export type Usage = Schemas['UsageOut'];
export type Server = Schemas['ServerOut'];
export type Whoami = Schemas['WhoamiOut'];
export type Sort = 'name' | 'size' | 'modified';
export type Order = 'asc' | 'desc';

const API = '/api/v1';

export interface Listing {
  sort: Sort;
  order: Order;
  cursor?: string | null;
  limit?: number;
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(API + path, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem('offline', 0, '');
  }
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const server = () => ask<Server>('GET', '/server');
export const whoami = () => ask<Whoami>('GET', '/sessions/current');
export const signOut = () => ask<void>('DELETE', '/sessions/current');
export const usage = () => ask<Usage>('GET', '/usage');

export function signIn(name: string, password: string, code?: string): Promise<unknown> {
  return ask('POST', '/sessions', { name, password, cookie: true, ...(code ? { code } : {}) });
}

export function list(path: string, how: Listing, signal?: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ sort: how.sort, order: how.order, limit: String(how.limit ?? 500) });
  if (how.cursor) query.set('cursor', how.cursor);
  return ask('GET', `/folders${inUrl(path)}?${query}`, undefined, signal);
}

export const makeFolder = (path: string) => ask<Entry>('PUT', `/folders${inUrl(path)}`);

export const move = (source: string, target: string) => ask<Entry>('POST', '/move', { source, target });

export const remove = (path: string) => ask<void>('DELETE', `/entries${inUrl(path)}?recursive=true`);

/** Where the browser fetches a file by itself. */
export const fileUrl = (path: string) => `${API}/files${inUrl(path)}`;

export const zipUrl = (paths: readonly string[]) => `${API}/zip?${new URLSearchParams(paths.map((each) => ['path', each]))}`;
