import { describe, expect, it } from 'vitest';

import type { Given, Link } from '../src/api/sharing';
import { chosenOf, holding, mayShare, isWithin, levelOf, met, offered, partsOf, sharesOf, stateOf } from '../src/lib/sharing';

const given = (path: string, to: string): Given => ({ path, kind: 'folder', to, rights: 8, level: 'viewer', since: '2026-01-01T00:00:00Z' });
const link = (more: Partial<Link>): Link => ({
  id: 1, path: '/a', kind: 'file', rights: 8, level: 'viewer', name: '', protected: false,
  created: '2026-01-01T00:00:00Z', expires: null, downloads: 0, downloads_max: null, used: null, secret: null, ...more,
});
const NOW = new Date('2026-06-01T12:00:00Z');

describe('grants', () => {
  it('come from the thing itself and from the folders above it, and from nothing beside it', () => {
    const all = [given('/a', 'x'), given('/a/b', 'y'), given('/ab', 'z'), given('/a/b/c', 'w')];
    const found = holding('/a/b', all);
    expect(found.own.map((each) => each.to)).toEqual(['y']);
    expect(found.inherited.map((each) => each.to)).toEqual(['x']);
  });
  it('are compared name by name', () => {
    expect(isWithin('/ab', '/a')).toBe(false);
    expect(isWithin('/a', '/a')).toBe(true);
    expect(isWithin('/a', '/')).toBe(true);
  });
  it('are for what is one’s own', () => {
    expect(['/', '/Shared', '/Shared/ada/x', '/Drives/nas', '/Sharedx', '/a'].map((each) => mayShare(each))).toEqual([false, false, false, false, true, true]);
    expect(['/Drives', '/Drives/nas', '/Drives/nas/x'].map((each) => mayShare(each, true))).toEqual([false, true, false]);
  });
  it('of a file are fewer', () => {
    expect(offered('file').map(levelOf)).toEqual(['viewer', 'replacer']);
    expect(offered('folder').map(levelOf)).toEqual(['viewer', 'contributor', 'editor', 'dropbox']);
    expect(levelOf(9)).toBe('other');
    expect(partsOf(9)).toEqual(['read', 'delete']);
  });
  it('tell whom one has met', () => {
    const received = [{ path: '/Shared/eve/x', owner: 'eve', kind: 'file' as const, rights: 8, level: null }];
    expect(met([given('/a', 'zoe'), given('/b', '@team'), given('/c', 'eve')], received, 'me')).toEqual(['@team', 'eve', 'zoe']);
  });
});

describe('a link', () => {
  it('is open, over, or used up', () => {
    expect(stateOf(link({}), NOW)).toBe('open');
    expect(stateOf(link({ expires: '2026-06-01T12:00:00Z' }), NOW)).toBe('expired');
    expect(stateOf(link({ expires: '2026-06-01T12:00:01Z' }), NOW)).toBe('open');
    expect(stateOf(link({ downloads: 3, downloads_max: 3 }), NOW)).toBe('used');
  });
});

it('finds what is shared, by kind and by name', () => {
  const all = sharesOf(
    [given('/b', 'ada'), given('/a', '@team')],
    [link({ id: 1, path: '/c', name: 'Wedding' }), link({ id: 2, path: '/b', expires: '2026-01-01T00:00:00Z' })],
  );
  const keys = (...how: [Parameters<typeof chosenOf>[1], string]) => chosenOf(all, ...how, NOW).map((each) => each.key);
  expect(keys('all', '')).toEqual(['to @team /a', 'to ada /b', 'link 2', 'link 1']);
  expect(keys('people', '')).toEqual(['to ada /b']);
  expect(keys('groups', '')).toEqual(['to @team /a']);
  expect(keys('ended', '')).toEqual(['link 2']);
  expect(keys('links', 'WEDD')).toEqual(['link 1']);
});
