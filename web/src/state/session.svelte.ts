/** Who is signed in at which server. */
import * as api from '../api/client';
import { Problem } from '../api/problem';
import { endOf, type Ended } from '../lib/ended';
import { drafts } from './drafts';

type Phase = 'loading' | 'setup' | 'out' | 'in' | 'unreachable';

let phase = $state<Phase>('loading');
let me = $state.raw<api.Whoami | null>(null);
let told = $state.raw<Ended | null>(null);
const goodbyes = new Set<() => void>();

export const session = {
  get phase() {
    return phase;
  },
  get name() {
    return me?.account?.name ?? '';
  },
  /** Whoever is signed in, as the server sees them. */
  get me() {
    return me;
  },
  /** How the session that was here before came to its end; nothing of it after one has signed out oneself. */
  get told() {
    return told;
  },
  get isOperator() {
    return me?.account?.role === 'admin';
  },

  async begin(): Promise<void> {
    try {
      me = await api.whoami();
      phase = 'in';
      told = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status !== 401) phase = 'unreachable';
      else if ((await api.server()).setup) phase = 'setup';
      else if (error.code === 'session_ended') this.ended(error);
      else phase = 'out';
    }
  },

  /** Something was heard of its end: ask whether it lasts. Without an answer it does; returns whether there was one. */
  async check(): Promise<boolean> {
    try {
      await api.whoami();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.signedOut && phase === 'in') this.ended(error);
      return error.status > 0 && (error.status < 502 || error.status > 504);
    }
  },

  async signIn(name: string, password: string, code?: string): Promise<void> {
    await api.signIn(name, password, code);
    await this.begin();
  },

  /** Do this when somebody signs out by themselves, and wants nothing left behind. */
  onleave: (goodbye: () => void) => void goodbyes.add(goodbye),

  async signOut(): Promise<void> {
    for (const goodbye of goodbyes) goodbye();
    const over = api.signOut().catch(() => undefined); // whoever is signed out already has what they wanted
    phase = 'loading'; // what the server says of the end is no news now
    await over;
    drafts.clear();
    this.ended();
  },

  /** The session is no more; the problem is how the server says so. */
  ended(problem: Problem | null = null): void {
    told = problem && endOf(problem, me?.expires ?? null, Date.now());
    me = null;
    phase = 'out';
  },
};
