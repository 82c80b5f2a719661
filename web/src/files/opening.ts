/** What opening does: a folder is gone into, a file is shown. */
import type { Entry } from '../api/client';
import { parentOf } from '../api/paths';
import { preview } from '../state/preview.svelte';
import { route } from '../state/route.svelte';

export function open(entry: Entry): void {
  if (entry.kind === 'folder') route.open(entry.path);
  else preview.open(parentOf(entry.path), entry.name);
}
