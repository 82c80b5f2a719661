/** Moving and copying, at once or as a job of the server's. */
import type { Entry } from './client';
import { ask, type Schemas } from './http';
import { inUrl } from './paths';

export type Job = Schemas['JobOut'];
export type Way = 'move' | 'copy';
export type Taken = 'skip' | 'overwrite' | 'rename';

export const stat = (path: string) => ask<Entry>('GET', `/entries${inUrl(path)}`);

export const relocate = (way: Way, source: string, target: string, conflict: Taken = 'skip') =>
  ask<Entry>('POST', `/${way}`, { source, target, conflict });

export const begin = (way: Way, source: string, target: string, conflict: Taken) =>
  ask<Job>('POST', '/jobs', { kind: way, source, target, conflict });

export const jobs = async () => (await ask<{ jobs: Job[] }>('GET', '/jobs')).jobs;
export const cancelJob = (id: number) => ask<Job>('POST', `/jobs/${id}/cancel`);
