/** Something that was asked for in a form: whether it is under way, and why it did not work, told where it was asked. */
import { Problem } from '../api/problem';
import { lineOf } from '../i18n/refusals';
import { session } from './session.svelte';

export class Trying {
  busy = $state(false);
  fault = $state('');

  /** Words of this page's own for codes of the server that it knows. */
  constructor(private readonly known: (code: string) => string | undefined = () => undefined) {}

  /** Do it. Returns whether it is done. */
  async run(work: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.fault = '';
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.signedOut) session.ended(error);
      else this.fault = this.known(error.code) ?? lineOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
