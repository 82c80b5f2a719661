/** The log as far as it was fetched, the newest first, and what comes while somebody looks. */
import * as api from '../api/log';
import type { LogEvent, LogPage, Wanted } from '../api/log';
import { Problem } from '../api/problem';
import { live } from './live.svelte';
import { toasts } from './toasts.svelte';

const FIRST = 100;
const NEXT = 500;
/** So many at most while the log grows by itself; older ones are fetched again when they come into view. */
const KEPT = 10_000;
/** Between two looks at what is new, however fast it comes. */
const CALM = 400;

export class Log {
  events = $state.raw<readonly LogEvent[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  follows = $state(true);

  #wanted: Wanted = new URLSearchParams();
  #cursor: string | null = null;
  #cut = false;
  #last = 0;
  #asking: AbortController | null = null;
  #planned: ReturnType<typeof setTimeout> | undefined;

  /** Hear of what happens until what is returned is called. */
  begin(): () => void {
    const off = live.on('log', () => this.#plan());
    return () => {
      off();
      clearTimeout(this.#planned);
      this.#asking?.abort();
    };
  }

  open(wanted: Wanted): void {
    this.#wanted = wanted;
    void this.#ask(async (signal) => {
      const page = await api.newest(wanted, FIRST, undefined, signal);
      this.events = page.events;
      this.#last = page.last;
      this.#older(page);
      this.phase = 'ready';
    });
  }

  fetchMore(): void {
    if (this.#asking || (!this.#cursor && !this.#cut)) return;
    void this.#ask(async (signal) => {
      const oldest = this.events.at(-1);
      const wanted = new URLSearchParams(this.#wanted);
      if (this.#cut && oldest) wanted.set('until', oldest.time);
      const page = await api.newest(wanted, NEXT, this.#cut ? undefined : (this.#cursor ?? undefined), signal);
      this.events = [...this.events, ...page.events];
      this.#older(page);
    });
  }

  follow(on: boolean): void {
    this.follows = on;
    if (on) this.#plan();
  }

  #older(page: LogPage): void {
    this.#cursor = page.cursor;
    this.#cut = false;
  }

  #plan(): void {
    if (this.follows) this.#planned ??= setTimeout(() => ((this.#planned = undefined), void this.#look()), CALM);
  }

  async #look(): Promise<void> {
    if (this.phase !== 'ready' || this.#wanted.has('until')) return;
    if (this.#asking) return this.#plan();
    await this.#ask(async (signal) => {
      const page = await api.after(this.#wanted, this.#last, NEXT, signal);
      this.#last = page.last;
      if (page.events.length === NEXT) this.#plan();
      if (!page.events.length) return;
      const all = [...page.events.toReversed(), ...this.events];
      this.#cut ||= all.length > KEPT;
      this.events = all.slice(0, KEPT);
    });
  }

  async #ask(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    try {
      await work(asking.signal);
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (this.phase === 'ready') return toasts.fault(error);
      this.problem = error;
      this.phase = 'failed';
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }
}
