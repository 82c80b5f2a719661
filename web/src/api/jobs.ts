/** Long operations that the server goes on with by itself. */
import { ask, type Schemas } from './http';

export type Job = Schemas['JobOut'];
export type Wanted = Schemas['RelocateIn'] | Schemas['ZipIn'] | Schemas['VerifyIn'];

const LASTING: readonly Job['state'][] = ['waiting', 'running', 'cancelling'];

/** Whether it goes on, or will. */
export const lasts = (job: Job): boolean => LASTING.includes(job.state);

export const list = (all: boolean) => ask<Schemas['JobsOut']>('GET', `/jobs?all=${all}`).then((found) => found.jobs);
/** With what may be long: the damaged files of a verification. */
export const get = (id: number) => ask<Job>('GET', `/jobs/${id}`);
export const begin = (wanted: Wanted) => ask<Job>('POST', '/jobs', wanted);
export const cancel = (id: number) => ask<Job>('POST', `/jobs/${id}/cancel`);
export const forget = (id: number) => ask<void>('DELETE', `/jobs/${id}`);
