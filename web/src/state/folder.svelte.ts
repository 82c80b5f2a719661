/** The folder that is shown: all that is in it, page after page, and again when something in it changes. */
import * as api from '../api/client';
import type { Entry, Listed, Order, Page, Sort } from '../api/client';
import { Problem } from '../api/problem';
import { live, type LiveEvent } from './live.svelte';
import { toasts } from './toasts.svelte';

/** Entries of the first page, which is to be there at once, and of those that follow. */
const FIRST = 200;
const NEXT = 5000;
/** So many are fetched without being looked at: then the scroll bar tells how long the list is. */
const AHEAD = 200_000;
/** Between two looks at a folder in which much happens, in milliseconds, and in how long the look took. */
const PAUSE = 250;
const TIMES = 4;

/** Where entries come from: the folder itself, or a search below it. */
export type Source = (how: api.Listing, signal: AbortSignal) => Promise<Page>;

export class Folder {
  entries = $state.raw<readonly Entry[]>([]);
  sort = $state<Sort>('name');
  order = $state<Order>('asc');
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  /** Whether there is more than was fetched. */
  more = $state(false);
  /** What one may do in it; null while that is not known. */
  rights = $state<number | null>(null);

  #path = $state('/');
  #source: Source | null = null;
  #cursor: string | null = null;
  #asking: AbortController | null = null;
  /** Something changed while it was looked at. */
  #stale = false;
  #later: ReturnType<typeof setTimeout> | undefined;
  #unwatch = () => {};

  get path(): string {
    return this.#path;
  }

  /** Show a folder, or what a search below it finds, and follow what happens there. */
  open(path: string, source: Source | null = null): void {
    this.close();
    if (path !== this.#path) this.rights = null;
    this.#path = path;
    this.#source = source;
    this.entries = [];
    this.phase = 'loading';
    void this.#look(FIRST);
    this.#unwatch = live.watch(path, (event) => this.#heard(event));
  }

  /** Follow it no longer. */
  close(): void {
    this.#unwatch();
    this.#asking?.abort();
    this.#asking = null;
    clearTimeout(this.#later);
  }

  /** The same again, without a blank page in between. */
  reload(): void {
    void this.#look(Math.max(FIRST, this.entries.length));
  }

  sortBy(sort: Sort): void {
    this.order = sort === this.sort && this.order === 'asc' ? 'desc' : 'asc';
    this.sort = sort;
    void this.#look(FIRST);
  }

  /** Go on beyond what is fetched ahead. */
  fetchMore(): void {
    if (this.more && !this.#asking) void this.#look(0);
  }

  #heard(event: LiveEvent): void {
    if (this.#source && event.kind === 'subscribed') return;
    if (this.#asking) this.#stale = true;
    else this.#soon(PAUSE);
  }

  #soon(wait: number): void {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.reload(), wait);
  }

  /** Fetch at least so many from the begin on and show them at once; then what follows, as it comes. 0: only that. */
  async #look(count: number): Promise<void> {
    this.#asking?.abort();
    clearTimeout(this.#later);
    const asking = (this.#asking = new AbortController());
    const began = performance.now();
    this.#stale = false;
    try {
      if (count) await this.#begin(count, asking.signal);
      const enough = count ? AHEAD : this.entries.length + NEXT;
      while (this.#cursor && this.entries.length < enough) {
        const page = await this.#fetch(this.#cursor, NEXT, asking.signal);
        this.#show([...this.entries, ...page.entries], page.cursor);
      }
    } catch (error) {
      if (asking.signal.aborted) return;
      this.#failed(error);
    }
    if (this.#asking !== asking) return;
    this.#asking = null;
    if (this.#stale) this.#soon(PAUSE + TIMES * (performance.now() - began));
  }

  async #begin(count: number, signal: AbortSignal): Promise<void> {
    let page = await this.#fetch(null, Math.min(NEXT, count), signal);
    const found = [...page.entries];
    // What a search finds is shown as it comes, unless it is done again behind what is shown.
    const all = !this.#source || this.entries.length > 0;
    while (all && page.cursor && found.length < count) {
      page = await this.#fetch(page.cursor, NEXT, signal);
      found.push(...page.entries);
    }
    if ('rights' in page) this.rights = page.rights;
    this.#show(found, page.cursor);
  }

  #fetch(cursor: string | null, limit: number, signal: AbortSignal): Promise<Page | Listed> {
    const how = { sort: this.sort, order: this.order, cursor, limit };
    return this.#source ? this.#source(how, signal) : api.list(this.#path, how, signal);
  }

  #show(entries: readonly Entry[], cursor: string | null): void {
    this.entries = entries;
    this.#cursor = cursor;
    this.more = cursor !== null;
    this.phase = 'ready';
  }

  #failed(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    if (error.signedOut || (this.phase === 'ready' && error.status !== 404)) toasts.fault(error);
    else {
      this.problem = error;
      this.rights = null;
      this.phase = 'failed';
    }
  }
}
