/** The rooms of the app: what the navigation shows, and what each address loads. A new room is one more row. */
import BadgeCheck from '@lucide/svelte/icons/badge-check';
import CircleUser from '@lucide/svelte/icons/circle-user';
import User from '@lucide/svelte/icons/circle-user-round';
import Message from '@lucide/svelte/icons/message-circle';
import Folder from '@lucide/svelte/icons/folder';
import Gauge from '@lucide/svelte/icons/gauge';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import Link2 from '@lucide/svelte/icons/link-2';
import ListChecks from '@lucide/svelte/icons/list-checks';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import ShareIcon from '@lucide/svelte/icons/share-2';
import ShieldAlert from '@lucide/svelte/icons/shield-alert';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Users from '@lucide/svelte/icons/users-round';
import Monitor from '@lucide/svelte/icons/monitor';
import Trash from '@lucide/svelte/icons/trash-2';
import type { Component } from 'svelte';

import Files from './pages/Files.svelte';
import { chats } from './state/chats.svelte';
import { running } from './state/running.svelte';

export interface Room {
  /** The first part of its addresses. The server knows them too: `PLACES` in doors/http/webapp.py. */
  readonly id: string;
  /** The second part, where rooms share the first; the room without one is met at all other addresses. */
  readonly page?: string;
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

const own = (id: string, label: string, icon: Room['icon'], load: Room['load'], badge?: () => number): Room => ({
  id,
  address: id === 'files' ? '/' : `/${id}`,
  label,
  icon,
  load,
  group: 'own',
  ...(badge ? { badge } : {}),
});

/** A room at `/admin/<page>`. */
const operators = (page: string, icon: Room['icon'], load: Room['load'], label = `admin-${page}`): Room => ({
  id: 'admin',
  page,
  address: `/admin/${page}`,
  label,
  icon,
  load,
  group: 'operators',
});

export const rooms: readonly Room[] = [
  own('files', 'files', Folder, async () => Files),
  own('shared', 'shared-room', Users, async () => (await import('./pages/SharedWithMe.svelte')).default),
  own('sharing', 'sharing-room', ShareIcon, async () => (await import('./pages/Sharing.svelte')).default),
  own('trash', 'trash', Trash, async () => (await import('./pages/Trash.svelte')).default),
  own('chat', 'chat', Message, async () => (await import('./pages/Chat.svelte')).default, () => chats.unread),
  own('jobs', 'jobs', ListChecks, async () => (await import('./pages/Jobs.svelte')).default, () => running.count),
  { id: 'account', address: '/account/profile', label: 'account', icon: User, load: async () => (await import('./pages/account/Account.svelte')).default, group: 'none' },

  { id: 'admin', address: '/admin', label: 'dash', icon: Gauge, load: async () => (await import('./pages/console/Dashboard.svelte')).default, group: 'operators' },
  operators('clients', Monitor, async () => (await import('./pages/console/Clients.svelte')).default, 'clients'),
  operators('accounts', CircleUser, async () => (await import('./pages/admin/Accounts.svelte')).default),
  operators('groups', Users, async () => (await import('./pages/admin/Groups.svelte')).default),
  operators('sharing', Link2, async () => (await import('./pages/admin/Sharing.svelte')).default),
  operators('drives', HardDrive, async () => (await import('./pages/admin/Drives.svelte')).default),
  operators('guard', ShieldAlert, async () => (await import('./pages/admin/Guard.svelte')).default),
  operators('certificates', BadgeCheck, async () => (await import('./pages/admin/Certificates.svelte')).default),
  operators('log', ScrollText, async () => (await import('./pages/console/Log.svelte')).default, 'log'),
  operators('settings', SlidersHorizontal, async () => (await import('./pages/console/Settings.svelte')).default, 'limits'),
  { ...operators('warnings', TriangleAlert, async () => (await import('./pages/console/Warnings.svelte')).default, 'warnings-sent'), group: 'none' },
];

/** The room that an address is in. */
export function roomAt(id: string, page: string | undefined): Room | undefined {
  const there = rooms.filter((each) => each.id === id);
  return there.find((each) => each.page === page) ?? there.find((each) => each.page === undefined);
}

/** What tells it from the other rooms. */
export const keyOf = (room: Room): string => (room.page ? `${room.id}/${room.page}` : room.id);
