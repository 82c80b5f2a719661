/** The rooms of the app: what the navigation shows, and what each address loads. A new room is one more row. */
import Folder from '@lucide/svelte/icons/folder';
import Trash from '@lucide/svelte/icons/trash-2';
import type { Component } from 'svelte';

import Files from './pages/Files.svelte';

export interface Room {
  /** The first part of its addresses. The server knows them too: `PLACES` in doors/http/webapp.py. */
  readonly id: string;
  /** Where the navigation leads. */
  readonly address: string;
  /** The key of its name. */
  readonly label: string;
  readonly icon: Component<{ size?: number }>;
  readonly load: () => Promise<Component>;
  /** Where it stands: among one's own things, among the operator's, or only where a link leads to it. */
  readonly group: 'own' | 'operators' | 'none';
  /** A number to look at, such as of what is unread. */
  readonly badge?: () => number;
}

export const rooms: readonly Room[] = [
  { id: 'files', address: '/', label: 'files', icon: Folder, load: async () => Files, group: 'own' },
  { id: 'trash', address: '/trash', label: 'trash', icon: Trash, load: async () => (await import('./pages/Trash.svelte')).default, group: 'own' },
];
