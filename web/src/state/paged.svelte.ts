/** A list that the server gives page by page. A question that is asked anew makes the answer to the last one void. */
import { toasts } from './toasts.svelte';

export interface Piece<Row> {
  readonly rows: readonly Row[];
  /** What continues it; null at its end. */
  readonly next: string | number | null;
  readonly total?: number;
}

export class Paged<Row> {
  rows = $state.raw<readonly Row[]>([]);
  next = $state.raw<Piece<Row>['next']>(null);
  total = $state<number>();
  /** Whether an answer has come at all: before, nothing is known to be empty. */
  ready = $state(false);
  busy = $state(false);
  #asked: AbortController | undefined;
  readonly #fetch: (after: Piece<Row>['next'], signal: AbortSignal) => Promise<Piece<Row>>;

  constructor(fetch: (after: Piece<Row>['next'], signal: AbortSignal) => Promise<Piece<Row>>) {
    this.#fetch = fetch;
  }

  /** Look again, from the beginning. */
  again = (): Promise<void> => this.#ask(null, []);

  more = (): Promise<void> => this.#ask(this.next, this.rows);

  /** Take in a row that was changed, or with none take it away. */
  put(old: Row, changed?: Row): void {
    this.rows = changed ? this.rows.map((row) => (row === old ? changed : row)) : this.rows.filter((row) => row !== old);
    if (!changed && this.total) this.total -= 1;
  }

  async #ask(after: Piece<Row>['next'], before: readonly Row[]): Promise<void> {
    this.#asked?.abort();
    const mine = (this.#asked = new AbortController());
    this.busy = true;
    try {
      const piece = await this.#fetch(after, mine.signal);
      this.rows = [...before, ...piece.rows];
      this.next = piece.next;
      this.total = piece.total;
      this.ready = true;
    } catch (error) {
      if (!mine.signal.aborted) toasts.fault(error);
    } finally {
      if (this.#asked === mine) this.busy = false;
    }
  }
}
