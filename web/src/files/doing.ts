/** What is done to files, and told when it is done. */
import * as api from '../api/client';
import { join, parentOf } from '../api/paths';
import { t } from '../i18n/index.svelte';
import { toasts } from '../state/toasts.svelte';
import type { Desk } from './desk.svelte';

async function doing(desk: Desk, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    desk.folder.reload();
  }
}

export const create = (desk: Desk, name: string): Promise<void> =>
  doing(desk, async () => {
    const made = await api.makeFolder(join(desk.path, name.trim()));
    toasts.say(t('folder-made', { name: made.name }));
  });

export const rename = (desk: Desk, entry: api.Entry, name: string): Promise<void> =>
  doing(desk, async () => {
    if (name === entry.name) return;
    const moved = await api.relocate('move', entry.path, join(parentOf(entry.path), name.trim()));
    toasts.say(t('renamed', { name: moved.name }));
  });

/** For good; whoever does this has been asked. */
export const removeForGood = (desk: Desk, entries: readonly api.Entry[]): Promise<void> =>
  doing(desk, async () => {
    for (const entry of entries) await api.removeForGood(entry.path);
    toasts.say(t('deleted', { count: entries.length, name: entries[0]?.name ?? '' }));
  });
