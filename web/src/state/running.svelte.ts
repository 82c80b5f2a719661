/** How many of one's own jobs last, for the badge of their room. */
import { ask, type Schemas } from '../api/http';
import { live } from './live.svelte';
import { session } from './session.svelte';

const LASTING = new Set(['waiting', 'running', 'cancelling']);
let lasting = $state.raw<ReadonlySet<number>>(new Set());

async function look(): Promise<void> {
  try {
    const { jobs } = await ask<Schemas['JobsOut']>('GET', '/jobs');
    lasting = new Set(jobs.filter((job) => LASTING.has(job.state)).map((job) => job.id));
  } catch {
    // a badge is worth no complaint: the next event corrects it
  }
}

$effect.root(() => {
  $effect(() => {
    if (session.phase !== 'in') return;
    const mine = session.name;
    void look();
    return live.on('jobs', ({ kind, data }) => {
      if (kind === 'resync') return void look();
      const id = data['id'] as number;
      const lasts = kind === 'changed' && data['owner'] === mine && LASTING.has(String(data['state']));
      if (lasts === lasting.has(id)) return;
      const other = new Set(lasting);
      if (lasts) other.add(id);
      else other.delete(id);
      lasting = other;
    });
  });
});

export const running = {
  get count() {
    return lasting.size;
  },
};
