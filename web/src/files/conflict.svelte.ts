/** The question what to do with a name that is taken, and whoever waits for the answer. */
import type { Entry } from '../api/client';
import type { Choice } from '../lib/conflicts';
import { desk } from './desk.svelte';

export interface Answer {
  readonly choice: Choice;
  readonly all: boolean;
}

let asked = $state.raw<{ coming: Entry; there: Entry } | null>(null);
let tell: (answer: Answer | null) => void = () => {};

export const conflict = {
  get asked() {
    return asked;
  },

  /** Ask, and wait for the answer; null: do not go on. */
  ask(coming: Entry, there: Entry): Promise<Answer | null> {
    asked = { coming, there };
    void desk.ask(() => import('./Conflict.svelte'));
    return new Promise((resolve) => (tell = resolve));
  },

  answer(given: Answer | null): void {
    const told = tell;
    tell = () => {};
    told(given);
  },
};
