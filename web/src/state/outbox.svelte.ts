/** What was written and is not with the server yet: sent in order, each once, whether its conversation is open or not. */
import * as api from '../api/chat';
import { Problem } from '../api/problem';
import { lengthOf, waitOf } from '../lib/talk';
import { chats } from './chats.svelte';
import { drafts } from './drafts';
import { session } from './session.svelte';

/** `failed`: the server will not take it, and says why. */
export interface Outgoing {
  readonly id: string;
  readonly text: string;
  readonly at: string;
  readonly failed?: Problem;
}

const SUFFIX = ' outbox';
const boxes = new Map<string, Outbox>();
const prefix = () => `chat ${session.name} `;

export class Outbox {
  items = $state.raw<readonly Outgoing[]>([]);
  /** Why nothing goes out at this moment. */
  waiting = $state.raw<Problem | null>(null);
  /** Who shows the conversation, and hears what has arrived. */
  onsaid: ((message: api.Message) => void) | null = null;

  readonly #chat: number;
  readonly #name: string;
  #over = false;
  #sending = false;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(chat: number, name: string) {
    this.#chat = chat;
    this.#name = name;
    this.items = kept(drafts.get(name));
  }

  say(text: string): void {
    this.#keep([...this.items, { id: crypto.randomUUID(), text, at: new Date().toISOString() }]);
    this.flush();
  }

  retry(id: string): void {
    this.#keep(this.items.map((each) => (each.id === id ? { id, text: each.text, at: each.at } : each)));
    this.flush();
  }

  /** Give it up; its text is returned, to be written anew. */
  discard(id: string): string {
    const gone = this.items.find((each) => each.id === id);
    this.#keep(this.items.filter((each) => each.id !== id));
    return gone?.text ?? '';
  }

  /** The session is over; what is left waits in the tab for the next one of the same account. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#retry);
  }

  /** Try now, whatever it waits for. */
  flush(): void {
    clearTimeout(this.#retry);
    if (!this.#sending) void this.#send();
  }

  #keep(items: readonly Outgoing[]): void {
    this.items = items;
    drafts.set(this.#name, items.length ? JSON.stringify(items.map(({ id, text, at }) => ({ id, text, at }))) : '');
  }

  /** One after the other, as they were written; the first that does not get through holds the others. */
  async #send(): Promise<void> {
    this.#sending = true;
    try {
      let next: Outgoing | undefined;
      while (!this.#over && (next = this.items.find((each) => !each.failed))) {
        const said = await api.send(this.#chat, next.id, next.text);
        if (this.#over) return;
        this.onsaid?.(said);
        this.#keep(this.items.filter((each) => each.id !== said.id));
        this.waiting = null;
        this.#tries = 0;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#failed(error);
    } finally {
      this.#sending = false;
    }
  }

  #failed(problem: Problem): void {
    if (this.#over) return;
    if (problem.signedOut) return session.ended(problem);
    if (problem.code === 'offline' || problem.status === 429 || problem.status >= 500) {
      this.waiting = problem;
      this.#retry = setTimeout(() => this.flush(), waitOf(++this.#tries, problem.retryAfter) * 1000);
      return;
    }
    const at = this.items.findIndex((each) => !each.failed);
    this.#keep(this.items.map((each, index) => (index === at ? { ...each, failed: problem } : each)));
    this.#retry = setTimeout(() => this.flush());
  }
}

export function outboxOf(chat: number): Outbox {
  const name = `${prefix()}${chat}${SUFFIX}`;
  let box = boxes.get(name);
  if (!box) boxes.set(name, (box = new Outbox(chat, name)));
  box.flush();
  return box;
}

/** Go on with what was left: after a reload, a new sign-in, or when the network is back. */
export function resume(): void {
  for (const name of drafts.names(prefix())) {
    const chat = Number(name.slice(prefix().length, -SUFFIX.length));
    if (name.endsWith(SUFFIX) && Number.isSafeInteger(chat)) outboxOf(chat);
  }
}
addEventListener('online', resume);
chats.whenOver(() => {
  for (const box of boxes.values()) box.close();
  boxes.clear();
});

/** Only what this module has written. */
function kept(text: string): readonly Outgoing[] {
  try {
    const found = JSON.parse(text || '[]') as Outgoing[];
    return found.filter((each) => typeof each.id === 'string' && typeof each.text === 'string' && lengthOf(each.text) <= api.TEXT_MAX);
  } catch {
    return [];
  }
}
