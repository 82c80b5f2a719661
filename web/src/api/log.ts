/** The log: page by page, as it grows, and as a file. */
import { API, ask, type Schemas } from './http';

export type LogEvent = Schemas['LogEventOut'];
export type LogPage = Schemas['LogOut'];
export type Form = 'xlsx' | 'csv' | 'txt' | 'jsonl';
/** What is asked for by the names of the wire; `category` may be there several times. */
export type Wanted = URLSearchParams;

function asked(wanted: Wanted, other: Record<string, string>): string {
  const query = new URLSearchParams(wanted);
  for (const [name, value] of Object.entries(other)) query.set(name, value);
  return query.toString();
}

export const newest = (wanted: Wanted, limit: number, cursor?: string, signal?: AbortSignal) =>
  ask<LogPage>('GET', `/log?${asked(wanted, { limit: String(limit), ...(cursor ? { cursor } : {}) })}`, undefined, signal);

/** What came after the event of that number, the oldest first. */
export const after = (wanted: Wanted, number: number, limit: number, signal?: AbortSignal) =>
  ask<LogPage>('GET', `/log?${asked(wanted, { limit: String(limit), after: String(number) })}`, undefined, signal);

export const exportUrl = (wanted: Wanted, form: Form) => `${API}/log/export?${asked(wanted, { format: form })}`;
