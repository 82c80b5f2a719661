/** A file of text, read a bounded piece at a time from its beginning. */
import type { Entry } from '../api/client';
import { piece } from '../api/content';
import { Problem } from '../api/problem';
import { encodingOf, reader, type Encoding } from './encoding';

export const PIECE = 1024 * 1024;
/** More than this is for programs of one's own. */
export const MOST = 16 * PIECE;

export class Reading {
  /** How many bytes were read. */
  read = $state(0);
  encoding = $state<Encoding | null>(null);
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  #entry: Entry;
  #ontext: (text: string, whole: boolean) => void;
  #decode: ((piece: Uint8Array, last: boolean) => string) | null = null;
  #asking = new AbortController();

  /** `ontext` gets the text piece by piece; `whole` with the last one. */
  constructor(entry: Entry, ontext: (text: string, whole: boolean) => void) {
    this.#entry = entry;
    this.#ontext = ontext;
  }

  get whole(): boolean {
    return this.read >= this.#entry.size;
  }

  get more(): boolean {
    return !this.whole && this.read < MOST;
  }

  async next(): Promise<void> {
    if (this.busy || this.whole) return;
    this.busy = true;
    try {
      const got = await piece(this.#entry, this.read, this.read + PIECE, this.#asking.signal);
      const last = this.read + got.length >= this.#entry.size;
      this.encoding ??= encodingOf(got, last);
      this.#decode ??= reader(this.encoding);
      this.read += got.length;
      this.#ontext(this.#decode(got, last), last);
    } catch (error) {
      if (this.#asking.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  stop(): void {
    this.#asking.abort();
  }
}
