/** The rooms of the app: what the navigation shows, and what each address loads. A new room is one more row. */
import BadgeCheck from '@lucide/svelte/icons/badge-check';
import CircleUser from '@lucide/svelte/icons/circle-user';
import User from '@lucide/svelte/icons/circle-user-round';
import Message from '@lucide/svelte/icons/message-circle';
import Folder from '@lucide/svelte/icons/folder';
import Gauge from '@lucide/svelte/icons/gauge';
import ListChecks from '@lucide/svelte/icons/list-checks';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import Link2 from '@lucide/svelte/icons/link-2';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import ShareIcon from '@lucide/svelte/icons/share-2';
import ShieldAlert from '@lucide/svelte/icons/shield-alert';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Users from '@lucide/svelte/icons/users-round';
import Monitor from '@lucide/svelte/icons/monitor';
import type { Component } from 'svelte';

import Files from './pages/Files.svelte';
import { running } from './state/running.svelte';
import { chats } from './state/chats.svelte';

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

/** A room at `/admin/<page>`. */
function operators(page: string, icon: Room['icon'], load: Room['load']): Room {
  return { id: 'admin', page, address: `/admin/${page}`, label: `admin-${page}`, icon, load, group: 'operators' };
}

export const rooms: readonly Room[] = [
  { id: 'files', address: '/', label: 'files', icon: Folder, load: async () => Files, group: 'own' },
  { id: 'shared', address: '/shared', label: 'shared-room', icon: Users, load: async () => (await import('./pages/SharedWithMe.svelte')).default, group: 'own' },
  { id: 'sharing', address: '/sharing', label: 'sharing-room', icon: ShareIcon, load: async () => (await import('./pages/Sharing.svelte')).default, group: 'own' },
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
    id: 'jobs',
    address: '/jobs',
    label: 'jobs',
    icon: ListChecks,
    load: async () => (await import('./pages/Jobs.svelte')).default,
    group: 'own',
    badge: () => running.count,
  },
  {
    id: 'admin',
    address: '/admin',
    label: 'dash',
    icon: Gauge,
    load: async () => (await import('./pages/console/Dashboard.svelte')).default,
    group: 'operators',
  },
  {
    id: 'admin',
    page: 'clients',
    address: '/admin/clients',
    label: 'clients',
    icon: Monitor,
    load: async () => (await import('./pages/console/Clients.svelte')).default,
    group: 'operators',
  },
  {
    id: 'admin',
    page: 'log',
    address: '/admin/log',
    label: 'log',
    icon: ScrollText,
    load: async () => (await import('./pages/console/Log.svelte')).default,
    group: 'operators',
  },
  operators('accounts', CircleUser, async () => (await import('./pages/admin/Accounts.svelte')).default),
  operators('groups', Users, async () => (await import('./pages/admin/Groups.svelte')).default),
  operators('sharing', Link2, async () => (await import('./pages/admin/Sharing.svelte')).default),
  operators('guard', ShieldAlert, async () => (await import('./pages/admin/Guard.svelte')).default),
  operators('certificates', BadgeCheck, async () => (await import('./pages/admin/Certificates.svelte')).default),
  operators('drives', HardDrive, async () => (await import('./pages/admin/Drives.svelte')).default),
  {
    id: 'admin',
    page: 'settings',
    address: '/admin/settings',
    label: 'limits',
    icon: SlidersHorizontal,
    load: async () => (await import('./pages/console/Settings.svelte')).default,
    group: 'operators',
  },
  {
    id: 'admin',
    page: 'warnings',
    address: '/admin/warnings',
    label: 'warnings-sent',
    icon: TriangleAlert,
    load: async () => (await import('./pages/console/Warnings.svelte')).default,
    group: 'none',
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

/** The room that an address is in. */
export function roomAt(id: string, page: string | undefined): Room | undefined {
  const there = rooms.filter((each) => each.id === id);
  return there.find((each) => each.page === page) ?? there.find((each) => each.page === undefined);
}

/** What tells it from the other rooms. */
export const keyOf = (room: Room): string => (room.page ? `${room.id}/${room.page}` : room.id);
