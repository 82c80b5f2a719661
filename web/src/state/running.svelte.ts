/** How many of one's own jobs last, for the badge of their room. */
import { ask, type Schemas } from '../api/http';
import { live, type LiveEvent } from './live.svelte';
import { session } from './session.svelte';

const LASTING = new Set(['waiting', 'running', 'cancelling']);
let lasting = $state.raw<ReadonlySet<number>>(new Set());

/** What was told while the list was on its way, which may be older. */
let early: Map<number, boolean> | null = null;

async function look(): Promise<void> {
  const mine = (early = new Map<number, boolean>());
  try {
    const { jobs } = await ask<Schemas['JobsOut']>('GET', '/jobs');
    if (early !== mine) return;
    const found = new Set(jobs.filter((job) => LASTING.has(job.state)).map((job) => job.id));
    for (const [id, lasts] of mine) found[lasts ? 'add' : 'delete'](id);
    lasting = found;
  } catch {
    // a badge is worth no complaint: the next event corrects it
  } finally {
    if (early === mine) early = null;
  }
}

function heard({ kind, data }: LiveEvent): void {
  if (kind === 'resync') return void look();
  const id = data['id'] as number;
  const lasts = kind === 'changed' && data['owner'] === session.name && LASTING.has(String(data['state']));
  early?.set(id, lasts);
  if (lasts === lasting.has(id)) return;
  const other = new Set(lasting);
  other[lasts ? 'add' : 'delete'](id);
  lasting = other;
}

$effect.root(() => {
  $effect(() => {
    if (session.phase !== 'in') return;
    void look();
    return live.on('jobs', heard);
  });
});

export const running = {
  get count() {
    return lasting.size;
  },
};
