/** One conversation while it is open: its messages as far as they are here, and what is on its way out. */
import * as api from '../api/chat';
import { Problem } from '../api/problem';
import { lengthOf, merged, waitOf } from '../lib/talk';
import { chats } from './chats.svelte';
import { drafts } from './drafts';
import { live, type LiveEvent } from './live.svelte';
import { session } from './session.svelte';

/** Something said that the server has not confirmed. `failed`: it will not take it, and says why. */
export interface Outgoing {
  readonly id: string;
  readonly text: string;
  readonly at: string;
  readonly failed?: Problem;
}

export class Talk {
  chat = $state.raw<api.Chat | null>(null);
  messages = $state.raw<readonly api.Message[]>([]);
  outbox = $state.raw<readonly Outgoing[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  /** Whether there is something further up, and something further down that is not here. */
  older = $state(false);
  newer = $state(false);
  /** What was new when it was opened begins here. */
  newFrom = $state<number | null>(null);
  /** Why nothing goes out at this moment. */
  waiting = $state.raw<Problem | null>(null);

  readonly id: number;
  readonly #name: string;
  #over = false;
  #fetching = false;
  #again = false;
  #sending = false;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #end: () => void;

  constructor(id: number, at: number | null = null) {
    this.id = id;
    this.#name = `chat ${session.name} ${id}`;
    this.outbox = kept(drafts.get(`${this.#name} outbox`));
    const unlisten = live.on('chat', (event) => this.#heard(event));
    const online = () => this.#flush();
    addEventListener('online', online);
    this.#end = () => {
      this.#over = true;
      clearTimeout(this.#retry);
      removeEventListener('online', online);
      unlisten();
    };
    void this.open(at);
    this.#flush();
  }

  close(): void {
    this.#end();
  }

  get draft(): string {
    return drafts.get(this.#name);
  }
  set draft(text: string) {
    drafts.set(this.#name, text);
  }

  /** Show the newest messages, or those around one that was found. */
  async open(at: number | null = null): Promise<void> {
    await this.#ask(async () => {
      const page = await api.history(this.id, at === null ? {} : { before: at + api.PAGE / 2 });
      if (this.phase !== 'ready') this.newFrom = page.chat.unread ? page.chat.read + 1 : null;
      this.messages = [...page.messages].reverse();
      this.older = page.more;
      this.newer = (this.messages.at(-1)?.sequence ?? 0) < page.chat.last && at !== null;
      this.#stands(page.chat);
      this.phase = 'ready';
    });
  }

  async fetchOlder(): Promise<void> {
    const first = this.messages[0];
    if (!this.older || !first) return;
    await this.#ask(async () => {
      const page = await api.history(this.id, { before: first.sequence });
      this.messages = merged(this.messages, page.messages);
      this.older = page.more;
    });
  }

  /** What came since the last one that is here; the same as going on downwards from an older place. */
  async fetchNewer(): Promise<void> {
    if (this.phase !== 'ready') return this.open();
    const after = this.messages.at(-1)?.sequence ?? 0;
    await this.#ask(async () => {
      const page = await api.history(this.id, { after });
      this.messages = merged(this.messages, page.messages);
      this.newer = page.more;
      this.#stands(page.chat);
    });
  }

  /** Everything that is here was seen. */
  async markRead(): Promise<void> {
    const upto = this.messages.at(-1)?.sequence ?? 0;
    if (!this.chat || upto <= this.chat.read || this.newer) return;
    this.chat = { ...this.chat, read: upto, unread: 0 };
    try {
      await api.read(this.id, upto);
      chats.look();
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // it is marked with the next one
    }
  }

  say(text: string): void {
    this.newFrom = null;
    this.#keep([...this.outbox, { id: crypto.randomUUID(), text, at: new Date().toISOString() }]);
    this.#flush();
  }

  retry(id: string): void {
    this.#keep(this.outbox.map((each) => (each.id === id ? { id, text: each.text, at: each.at } : each)));
    this.#flush();
  }

  /** Give it up; its text is returned, to be written anew. */
  discard(id: string): string {
    const gone = this.outbox.find((each) => each.id === id);
    this.#keep(this.outbox.filter((each) => each.id !== id));
    return gone?.text ?? '';
  }

  #keep(outbox: readonly Outgoing[]): void {
    this.outbox = outbox;
    drafts.set(`${this.#name} outbox`, outbox.length ? JSON.stringify(outbox.map(({ id, text, at }) => ({ id, text, at }))) : '');
  }

  #stands(chat: api.Chat): void {
    this.chat = { ...chat, read: Math.max(chat.read, this.chat?.read ?? 0) };
  }

  /** One look at a time; whoever comes meanwhile makes it look once more. */
  async #ask(work: () => Promise<void>): Promise<void> {
    if (this.#fetching) {
      this.#again = true;
      return;
    }
    this.#fetching = true;
    try {
      await work();
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.signedOut && !this.#over) session.ended(error);
      this.problem = error;
      if (this.phase === 'loading') this.phase = 'failed';
    } finally {
      this.#fetching = false;
      if (this.#again && !this.#over) {
        this.#again = false;
        void this.fetchNewer();
      }
    }
  }

  #heard(event: LiveEvent): void {
    if (event.kind === 'resync') {
      this.#flush();
      if (this.phase === 'ready' && !this.newer) void this.fetchNewer();
      return;
    }
    if (event.data['chat'] !== this.id) return;
    const upto = Number(event.data['upto']);
    if (event.kind === 'message') {
      if (this.newer) this.#counted(Number(event.data['sequence']), event.data['sender'] !== session.name);
      else void this.fetchNewer();
    } else if (event.kind === 'delivered' && this.chat) {
      this.chat = { ...this.chat, peer_delivered: Math.max(this.chat.peer_delivered, upto) };
    } else if (event.kind === 'read' && this.chat) {
      const { peer_delivered, peer_read } = this.chat;
      this.chat = { ...this.chat, peer_delivered: Math.max(peer_delivered, upto), peer_read: Math.max(peer_read, upto) };
    }
  }

  /** One more further down, where nobody looks yet; once, however often it is told. */
  #counted(sequence: number, foreign: boolean): void {
    if (!this.chat || sequence <= this.chat.last) return;
    this.chat = { ...this.chat, last: sequence, unread: this.chat.unread + (foreign ? 1 : 0) };
  }

  #flush(): void {
    clearTimeout(this.#retry);
    if (!this.#sending && !this.#over) void this.#send();
  }

  /** One after the other, as they were written; the first that does not get through holds the others. */
  async #send(): Promise<void> {
    this.#sending = true;
    try {
      let next: Outgoing | undefined;
      while (!this.#over && (next = this.outbox.find((each) => !each.failed))) {
        const said = await api.send(this.id, next.id, next.text);
        this.#said(said);
        this.#keep(this.outbox.filter((each) => each.id !== said.id));
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

  /** It is in the conversation; what others said before it may not be here yet. */
  #said(message: api.Message): void {
    const last = this.messages.at(-1)?.sequence ?? 0;
    if (this.newer || message.sequence <= last) return;
    if (message.sequence === last + 1) this.messages = merged(this.messages, [message]);
    else void this.fetchNewer();
    if (this.chat) this.chat = { ...this.chat, last: Math.max(this.chat.last, message.sequence) };
  }

  #failed(problem: Problem): void {
    if (problem.signedOut) return void (this.#over || session.ended(problem));
    if (problem.code === 'offline' || problem.status === 429 || problem.status >= 500) {
      this.waiting = problem;
      this.#retry = setTimeout(() => this.#flush(), waitOf(++this.#tries, problem.retryAfter) * 1000);
      return;
    }
    const at = this.outbox.findIndex((each) => !each.failed);
    this.#keep(this.outbox.map((each, index) => (index === at ? { ...each, failed: problem } : each)));
    this.#retry = setTimeout(() => this.#flush());
  }
}

/** What was on its way when the page was left; only what this module has written. */
function kept(text: string): readonly Outgoing[] {
  try {
    const found = JSON.parse(text || '[]') as Outgoing[];
    return found.filter((each) => typeof each.id === 'string' && typeof each.text === 'string' && lengthOf(each.text) <= api.TEXT_MAX);
  } catch {
    return [];
  }
}
