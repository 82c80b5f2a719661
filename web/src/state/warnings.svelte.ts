/** What operators have warned of, until it is acknowledged here or on another device of the account. */
import * as api from '../api/people';
import { Problem } from '../api/problem';
import { t } from '../i18n/index.svelte';
import { notify } from '../lib/notify';
import { follow } from './following';

let standing = $state.raw<readonly api.Warning[]>([]);
let any = $state(false);

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
    const { look, end } = follow('warnings', {
      fetch: api.warnings,
      show: (found) => {
        standing = [...found].sort((a, b) => a.id - b.id);
        any ||= standing.length > 0;
      },
      heard: ({ kind }) => {
        if (kind === 'sent') notify(t('warning'), '');
        void look();
      },
    });
    return () => {
      end();
      standing = [];
      any = false;
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
