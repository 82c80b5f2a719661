import { expect, test } from 'vitest';

import { inUrl, join, parentOf, trail } from '../src/api/paths';
import { family } from '../src/lib/family';

test.each([
  ['/', '/'],
  ['/a b/ü', '/a%20b/%C3%BC'],
  ['/100%/a?b#c', '/100%25/a%3Fb%23c'],
])('%s is %s in an address', (path, address) => expect(inUrl(path)).toBe(address));

test.each([
  ['/a', '/'],
  ['/a/b', '/a'],
])('%s lies in %s', (path, folder) => expect(parentOf(path)).toBe(folder));

test('names are joined to the root without a second slash', () => {
  expect(join('/', 'a')).toBe('/a');
  expect(join('/a', 'b')).toBe('/a/b');
});

test('the trail begins at the root', () =>
  expect(trail('/a/b').map((step) => step.path)).toEqual(['/', '/a', '/a/b']));

test.each([
  ['a.PDF', 'text'],
  ['a.tar.gz', 'archive'],
  ['.gitignore', 'other'],
  ['noending', 'other'],
  ['<img src=x>.html', 'code'],
] as const)('%s is of the family %s', (name, kind) => expect(family(name)).toBe(kind));
