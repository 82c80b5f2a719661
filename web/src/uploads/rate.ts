/** How fast it goes, and how long it still takes: over the last seconds, so that it neither jumps nor lags. */
const WINDOW_MS = 8000;
const LEAST_MS = 1000;

export class Rate {
  #samples: { at: number; bytes: number }[] = [];

  /** `bytes` have been sent by `at` (milliseconds). */
  add(at: number, bytes: number): void {
    const last = this.#samples.at(-1);
    if (last && bytes < last.bytes) this.#samples = []; // something was taken out: begin anew
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > WINDOW_MS) this.#samples.shift();
  }

  reset(): void {
    this.#samples = [];
  }

  /** Bytes in a second; 0 while nobody can tell. */
  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at - first.at < LEAST_MS) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  /** Seconds until `left` bytes are sent; null while nobody can tell. */
  secondsFor(left: number): number | null {
    const rate = this.perSecond;
    return rate > 0 ? left / rate : null;
  }
}
