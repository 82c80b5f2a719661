/** Deleting into the trash, which needs no question because it can be undone; what cannot be undone is asked about. */
import type { Entry } from '../api/client';
import { discard, restore, trashDays } from '../api/trash';
import { t } from '../i18n/index.svelte';
import { driveOf, hasVersions } from '../lib/drives';
import { toasts } from '../state/toasts.svelte';
import type { Desk } from './desk.svelte';

const isFinal = (entry: Entry) => !hasVersions(entry.path);

/** Whether it is one's own, so that one may delete it for good. */
export const isOwn = (entry: Entry) => driveOf(entry.path) === '';

const askFirst = (desk: Desk) => desk.ask(() => import('./Delete.svelte'));

export async function remove(desk: Desk): Promise<void> {
  const entries = desk.chosen;
  const gone: number[] = [];
  let done = 0;
  try {
    if (entries.some(isFinal) || (await trashDays()) === 0) return askFirst(desk);
    for (const entry of entries) {
      const number = await discard(entry.path);
      done += 1;
      if (number !== null) gone.push(number);
    }
  } catch (error) {
    toasts.fault(error);
  }
  if (gone.length) {
    const told = t('trashed', { count: done, name: entries[0]?.name ?? '' });
    toasts.offer(told, t('undo'), () => void undo(desk, gone));
  } else if (done) toasts.say(t('deleted', { count: done, name: entries[0]?.name ?? '' }));
  desk.folder.reload();
}

/** The last comes back first: a folder before what was deleted out of it. */
async function undo(desk: Desk, numbers: readonly number[]): Promise<void> {
  try {
    let name = '';
    for (const number of [...numbers].reverse()) name = (await restore(number)).name;
    toasts.say(t('put-back', { count: numbers.length, name }));
  } catch (error) {
    toasts.fault(error);
  }
  desk.folder.reload();
}
