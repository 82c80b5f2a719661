/** Who is signed in at which server. */
import * as api from '../api/client';
import { Problem } from '../api/problem';

type Phase = 'loading' | 'setup' | 'out' | 'in' | 'unreachable';

let phase = $state<Phase>('loading');
let me = $state.raw<api.Whoami | null>(null);
let told = $state('');
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
  /** Why an operator has ended the session that was here before. */
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
      told = '';
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status !== 401) phase = 'unreachable';
      else phase = (await api.server()).setup ? 'setup' : 'out';
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
    await api.signOut().catch(() => undefined); // whoever is signed out already has what they wanted
    this.ended();
  },

  /** The server says that the session is no more. */
  ended(why = ''): void {
    me = null;
    told = why;
    phase = 'out';
  },
};
