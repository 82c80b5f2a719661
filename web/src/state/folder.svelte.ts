/** The folder that is shown: its entries as far as they were fetched, page after page. */
import * as api from '../api/client';
import type { Entry, Order, Sort } from '../api/client';
import { Problem } from '../api/problem';
import { toasts } from './toasts.svelte';

const FIRST = 200;
const NEXT = 1000;

export class Folder {
  entries = $state.raw<readonly Entry[]>([]);
  sort = $state<Sort>('name');
  order = $state<Order>('asc');
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  /** Whether there is more than was fetched. */
  more = $state(false);

  #path = $state('/');
  #cursor: string | null = null;
  #asking: AbortController | null = null;

  get path(): string {
    return this.#path;
  }

  open(path: string): void {
    this.#path = path;
    this.entries = [];
    this.phase = 'loading';
    void this.#fetch(null);
  }

  /** The same again, without a blank page in between. */
  reload(): void {
    void this.#fetch(null);
  }

  sortBy(sort: Sort): void {
    this.order = sort === this.sort && this.order === 'asc' ? 'desc' : 'asc';
    this.sort = sort;
    this.reload();
  }

  fetchMore(): void {
    if (this.more && !this.#asking) void this.#fetch(this.#cursor);
  }

  async #fetch(cursor: string | null): Promise<void> {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    try {
      const how = { sort: this.sort, order: this.order, cursor, limit: cursor ? NEXT : FIRST };
      const page = await api.list(this.#path, how, asking.signal);
      this.entries = cursor ? [...this.entries, ...page.entries] : page.entries;
      this.#cursor = page.cursor;
      this.more = page.cursor !== null;
      this.phase = 'ready';
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 || this.phase === 'ready') toasts.fault(error);
      else {
        this.problem = error;
        this.phase = 'failed';
      }
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }
}
