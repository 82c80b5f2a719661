/** What one may do where, as far as the page knows. The server judges; the page only offers nothing that it would refuse. */
import type { Received } from '../api/sharing';
import { CREATE, isWithin, READ, WRITE } from './sharing';

export const ALL = 15;

/** Whether it lies with somebody else, or on a folder of the server. */
export const isForeign = (path: string): boolean => isWithin(path, '/Shared') || isWithin(path, '/Drives');

/** `/Shared`, its owners and `/Drives` are made up by the server: nothing can be put there, and they cannot go. */
export function isFixed(path: string): boolean {
  const depth = path.split('/').filter(Boolean).length;
  return isForeign(path) && depth < (isWithin(path, '/Shared') ? 3 : 2);
}

/** What was received there or above, which is the least that one may do: more may have been granted on the way. */
export function rightsAt(path: string, received: readonly Received[]): number {
  if (!isForeign(path)) return ALL;
  if (isFixed(path)) return READ;
  // Without the right to read there is nothing below: all goes to the top.
  const holds = (each: Received) => each.path === path || (!!(each.rights & READ) && isWithin(path, each.path));
  return received.reduce((sum, each) => (holds(each) ? sum | each.rights : sum), 0);
}

/** Whether files can be put there: new ones, or new versions of those that are there. */
export const mayPut = (rights: number): boolean => (rights & (CREATE | WRITE)) !== 0;

/** Whether files can be put there though nothing of it is to be seen. */
export const isInbox = (rights: number): boolean => mayPut(rights) && !(rights & READ);
