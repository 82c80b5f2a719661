import { expect, test } from 'vitest';

import { failure } from '../src/api/problem';
import { Queue, SMALL, arranged, type Wanted, type Work } from '../src/uploads/queue';

const file = (path: string, size = 10): Wanted => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const made = new File([], name, { lastModified: 5 });
  Object.defineProperty(made, 'size', { value: size });
  return { kind: 'file', path, file: made };
};
const said = failure('forbidden', 'No');
const names = (work: Work | undefined) => work?.items.map((each) => each.name).join(' ');

test('small files go together, large ones and folders alone', () => {
  const queue = new Queue();
  queue.add('/', [{ kind: 'folder', path: 'empty', file: null }, file('a'), file('big', SMALL + 1), file('b')]);
  expect(queue.next()).toMatchObject({ kind: 'folder' });
  expect(names(queue.next())).toBe('a b');
  expect(queue.next()).toMatchObject({ kind: 'file' });
  expect(queue.next()).toBeUndefined();
  expect(queue.count('running')).toBe(4);
});

test('a batch is bounded in files and in bytes', () => {
  const queue = new Queue();
  queue.add('/', Array.from({ length: 250 }, (_, at) => file(`f${at}`)));
  expect(queue.next()?.items.length).toBe(100);
  expect(queue.next()?.items.length).toBe(100);
  expect(queue.next()?.items.length).toBe(50);
  queue.add('/', Array.from({ length: 5 }, (_, at) => file(`m${at}`, SMALL)));
  expect(queue.next()?.items.length).toBe(4);
});

test('totals count what ended and what was sent, and forget what is taken out', () => {
  const queue = new Queue();
  const [a, b] = queue.add('/x', [file('a', SMALL * 2), file('b', SMALL * 4)]);
  queue.next();
  queue.next();
  queue.progress(a!.id, SMALL);
  queue.done(b!.id, '/x/b (1)', 'ff', true);
  expect(queue.totals).toEqual({ files: 2, ended: 1, bytes: SMALL * 6, sent: SMALL * 5 });
  expect(b).toMatchObject({ state: 'done', went: '/x/b (1)', file: null });
  queue.cancel(a!.id);
  expect(queue.totals).toEqual({ files: 1, ended: 1, bytes: SMALL * 4, sent: SMALL * 4 });
  queue.clear();
  expect(queue.totals).toEqual({ files: 0, ended: 0, bytes: 0, sent: 0 });
});

test('what is paused lets others pass and goes on where it was', () => {
  const queue = new Queue();
  const [a, b] = queue.add('/', [file('a', SMALL * 2), file('b', SMALL * 2)]);
  queue.next();
  queue.progress(a!.id, SMALL);
  expect(queue.pause(a!.id)).toEqual([a]);
  queue.progress(a!.id, SMALL * 2); // came too late
  expect(a!.sent).toBe(SMALL);
  expect(names(queue.next())).toBe('b');
  queue.resume(a!.id);
  expect(names(queue.next())).toBe('a');
  expect(queue.pause().length).toBe(2);
  expect(queue.busy).toBe(false);
  expect(queue.resume().map((each) => each.id)).toEqual([a!.id, b!.id]);
});

test('what failed stays until it is tried again, alone or with the others', () => {
  const queue = new Queue();
  const [a, b] = queue.add('/', [file('a', SMALL * 2), file('b', SMALL * 2)]);
  queue.next();
  queue.next();
  queue.failed(a!.id, said);
  queue.failed(b!.id, said);
  expect(a!.problem).toEqual(said);
  queue.resume();
  expect(queue.busy).toBe(false);
  queue.resume(a!.id);
  expect(a!.problem).toBeNull();
  expect(queue.retry()).toEqual([b]);
});

test('urgent ones come first, the latest of them before the others', () => {
  const queue = new Queue();
  const big = SMALL * 2;
  const [, b, c] = queue.add('/', [file('a', big), file('b', big), file('c', big)]);
  queue.first(b!.id);
  queue.first(c!.id);
  expect([names(queue.next()), names(queue.next()), names(queue.next())]).toEqual(['c', 'b', 'a']);
});

test('somebody is asked about a taken name while the others go on, and may decide for all to come', () => {
  const queue = new Queue();
  const [a, b, c] = queue.add('/', [file('a', SMALL * 2), file('b', SMALL * 2), file('c', SMALL * 2)]);
  queue.next();
  queue.next();
  queue.taken(a!.id);
  queue.taken(b!.id);
  expect(names(queue.next())).toBe('c');
  queue.answer(a!.id, 'rename', false);
  expect(a).toMatchObject({ state: 'waiting', conflict: 'rename' });
  expect(b!.state).toBe('asking');
  queue.answer(b!.id, 'skip', true);
  queue.taken(c!.id);
  expect(c).toMatchObject({ state: 'waiting', conflict: 'skip' });
});

test('what was chosen for all holds until the queue has run dry', () => {
  const queue = new Queue();
  const [a] = queue.add('/', [file('a')]);
  queue.next();
  queue.taken(a!.id);
  queue.answer(a!.id, 'overwrite', true);
  queue.next();
  queue.done(a!.id, '/a');
  const [b] = queue.add('/', [file('b')]);
  queue.next();
  queue.taken(b!.id);
  expect(b!.state).toBe('asking');
});

test('the same file dropped again goes on with what an earlier page began', () => {
  const queue = new Queue();
  const lost = queue.remember('/x/a', SMALL * 2, 5, 'rename');
  expect(lost.state).toBe('lost');
  expect(queue.next()).toBeUndefined();
  const [again] = queue.add('/x', [file('a', SMALL * 2)]);
  expect(again).toBe(lost);
  expect(lost).toMatchObject({ state: 'waiting', conflict: 'rename' });
  const [other] = queue.add('/y', [file('a', SMALL * 2)]);
  expect(other).not.toBe(lost);
});

test('names are written as the server writes them', () => {
  const [item] = new Queue().add('/', [file('cafe\u0301')]);
  expect(item!.path).toBe('/café');
});

test('what wants an answer is shown first, then what runs; the latest of what is done before the others', () => {
  const queue = new Queue();
  const [a, b, c, d] = queue.add('/', ['a', 'b', 'c', 'd', 'e'].map((name) => file(name, SMALL * 2)));
  for (let at = 0; at < 4; at += 1) queue.next();
  queue.done(a!.id, '/a');
  queue.done(b!.id, '/b');
  queue.taken(d!.id);
  expect(arranged(queue.items).map((each) => each.name).join('')).toBe('dceba');
  expect(c!.state).toBe('running');
});

test('a hundred thousand files are taken and handed out in a moment', () => {
  const queue = new Queue();
  queue.add('/', Array.from({ length: 100_000 }, (_, at) => file(`f${at}`)));
  const begin = performance.now();
  for (let work = queue.next(); work; work = queue.next()) for (const each of work.items) queue.done(each.id, each.path);
  expect(queue.totals.ended).toBe(100_000);
  expect(performance.now() - begin).toBeLessThan(2000);
});
