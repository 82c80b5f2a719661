import { describe, expect, it } from 'vitest';

import type { Given, Link } from '../src/api/sharing';
import type { Version } from '../src/api/trash';
import { historyOf } from '../src/lib/history';

const day = (number: number, seconds = 0) => new Date(Date.UTC(2026, 0, number, 12, 0, seconds)).toISOString();
const version = (number: number, created: string, by = 'ada'): Version => ({
  number, current: false, size: 1, sha256: '', modified: created, created, by, replaced: null, expires: null,
});
const given = (path: string, since: string): Given => ({ path, kind: 'file', to: 'bob', rights: 8, level: 'viewer', since });
const link = (path: string, created: string): Link => ({
  id: 1, path, kind: 'file', rights: 8, level: 'viewer', name: 'press', protected: false,
  created, expires: null, downloads: 0, downloads_max: null, used: null, secret: null,
});
const file = { path: '/a', created: day(1) };

describe('the past of a file', () => {
  it('goes from now to when it was made, whoever did what', () => {
    const found = historyOf(file, [version(3, day(9), 'bob'), version(2, day(5)), version(1, day(1))], [given('/a', day(3))], [link('/a', day(7))]);
    expect(found.map((each) => each.kind)).toEqual(['written', 'linked', 'written', 'shared', 'made']);
    expect(found.map((each) => ('by' in each ? each.by : ''))).toEqual(['bob', '', 'ada', '', 'ada']);
  });
  it('has nobody who made it once the first version is not kept any more', () => {
    const found = historyOf(file, [version(3, day(9)), version(2, day(5))], [], []);
    expect(found.map((each) => each.kind)).toEqual(['written', 'written', 'made']);
    expect(found.at(-1)).toEqual({ kind: 'made', at: day(1), by: '', version: null });
  });
  it('takes a version that came with the file for its making', () => {
    expect(historyOf(file, [version(1, day(1, 1))], [], []).map((each) => each.kind)).toEqual(['made']);
    expect(historyOf(file, [version(1, day(1, 2))], [], []).map((each) => each.kind)).toEqual(['written', 'made']);
  });
  it('tells nothing of what lies beside it', () => {
    expect(historyOf(file, [version(1, day(1))], [given('/ab', day(2)), given('/', day(2))], [link('/b', day(2))])).toHaveLength(1);
  });
  it('keeps the order of what happened in one moment', () => {
    const found = historyOf(file, [version(2, day(1)), version(1, day(1))], [given('/a', day(1))], []);
    expect(found.map((each) => each.kind)).toEqual(['written', 'made', 'shared']);
  });
});
