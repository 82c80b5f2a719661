import { expect, test } from 'vitest';

import { lasts, type Job } from '../src/api/jobs';
import { about, damage, damagedFiles, heard, made } from '../src/lib/jobs';

const job = (id: number, other: Partial<Job> = {}): Job => ({
  id,
  owner: 'ada',
  kind: 'verify',
  what: { path: '/', all: false },
  state: 'running',
  percent: 0,
  size: 0,
  size_total: null,
  items: 0,
  items_total: null,
  rate: 0,
  eta: null,
  message: '',
  result: null,
  error: null,
  created: '2026-11-21T09:00:00Z',
  started: null,
  ended: null,
  ...other,
});
const data = (of: Job) => of as unknown as Record<string, unknown>;
const ids = (jobs: readonly Job[]) => jobs.map((each) => each.id);

test('a job that begins stands where its number puts it', () => {
  expect(ids(heard([], 'changed', data(job(3)), null))).toEqual([3]);
  expect(ids(heard([job(5), job(1)], 'changed', data(job(3)), null))).toEqual([5, 3, 1]);
  expect(ids(heard([job(5), job(4)], 'changed', data(job(3)), null))).toEqual([5, 4, 3]);
});

test('a job that changes is replaced, and one that is removed is gone', () => {
  const jobs = [job(5), job(3)];
  expect(heard(jobs, 'changed', data(job(3, { percent: 50 })), null)[1]?.percent).toBe(50);
  expect(ids(heard(jobs, 'removed', { id: 5 }, null))).toEqual([3]);
  expect(heard(jobs, 'else', { id: 5 }, null)).toBe(jobs);
});

test('those of others are not among one’s own', () => {
  const jobs = [job(5)];
  expect(heard(jobs, 'changed', data(job(6, { owner: 'bob' })), 'ada')).toBe(jobs);
  expect(ids(heard(jobs, 'changed', data(job(6, { owner: 'bob' })), null))).toEqual([6, 5]);
});

test.each([
  [{ path: '/a', all: false }, { from: '/a', more: 0, to: '' }],
  [{ source: '/a', target: '/b', conflict: 'skip' }, { from: '/a', more: 0, to: '/b' }],
  [{ paths: ['/a', '/b'], more: 3, target: '/z.zip' }, { from: '/a', more: 4, to: '/z.zip' }],
  [{}, { from: '', more: 0, to: '' }],
])('%j', (what, expected) => expect(about(job(1, { what }))).toEqual(expected));

test('what came of it', () => {
  const bad = { files: 2, damaged_files: 1, damaged: [{ path: '/a', error: 'torn' }] };
  expect(damage(job(1, { result: bad }))).toEqual(bad.damaged);
  expect(damagedFiles(job(1, { result: bad }))).toBe(1);
  expect([damage(job(1)), damagedFiles(job(1)), made(job(1))]).toEqual([[], 0, '']);
  expect(made(job(1, { result: { path: '/z.zip' } }))).toBe('/z.zip');
  expect([lasts(job(1)), lasts(job(1, { state: 'done' }))]).toEqual([true, false]);
});
