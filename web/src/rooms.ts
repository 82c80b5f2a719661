/** The rooms of the app: what the navigation shows, and what each address loads. A new room is one more row. */
import User from '@lucide/svelte/icons/circle-user-round';
import Message from '@lucide/svelte/icons/message-circle';
import Folder from '@lucide/svelte/icons/folder';
import type { Component } from 'svelte';

import Files from './pages/Files.svelte';
import { chats } from './state/chats.svelte';

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
  {
    id: 'chat',
    address: '/chat',
    label: 'chat',
    icon: Message,
    load: async () => (await import('./pages/Chat.svelte')).default,
    group: 'own',
    badge: () => chats.unread,
  },
  {
    id: 'account',
    address: '/account/profile',
    label: 'account',
    icon: User,
    load: async () => (await import('./pages/account/Account.svelte')).default,
    group: 'none',
  },
];
