/** What operators have warned of, until it is acknowledged here or on another device of the account. */
import * as api from '../api/people';
import { Problem } from '../api/problem';
import { t } from '../i18n/index.svelte';
import { notify } from '../lib/notify';
import { live } from './live.svelte';

let standing = $state.raw<readonly api.Warning[]>([]);
let any = $state(false);
let begun = 0;

async function look(mine: number): Promise<void> {
  try {
    const found = await api.warnings();
    if (mine !== begun) return;
    standing = [...found].sort((a, b) => a.id - b.id);
    any ||= standing.length > 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // it is looked for again with the next event, or the next connection
  }
}

export const warnings = {
  /** Those that stand, the oldest first. */
  get standing() {
    return standing;
  },

  /** Whether there were some at all since they are looked for. */
  get any() {
    return any;
  },

  /** Look for them from now on, until what is returned is called. */
  begin(): () => void {
    const mine = ++begun;
    void look(mine);
    const end = live.on('warnings', (event) => {
      if (event.kind === 'sent') notify(t('warning'), '');
      void look(mine);
    });
    return () => {
      begun += 1;
      standing = [];
      any = false;
      end();
    };
  },

  /** It was read. Throws `Problem`; one that is not there any more was acknowledged elsewhere. */
  async acknowledge(id: number): Promise<void> {
    try {
      await api.acknowledge(id);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    }
    standing = standing.filter((each) => each.id !== id);
  },
};
