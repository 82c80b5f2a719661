/** A list that is fetched once and kept by events, in whatever order the two come. */
import { Problem } from '../api/problem';
import { live, type LiveEvent, type Topic } from './live.svelte';

/** So long the first look waits for the events to begin: an earlier one would only have to be repeated then. */
const PATIENCE = 2000;
/** Between two looks because something may have been missed. */
const APART = 2000;

export interface Followed<Found> {
  readonly fetch: () => Promise<Found>;
  /** The list as it was fetched, which may be older than what was heard meanwhile: that is heard once more after it. */
  readonly show?: (found: Found) => void;
  readonly heard: (event: LiveEvent) => void;
  readonly failed?: (problem: Problem) => void;
}

/** Look and listen, and look again whenever something may have been missed, until `end`. Only the last look counts. */
export function follow<Found>(topic: Topic, { fetch, show, heard, failed }: Followed<Found>): { look: () => Promise<void>; end: () => void } {
  let early: LiveEvent[] | null = null;
  let last = -Infinity;
  let due = setTimeout(() => void look(), live.tells(topic) ? 0 : PATIENCE);

  async function look(): Promise<void> {
    clearTimeout(due);
    last = performance.now();
    const mine: LiveEvent[] = (early = []);
    try {
      const found = await fetch();
      if (early !== mine) return;
      early = null;
      if (!show) return;
      show(found);
      mine.forEach(heard);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (early !== mine) return;
      early = null;
      failed?.(error);
    }
  }

  const off = live.on(topic, (event) => {
    if (event.kind === 'resync') {
      clearTimeout(due);
      due = setTimeout(() => void look(), last + APART - performance.now());
      return;
    }
    early?.push(event);
    heard(event);
  });

  return {
    look,
    end: () => {
      off();
      clearTimeout(due);
      early = null;
    },
  };
}
