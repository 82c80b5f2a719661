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

/** What went wrong, for whoever shows it instead. */
export interface Fault {
  readonly text: string;
  readonly hint: string;
}

const SECONDS = 6;
/** Open dialogs, the last on top: nothing outside of it can be reached or heard. */
const dialogs: ((fault: Fault) => void)[] = [];
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
    else toasts.tell(wordsOf(error));
  },

  /** The same in words: in the dialog that is open, or at the edge. */
  tell(fault: Fault): void {
    const show = dialogs.at(-1);
    if (show) show(fault);
    else add(fault.text, fault.hint, true);
  },

  /** A dialog shows what goes wrong from now on. Returns how it ends that. */
  within(show: (fault: Fault) => void): () => void {
    dialogs.push(show);
    return () => void dialogs.splice(dialogs.indexOf(show), 1);
  },

  close(id: number): void {
    shown = shown.filter((toast) => toast.id !== id);
  },
};
