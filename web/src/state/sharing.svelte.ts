/** What is shared, once for all that shows it: a change in the dialog is in the rooms at the same moment. */
import * as api from '../api/sharing';
import type { Given, Link, Received } from '../api/sharing';
import { Problem } from '../api/problem';
import { met } from '../lib/sharing';
import { follow } from './following';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

let given = $state.raw<readonly Given[]>([]);
let received = $state.raw<readonly Received[]>([]);
let links = $state.raw<readonly Link[]>([]);
let phase = $state<'loading' | 'ready' | 'failed'>('loading');
let problem = $state.raw<Problem | null>(null);
let everybody = $state.raw<readonly string[]>([]);
let asking: AbortController | null = null;

export const sharing = {
  get given() {
    return given;
  },
  get received() {
    return received;
  },
  get links() {
    return links;
  },
  get phase() {
    return phase;
  },
  get problem() {
    return problem;
  },
  /** Names to choose from. An operator sees all; others see whom they have met, for the server tells no more. */
  get names(): readonly string[] {
    const known = met(given, received, session.name);
    return [...new Set([...known, ...everybody.filter((each) => each !== session.name)])];
  },

  async load(): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const [grants, made] = await Promise.all([api.grants(mine.signal), api.links(mine.signal)]);
      ({ given, received } = grants);
      links = made;
      phase = 'ready';
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 || phase === 'ready') toasts.fault(error);
      else {
        problem = error;
        phase = 'failed';
      }
    }
  },

  /** Load, and again whenever something of it changes, until the function that is returned is called. */
  follow(): () => void {
    const { look, end } = follow('files', { fetch: sharing.load, heard: ({ kind }) => void (kind === 'shared' && look()) });
    return end;
  },

  async meet(): Promise<void> {
    if (!session.isOperator || everybody.length) return;
    try {
      const found = await api.everybody();
      everybody = [...found.accounts, ...found.groups.map((each) => `@${each}`)];
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // names can be typed as well
    }
  },

  async grant(path: string, to: string, rights: number): Promise<Given> {
    const made = await api.grant(path, to, rights);
    given = [...given.filter((each) => each.path !== path || each.to !== made.to), made];
    return made;
  },

  async revoke(each: Given): Promise<void> {
    await api.revoke(each.path, each.to);
    given = given.filter((other) => other.path !== each.path || other.to !== each.to);
  },

  async makeLink(terms: api.LinkTerms): Promise<Link> {
    const made = await api.makeLink(terms);
    links = [...links, made];
    return made;
  },

  async endLink(link: Link): Promise<void> {
    await api.endLink(link.id);
    links = links.filter((each) => each.id !== link.id);
  },
};
