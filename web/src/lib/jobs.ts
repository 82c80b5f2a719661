/** Jobs as they are shown: what events make of the list, and what each is about. */
import type { Job } from '../api/jobs';

/** The list after an event, the newest first. What is about somebody else's job changes nothing of one's own list. */
export function heard(jobs: readonly Job[], kind: string, data: Record<string, unknown>, mine: string | null): readonly Job[] {
  const id = data['id'];
  if (kind === 'removed') return jobs.filter((job) => job.id !== id);
  if (kind !== 'changed' || typeof id !== 'number') return jobs;
  const job = data as unknown as Job;
  if (mine !== null && job.owner !== mine) return jobs;
  const at = jobs.findIndex((each) => each.id <= id);
  if (at < 0) return [...jobs, job];
  return jobs[at]?.id === id ? jobs.with(at, job) : jobs.toSpliced(at, 0, job);
}

const text = (what: Job['what'], name: string): string => (typeof what[name] === 'string' ? what[name] : '');

/** From where to where; of several paths the first, and how many more there are. */
export function about(job: Job): { from: string; more: number; to: string } {
  const paths = Array.isArray(job.what['paths']) ? (job.what['paths'] as string[]) : [];
  const beyond = typeof job.what['more'] === 'number' ? job.what['more'] : 0;
  const from = text(job.what, 'source') || text(job.what, 'path') || paths[0] || '';
  return { from, more: Math.max(0, paths.length + beyond - 1), to: text(job.what, 'target') };
}

export interface Damage {
  readonly path: string;
  readonly error: string;
}

/** The damaged files that a verification names. */
export function damage(job: Job): readonly Damage[] {
  const found = job.result?.['damaged'];
  return Array.isArray(found) ? (found as Damage[]) : [];
}

/** Where the file or folder is that it made. */
export const made = (job: Job): string => (typeof job.result?.['path'] === 'string' ? job.result['path'] : '');

export const damagedFiles = (job: Job): number => Number(job.result?.['damaged_files'] ?? 0);
export const verifiedFiles = (job: Job): number => Number(job.result?.['files'] ?? 0);
