/** One's own jobs that last: how many for the badge of their room, and which for the foot of the files. */
import * as api from '../api/jobs';
import { lasts, type Job } from '../api/jobs';
import { follow } from './following';
import type { LiveEvent } from './live.svelte';
import { session } from './session.svelte';

let jobs = $state.raw<ReadonlyMap<number, Job>>(new Map());

function heard({ kind, data }: LiveEvent): void {
  const job = data as unknown as Job;
  const other = new Map(jobs);
  if (kind === 'changed' && job.owner === session.name && lasts(job)) other.set(job.id, job);
  else if (!other.delete(job.id)) return;
  jobs = other;
}

$effect.root(() => {
  $effect(() => {
    if (session.phase !== 'in') return;
    const show = (found: readonly Job[]) => (jobs = new Map(found.filter(lasts).map((job) => [job.id, job])));
    const { end } = follow('jobs', { fetch: () => api.list(false), show, heard });
    return () => {
      end();
      jobs = new Map();
    };
  });
});

export const running = {
  get jobs(): readonly Job[] {
    return [...jobs.values()];
  },
  get count() {
    return jobs.size;
  },
};
