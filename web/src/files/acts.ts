/** All that can be done on the page of files: the bar, the menus, the keyboard and the list of keys read this table. */
import ClipboardPaste from '@lucide/svelte/icons/clipboard-paste';
import Copies from '@lucide/svelte/icons/copy-plus';
import Copy from '@lucide/svelte/icons/copy';
import Download from '@lucide/svelte/icons/download';
import FolderInput from '@lucide/svelte/icons/folder-input';
import FolderPlus from '@lucide/svelte/icons/folder-plus';
import FolderOpen from '@lucide/svelte/icons/folder-open';
import FolderUp from '@lucide/svelte/icons/folder-up';
import FolderTree from '@lucide/svelte/icons/folder-tree';
import Info from '@lucide/svelte/icons/info';
import Keyboard from '@lucide/svelte/icons/keyboard';
import LayoutGrid from '@lucide/svelte/icons/layout-grid';
import ListChecks from '@lucide/svelte/icons/list-checks';
import ListIcon from '@lucide/svelte/icons/list';
import Pencil from '@lucide/svelte/icons/pencil';
import Camera from '@lucide/svelte/icons/camera';
import Scissors from '@lucide/svelte/icons/scissors';
import History from '@lucide/svelte/icons/history';
import Search from '@lucide/svelte/icons/search';
import Share from '@lucide/svelte/icons/share-2';
import Shredded from '@lucide/svelte/icons/trash';
import Trash from '@lucide/svelte/icons/trash-2';
import Upload from '@lucide/svelte/icons/upload';
import X from '@lucide/svelte/icons/x';
import type { Component } from 'svelte';

import { parentOf } from '../api/paths';
import { hasVersions } from '../lib/drives';
import { all } from '../lib/selection';
import { isFixed, mayPut } from '../lib/rights';
import { CREATE, DELETE, mayShare, READ } from '../lib/sharing';
import { route } from '../state/route.svelte';
import { session } from '../state/session.svelte';
import { handheld, pick } from '../uploads/pick';
import type { Desk } from './desk.svelte';
import { isOwn, remove } from './discarding';
import { download } from './fetching';
import { open } from './opening';
import { paste } from './relocating';

export interface Act {
  readonly id: string;
  /** The key of its name. */
  readonly label: string;
  readonly icon: Component<{ size?: number }>;
  /** Keys as lib/keys.ts writes them. */
  readonly keys?: readonly string[];
  /** What it is done to: the picked entries, the open folder, or the page as a whole (which is in no menu). */
  readonly about: 'chosen' | 'folder' | 'page';
  /** Acts of a menu are parted where this changes. */
  readonly group: string;
  /** It has a button of its own in the bar; `main`: it is what people come for. */
  readonly bar?: 'plain' | 'main';
  /** Something is lost by it. */
  readonly fault?: boolean;
  /** The rights it takes, added up: where what is picked lies, or else in the open folder. */
  readonly needs?: number;
  /** Whether it can be done now; always, if left out. Of what is about `chosen` something is picked. */
  readonly when?: (desk: Desk) => boolean;
  readonly on: (desk: Desk) => unknown;
}

export const acts: readonly Act[] = [
  {
    id: 'open',
    label: 'act-open',
    icon: FolderOpen,
    keys: ['Enter'],
    about: 'chosen',
    group: 'open',
    when: (desk) => !!desk.single,
    on: (desk) => desk.single && open(desk.single),
  },
  {
    id: 'download',
    label: 'act-download',
    icon: Download,
    about: 'chosen',
    group: 'open',
    bar: 'plain',
    on: (desk) => download(desk.chosen),
  },
  {
    id: 'share',
    label: 'act-share',
    icon: Share,
    about: 'chosen',
    group: 'share',
    bar: 'plain',
    when: (desk) => !!desk.single && mayShare(desk.single.path, session.isOperator),
    on: (desk) => desk.ask(() => import('./Share.svelte')),
  },
  {
    id: 'versions',
    label: 'act-versions',
    icon: History,
    about: 'chosen',
    group: 'change',
    when: (desk) => desk.single?.kind === 'file' && hasVersions(desk.single.path),
    on: (desk) => desk.ask(() => import('./Versions.svelte')),
  },
  {
    id: 'rename',
    label: 'act-rename',
    icon: Pencil,
    keys: ['F2'],
    about: 'chosen',
    group: 'change',
    needs: READ | CREATE | DELETE,
    bar: 'plain',
    when: (desk) => !!desk.single,
    on: (desk) => (desk.renaming = desk.single?.path ?? null),
  },
  {
    id: 'cut',
    label: 'act-cut',
    icon: Scissors,
    keys: ['Ctrl+X'],
    about: 'chosen',
    group: 'clip',
    needs: READ | DELETE,
    on: (desk) => (desk.clip = { entries: desk.chosen, cut: true }),
  },
  {
    id: 'copy',
    label: 'act-copy',
    icon: Copy,
    keys: ['Ctrl+C'],
    about: 'chosen',
    group: 'clip',
    needs: READ,
    on: (desk) => (desk.clip = { entries: desk.chosen, cut: false }),
  },
  {
    id: 'move-to',
    label: 'act-move-to',
    icon: FolderInput,
    keys: ['Ctrl+Shift+X'],
    about: 'chosen',
    group: 'clip',
    needs: READ | DELETE,
    on: (desk) => desk.ask(() => import('./MoveTo.svelte')),
  },
  {
    id: 'copy-to',
    label: 'act-copy-to',
    icon: Copies,
    keys: ['Ctrl+Shift+C'],
    about: 'chosen',
    group: 'clip',
    needs: READ,
    on: (desk) => desk.ask(() => import('./CopyTo.svelte')),
  },
  {
    id: 'delete',
    label: 'act-delete',
    icon: Trash,
    keys: ['Delete'],
    about: 'chosen',
    group: 'remove',
    needs: READ | DELETE,
    bar: 'plain',
    fault: true,
    on: (desk) => remove(desk),
  },
  {
    id: 'delete-for-good',
    label: 'act-delete-for-good',
    icon: Shredded,
    keys: ['Shift+Delete'],
    about: 'chosen',
    group: 'remove',
    fault: true,
    when: (desk) => desk.chosen.every((entry) => isOwn(entry) && !isFixed(entry.path)),
    on: (desk) => desk.ask(() => import('./Delete.svelte')),
  },
  {
    id: 'clear',
    label: 'act-clear',
    icon: X,
    keys: ['Escape'],
    about: 'page',
    group: 'select',
    when: (desk) => desk.chosen.length > 0,
    on: (desk) => desk.clear(),
  },
  {
    id: 'new-folder',
    label: 'act-new-folder',
    icon: FolderPlus,
    keys: ['Ctrl+Shift+F'],
    about: 'folder',
    group: 'make',
    needs: READ | CREATE,
    bar: 'plain',
    on: (desk) => desk.ask(() => import('./NewFolder.svelte')),
  },
  {
    id: 'upload',
    label: 'act-upload',
    icon: Upload,
    keys: ['Ctrl+U'],
    about: 'folder',
    group: 'make',
    bar: 'main',
    when: (desk) => mayPut(desk.rights),
    on: (desk) => pick('files', desk.path),
  },
  {
    id: 'upload-folder',
    label: 'act-upload-folder',
    icon: FolderUp,
    about: 'folder',
    group: 'make',
    needs: READ | CREATE,
    when: () => !handheld(),
    on: (desk) => pick('folder', desk.path),
  },
  {
    id: 'photo',
    label: 'act-photo',
    icon: Camera,
    about: 'folder',
    group: 'make',
    when: (desk) => handheld() && mayPut(desk.rights),
    on: (desk) => pick('photo', desk.path),
  },
  {
    id: 'paste',
    label: 'act-paste',
    icon: ClipboardPaste,
    keys: ['Ctrl+V'],
    about: 'folder',
    group: 'make',
    needs: READ | CREATE,
    when: (desk) => desk.clip !== null,
    on: (desk) => paste(desk),
  },
  {
    id: 'share-folder',
    label: 'act-share-folder',
    icon: Share,
    about: 'folder',
    group: 'make',
    when: (desk) => mayShare(desk.path, session.isOperator),
    on: (desk) => desk.ask(() => import('./Share.svelte')),
  },
  {
    id: 'select-all',
    label: 'act-select-all',
    icon: ListChecks,
    keys: ['Ctrl+A'],
    about: 'folder',
    group: 'select',
    when: (desk) => desk.keys.length > 0,
    on: (desk) => (desk.selection = all(desk.selection, desk.keys)),
  },
  {
    id: 'up',
    label: 'act-up',
    icon: FolderUp,
    keys: ['Backspace', 'Alt+ArrowUp'],
    about: 'folder',
    group: 'go',
    when: (desk) => desk.path !== '/',
    on: (desk) => route.open(parentOf(desk.path)),
  },
  {
    id: 'grid',
    label: 'act-grid',
    icon: LayoutGrid,
    about: 'folder',
    group: 'view',
    needs: READ,
    when: (desk) => desk.view === 'list',
    on: (desk) => (desk.view = 'grid'),
  },
  {
    id: 'list',
    label: 'act-list',
    icon: ListIcon,
    about: 'folder',
    group: 'view',
    needs: READ,
    when: (desk) => desk.view === 'grid',
    on: (desk) => (desk.view = 'list'),
  },
  {
    id: 'tree',
    label: 'act-tree',
    icon: FolderTree,
    about: 'folder',
    group: 'view',
    when: () => innerWidth >= 1152,
    on: (desk) => (desk.tree = !desk.tree),
  },
  {
    id: 'details',
    label: 'act-details',
    icon: Info,
    keys: ['Alt+Enter'],
    about: 'chosen',
    group: 'about',
    on: (desk) => (desk.details = !desk.details),
  },
  {
    id: 'folder-details',
    label: 'act-details',
    icon: Info,
    keys: ['Alt+Enter'],
    about: 'folder',
    group: 'view',
    needs: READ,
    when: (desk) => desk.chosen.length === 0,
    on: (desk) => (desk.details = !desk.details),
  },
  {
    id: 'find',
    label: 'find',
    icon: Search,
    keys: ['/', 'Ctrl+F'],
    about: 'page',
    group: 'go',
    on: (desk) => desk.field?.select(),
  },
  {
    id: 'keys',
    label: 'act-keys',
    icon: Keyboard,
    keys: ['?'],
    about: 'folder',
    group: 'help',
    when: () => !handheld() || matchMedia('(any-hover: hover)').matches,
    on: (desk) => desk.ask(() => import('./Keys.svelte')),
  },
];

/** Whether an act can be done now. */
export function can(act: Act, desk: Desk): boolean {
  const given = act.about === 'chosen' ? desk.held : desk.rights;
  if ((act.needs ?? 0) & ~given) return false;
  return (act.about !== 'chosen' || desk.chosen.length > 0) && (act.when?.(desk) ?? true);
}

/** What can be done now to what is picked, or to the folder. */
export const actsAbout = (about: Act['about'], desk: Desk): Act[] => acts.filter((act) => act.about === about && can(act, desk));
