/** All conversations: how many messages wait, and the list of them once somebody wants to see it. */
import * as api from '../api/chat';
import { Problem } from '../api/problem';
import { t } from '../i18n/index.svelte';
import { notify } from '../lib/notify';
import { drafts } from './drafts';
import { follow } from './following';
import type { LiveEvent } from './live.svelte';
import { route } from './route.svelte';
import { session } from './session.svelte';

const TOGETHER = 150;

let unread = $state(0);
let list = $state.raw<readonly api.Chat[] | null>(null);
let cursor: number | null = null;
let fault = $state.raw<Problem | null>(null);
let panel = $state<{ chat: number | null } | null>(null);
let begun = 0;
let readers = 0;
let over = (): void => undefined;
let due: ReturnType<typeof setTimeout> | undefined;
let asking = false;
let again = false;

/** Look once for events that come together, and never twice at the same time. */
function soon(): void {
  clearTimeout(due);
  due = setTimeout(() => void look(), TOGETHER);
}

async function look(): Promise<void> {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const mine = begun;
  try {
    if (readers) {
      const page = await api.chats(null);
      if (mine !== begun) return;
      const first = new Set(page.chats.map((each) => each.id));
      const beyond = cursor === null ? [] : (list ?? []).slice(api.PAGE).filter((each) => !first.has(each.id));
      list = [...page.chats, ...beyond];
      if (!beyond.length) cursor = page.cursor;
      unread = page.unread;
    } else {
      const count = await api.unread();
      if (mine === begun) unread = count;
    }
    fault = null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.signedOut) session.ended(error);
    else if (mine === begun) fault = error;
  } finally {
    asking = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

/** Whether it is from one's own side: of the operators' inbox all of them are. */
export const isOurs = ({ data }: LiveEvent): boolean =>
  data['sender'] === session.name || (data['kind'] === 'operators' && session.isOperator);

function heard(event: LiveEvent): void {
  soon();
  if (event.kind !== 'message' || isOurs(event)) return;
  const chat = Number(event.data['chat']);
  notify(t('chat-notice', { name: String(event.data['sender']) }), '', `chat ${chat}`, () => route.go(`/chat?id=${chat}`));
}

export const chats = {
  get unread() {
    return unread;
  },
  /** The latest first; null until they are here. */
  get list() {
    return list;
  },
  get fault() {
    return fault;
  },
  get more() {
    return cursor !== null;
  },

  /** The panel over other rooms, and what is open in it. */
  get panel() {
    return panel;
  },
  showPanel: (chat: number | null): void => void (panel = { chat }),
  hidePanel: (): void => void (panel = null),

  /** Whoever sends hears when the session is over. */
  whenOver: (closes: () => void): void => void (over = closes),

  /** Count what waits, from now on until what is returned is called. */
  begin(): () => void {
    begun += 1;
    if (drafts.names(`chat ${session.name} `).length) void import('./outbox.svelte').then(({ resume }) => resume());
    const { end } = follow('chat', { fetch: look, heard });
    return () => {
      begun += 1;
      clearTimeout(due);
      end();
      over();
      unread = 0;
      list = cursor = panel = null;
    };
  },

  /** Keep the list as well, until what is returned is called. */
  read(): () => void {
    readers += 1;
    void look();
    return () => void (readers -= 1);
  },

  async fetchMore(): Promise<void> {
    if (cursor === null) return;
    const mine = begun;
    const page = await api.chats(cursor);
    if (mine !== begun) return;
    const known = new Set((list ?? []).map((each) => each.id));
    list = [...(list ?? []), ...page.chats.filter((each) => !known.has(each.id))];
    cursor = page.cursor;
  },

  look: soon,
};
