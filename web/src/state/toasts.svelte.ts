/** Short news at the edge of the screen; screen readers hear them as they come. */
import { Problem } from '../api/problem';
import { wordsOf } from '../i18n/refusals';
import { session } from './session.svelte';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly hint: string;
  readonly fault: boolean;
  readonly act?: { readonly text: string; readonly on: () => void } | undefined;
}

const SECONDS = 6;
let last = 0;
let shown = $state.raw<readonly Toast[]>([]);

function add(text: string, hint: string, fault: boolean, act?: Toast['act']): void {
  const toast = { id: ++last, text, hint, fault, act };
  shown = [...shown.slice(-3), toast];
  // What went wrong stays until it is closed: nobody reads at the speed of a clock.
  if (!fault) setTimeout(() => toasts.close(toast.id), (act ? 2 : 1) * SECONDS * 1000);
}

export const toasts = {
  get shown() {
    return shown;
  },
  say: (text: string) => add(text, '', false),

  /** Good news with something to do about it, such as taking it back. */
  offer: (text: string, act: string, onact: () => void) => add(text, '', false, { text: act, on: onact }),

  /** What went wrong, in words that are shown as they are. */
  fault(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    if (error.signedOut) session.ended(error);
    else {
      const { text, hint } = wordsOf(error);
      add(text, hint, true);
    }
  },

  close(id: number): void {
    shown = shown.filter((toast) => toast.id !== id);
  },
};
