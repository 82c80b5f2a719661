import { beforeEach, expect, test, vi } from 'vitest';

import { Problem } from '../src/api/problem';
import type { Heard, LiveEvent } from '../src/state/live.svelte';

const { live } = vi.hoisted(() => ({ live: { told: false, hear: (() => {}) as unknown as Heard, tells: () => live.told, on: (_: string, heard: Heard) => ((live.hear = heard), () => (live.hear = () => {})) } }));
vi.mock('../src/state/live.svelte', () => ({ live }));
const { follow } = await import('../src/state/following');

const event = (kind: string, data: Record<string, unknown> = {}): LiveEvent => ({ id: null, topic: 'jobs', kind, data, at: '' });

/** A list of words, of which each answer is given by hand. */
function words() {
  let list: string[] = [];
  const answers: { give: (found: string[]) => void; refuse: (problem: Problem) => void }[] = [];
  const faults: Problem[] = [];
  const { end } = follow<string[]>('jobs', {
    fetch: () => new Promise((give, refuse) => answers.push({ give, refuse })),
    show: (found) => (list = found),
    heard: ({ kind, data }) => (list = kind === 'removed' ? list.filter((each) => each !== data['word']) : [...new Set([...list, String(data['word'])])]),
    failed: (problem) => faults.push(problem),
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return { answers, faults, end, settle, now: () => list };
}

beforeEach(() => {
  vi.useFakeTimers();
  live.told = false;
});

test('it is looked at once at the begin, when the events have begun', async () => {
  const { answers, settle } = words();
  await settle();
  expect(answers).toHaveLength(0);
  live.hear(event('resync'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(answers).toHaveLength(1);
});

test('it is looked at without events too, and at once where they come already', async () => {
  const waiting = words();
  await vi.advanceTimersByTimeAsync(2000);
  expect(waiting.answers).toHaveLength(1);
  live.told = true;
  const { answers, settle } = words();
  await settle();
  expect(answers).toHaveLength(1);
});

test('an answer takes nothing back that was told while it was on its way', async () => {
  live.told = true;
  const { answers, settle, now } = words();
  await settle();
  live.hear(event('changed', { word: 'new' }));
  live.hear(event('removed', { word: 'old' }));
  answers[0]?.give(['old', 'kept']);
  await settle();
  expect(now()).toEqual(['kept', 'new']);
});

test('only the last look counts, and there are not many of them', async () => {
  live.told = true;
  const { answers, faults, settle, now } = words();
  await settle();
  live.hear(event('resync'));
  live.hear(event('resync'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(answers).toHaveLength(2);
  answers[1]?.give(['second']);
  answers[0]?.refuse(new Problem('offline', 0, ''));
  await settle();
  expect([now(), faults]).toEqual([['second'], []]);
});

test('what comes after the end changes nothing', async () => {
  live.told = true;
  const { answers, faults, settle, now, end } = words();
  await settle();
  end();
  answers[0]?.give(['late']);
  live.hear(event('resync'));
  await vi.advanceTimersByTimeAsync(5000);
  expect([now(), faults, answers.length]).toEqual([[], [], 1]);
});
