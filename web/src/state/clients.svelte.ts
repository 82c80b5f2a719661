/** Everybody who is here, live. However many events come, the list changes a few times a second, all at once. */
import * as api from '../api/operations';
import type { Client } from '../api/operations';
import type { Problem } from '../api/problem';
import { heard } from '../lib/crowd';
import { follow } from './following';

/** Between two changes of what is shown: numbers that change faster are read by nobody. */
const CALM = 250;
/** However well events come, a look now and then is cheap, and what was missed is seen by it. */
const ANYHOW = 30_000;

export class Clients {
  all = $state.raw<readonly Client[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);

  #crowd = new Map<string, Client>();
  #planned: ReturnType<typeof setTimeout> | undefined;
  #look = async (): Promise<void> => {};

  /** Listen until what is returned is called. */
  begin(): () => void {
    const { look, end } = follow('clients', {
      fetch: api.clients,
      show: (found) => {
        this.#crowd = new Map(found.map((each) => [each.id, each]));
        this.phase = 'ready';
        this.#show();
      },
      heard: ({ kind, data }) => {
        heard(this.#crowd, kind, data as unknown as Client);
        this.#planned ??= setTimeout(() => requestAnimationFrame(() => this.#show()), CALM);
      },
      failed: (problem) => {
        this.problem = problem;
        if (this.phase === 'loading') this.phase = 'failed';
      },
    });
    this.#look = look;
    const anyhow = setInterval(() => void look(), ANYHOW);
    return () => {
      end();
      clearInterval(anyhow);
      clearTimeout(this.#planned);
    };
  }

  load = (): Promise<void> => this.#look();

  #show(): void {
    clearTimeout(this.#planned);
    this.#planned = undefined;
    this.all = [...this.#crowd.values()];
  }
}
