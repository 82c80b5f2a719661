/** Everybody who is here, live. However many events come, the list changes a few times a second, all at once. */
import * as api from '../api/operations';
import type { Client } from '../api/operations';
import { Problem } from '../api/problem';
import { heard } from '../lib/crowd';
import { live, type LiveEvent } from './live.svelte';

/** Between two changes of what is shown: numbers that change faster are read by nobody. */
const CALM = 250;
/** Between two lists that are fetched because something may have been missed. */
const AGAIN = 2000;
/** However well events come, a look now and then is cheap, and what was missed is seen by it. */
const ANYHOW = 30_000;

export class Clients {
  all = $state.raw<readonly Client[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);

  #crowd = new Map<string, Client>();
  #early: LiveEvent[] | null = null;
  #planned: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Listen until what is returned is called. */
  begin(): () => void {
    const off = live.on('clients', (event) => this.#hear(event));
    void this.load();
    const anyhow = setInterval(() => void this.load(), ANYHOW);
    return () => {
      off();
      clearInterval(anyhow);
      clearTimeout(this.#planned);
      clearTimeout(this.#again);
    };
  }

  async load(): Promise<void> {
    this.#early ??= [];
    try {
      const found = await api.clients();
      this.#crowd = new Map(found.map((each) => [each.id, each]));
      for (const event of this.#early ?? []) this.#take(event);
      this.phase = 'ready';
      this.#show();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      if (this.phase === 'loading') this.phase = 'failed';
    } finally {
      this.#early = null;
    }
  }

  #hear(event: LiveEvent): void {
    if (event.kind === 'resync') this.#again ??= setTimeout(() => ((this.#again = undefined), void this.load()), AGAIN);
    else if (this.#early) this.#early.push(event);
    else this.#take(event);
    this.#planned ??= setTimeout(() => requestAnimationFrame(() => this.#show()), CALM);
  }

  #take(event: LiveEvent): void {
    heard(this.#crowd, event.kind, event.data as unknown as Client);
  }

  #show(): void {
    clearTimeout(this.#planned);
    this.#planned = undefined;
    this.all = [...this.#crowd.values()];
  }
}
