/** What a form says of an account, and what that changes. */
import type { Account, AccountChange } from '../api/admin';
import { bytesOf, split, type Unit } from './amount';
import { dayOf, endOf } from './day';
import { readCount } from './units';

interface Amount {
  text: string;
  unit: Unit;
}

export interface Draft {
  role: string;
  disabled: boolean;
  email: string;
  note: string;
  expires: string;
  quota: Amount;
  files: string;
  up: Amount;
  down: Amount;
}

export type Fault = 'quota' | 'files' | 'up' | 'down';

/** The form of an account, or an empty one. */
export function draftOf(account?: Account): Draft {
  const rate = (bytes = 0) => (bytes ? split(bytes) : { text: '', unit: 'MB' as const });
  return {
    role: account?.role ?? 'user',
    disabled: account?.disabled ?? false,
    email: account?.email ?? '',
    note: account?.note ?? '',
    expires: dayOf(account?.expires ?? null),
    quota: split(account?.quota ?? null),
    files: account?.quota_files ? String(account.quota_files) : '',
    up: rate(account?.rate_up),
    down: rate(account?.rate_down),
  };
}

/** What differs from the form as it was; and which fields hold no number. */
export function changeOf(draft: Draft, before: Draft): { change: AccountChange; faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const change: AccountChange = {};
  const number = (id: Fault, value: number | null, set: (value: number) => void, differs: boolean) => {
    if (value === null) faults.push(id);
    else if (differs) set(value);
  };
  const amount = (id: 'quota' | 'up' | 'down', set: (value: number) => void) => {
    const [now, was] = [draft[id], before[id]];
    number(id, bytesOf(now.text, now.unit), set, now.text !== was.text || now.unit !== was.unit);
  };
  if (draft.role !== before.role) change.role = draft.role as 'admin' | 'user';
  if (draft.disabled !== before.disabled) change.disabled = draft.disabled;
  if (draft.email.trim() !== before.email) change.email = draft.email.trim();
  if (draft.note.trim() !== before.note) change.note = draft.note.trim();
  if (draft.expires !== before.expires) change.expires = endOf(draft.expires);
  amount('quota', (value) => (change.quota = value));
  number('files', readCount(draft.files), (value) => (change.quota_files = value), draft.files !== before.files);
  amount('up', (value) => (change.rate_up = value));
  amount('down', (value) => (change.rate_down = value));
  return { change, faults };
}

export type State = 'active' | 'waiting' | 'disabled' | 'expired';

/** Whether it may sign in, as the server says it: the first of these that is true. */
export function stateOf(account: Account, now: Date): State {
  if (account.pending) return 'waiting';
  if (account.disabled) return 'disabled';
  return account.expires && new Date(account.expires) <= now ? 'expired' : 'active';
}
