/** One conversation while it is open: its messages as far as they are here. */
import * as api from '../api/chat';
import { Problem } from '../api/problem';
import { merged } from '../lib/talk';
import { chats, isOurs } from './chats.svelte';
import { drafts } from './drafts';
import { live, type LiveEvent } from './live.svelte';
import { outboxOf, type Outbox } from './outbox.svelte';
import { session } from './session.svelte';

export class Talk {
  chat = $state.raw<api.Chat | null>(null);
  messages = $state.raw<readonly api.Message[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  /** Whether there is something further up, and something further down that is not here. */
  older = $state(false);
  newer = $state(false);
  /** What was new when it was opened begins here. */
  newFrom = $state<number | null>(null);

  readonly id: number;
  /** What is on its way out. */
  readonly outbox: Outbox;
  readonly #name: string;
  #over = false;
  #fetching = false;
  #again = false;
  readonly #end: () => void;

  constructor(id: number, at: number | null = null) {
    this.id = id;
    this.#name = `chat ${session.name} ${id}`;
    this.outbox = outboxOf(id);
    const said = (message: api.Message) => this.#said(message);
    this.outbox.onsaid = said;
    const unlisten = live.on('chat', (event) => this.#heard(event));
    this.#end = () => {
      this.#over = true;
      if (this.outbox.onsaid === said) this.outbox.onsaid = null;
      unlisten();
    };
    void this.open(at);
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
    this.outbox.say(text);
  }

  /** How far everybody is never goes back: an answer may be older than an event that came before it. */
  #stands(chat: api.Chat): void {
    const { read = 0, peer_delivered = 0, peer_read = 0 } = this.chat ?? {};
    this.chat = {
      ...chat,
      read: Math.max(chat.read, read),
      peer_delivered: Math.max(chat.peer_delivered, peer_delivered),
      peer_read: Math.max(chat.peer_read, peer_read),
    };
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
      this.outbox.flush();
      if (this.phase === 'ready' && !this.newer) void this.fetchNewer();
      return;
    }
    if (event.data['chat'] !== this.id) return;
    const upto = Number(event.data['upto']);
    if (event.kind === 'message') {
      if (this.newer) this.#counted(Number(event.data['sequence']), !isOurs(event));
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

  /** It is in the conversation; what others said before it may not be here yet. */
  #said(message: api.Message): void {
    const last = this.messages.at(-1)?.sequence ?? 0;
    if (this.newer || message.sequence <= last) return;
    if (message.sequence === last + 1) this.messages = merged(this.messages, [message]);
    else void this.fetchNewer();
    if (this.chat) this.chat = { ...this.chat, last: Math.max(this.chat.last, message.sequence) };
  }
}
