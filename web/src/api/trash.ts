/** What was deleted and can come back, and what files were before they were replaced. */
import type { Settled } from '../lib/conflicts';
import { API, ask, type Schemas } from './http';
import { inUrl } from './paths';
import { server } from './client';

export type Trashed = Schemas['TrashedOut'];
export type Trash = Schemas['TrashOut'];
export type Version = Schemas['VersionOut'];
type Entry = Schemas['EntryOut'];

const PAGE = 200;
let days: Promise<number> | null = null;

/** For how many days what is deleted can come back; 0 where it cannot. */
export function trashDays(): Promise<number> {
  days ??= server().then(
    (found) => found.trash_days,
    (error: unknown) => {
      days = null;
      throw error;
    },
  );
  return days;
}

/** Delete into the trash; its number there, or null where it is gone for good. */
export async function discard(path: string): Promise<number | null> {
  const gone = await ask<Schemas['RemovedOut'] | undefined>('DELETE', `/entries${inUrl(path)}?recursive=true`);
  return gone?.trash ?? null;
}

export const list = (cursor: number | null) => ask<Trash>('GET', `/trash?limit=${PAGE}${cursor === null ? '' : `&cursor=${cursor}`}`);
export const restore = (id: number, conflict: Settled = 'rename') => ask<Entry>('POST', `/trash/${id}/restore`, { conflict });
export const removeForGood = (id: number) => ask<void>('DELETE', `/trash/${id}`);
export const empty = () => ask<Schemas['EmptiedOut']>('DELETE', '/trash');

export const versions = async (path: string) => (await ask<Schemas['VersionsOut']>('GET', `/versions${inUrl(path)}`)).versions;
export const restoreVersion = (path: string, number: number) => ask<Entry>('POST', `/versions${inUrl(path)}`, { restore: number });
export const removeVersion = (path: string, number: number) => ask<void>('DELETE', `/versions${inUrl(path)}?version=${number}`);
export const versionUrl = (path: string, number: number) => `${API}/files${inUrl(path)}?version=${number}`;
