/** How much goes on at once, and how long to wait before trying again. */
import type { Problem } from '../api/problem';
import type { Held } from './messages';

/** So many may be in at a time; the others wait, first come first served. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Milliseconds before try number `attempt` (from 0), never less than the server asks for. */
export function backoff(attempt: number, retryAfter: number | null, random = Math.random()): number {
  const own = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + random / 2);
  return Math.max(own, (retryAfter ?? 0) * 1000);
}

/** What is waited for when the same request may succeed later. What comes of a line that was cut counts as the network. */
export function heldBy({ code }: Problem): Held {
  if (code === 'paused') return 'operator';
  return code === 'busy' || code === 'too_many_requests' ? 'busy' : 'network';
}

/** Wait so long, or until the network is back. Throws what `signal` was aborted with. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', over);
      signal.removeEventListener('abort', over);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(over, ms);
    globalThis.addEventListener?.('online', over);
    signal.addEventListener('abort', over);
    if (signal.aborted) over();
  });
}
