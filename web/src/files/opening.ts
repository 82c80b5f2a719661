/** What opening does: a folder is gone into, a file is for whoever of the hooks takes it first. */
import type { Entry } from '../api/client';
import { route } from '../state/route.svelte';
import { openers } from './hooks';

export function open(entry: Entry): void {
  if (entry.kind === 'folder') route.open(entry.path);
  else openers.some((opener) => opener(entry));
}
