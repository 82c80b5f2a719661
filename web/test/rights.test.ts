import { describe, expect, it } from 'vitest';

import type { Received } from '../src/api/sharing';
import { ALL, isFixed, isForeign, isInbox, mayPut, rightsAt } from '../src/lib/rights';

const received = (path: string, rights: number): Received => ({ path, owner: 'ada', kind: 'folder', rights, level: null });

describe('rights', () => {
  it('are all there are in one’s own home, also in folders with names like those of shared ones', () => {
    for (const path of ['/', '/Work', '/Sharedness', '/Drivesome/x', '/Work/Shared']) {
      expect(rightsAt(path, [])).toBe(ALL);
      expect(isForeign(path)).toBe(false);
    }
  });
  it('go no further than looking where the server makes the folders up', () => {
    for (const path of ['/Shared', '/Shared/ada', '/Drives']) {
      expect(rightsAt(path, [received('/Shared/ada/Work', 15)])).toBe(8);
      expect(isFixed(path)).toBe(true);
    }
    for (const path of ['/', '/Work', '/Shared/ada/Work', '/Drives/scans']) expect(isFixed(path)).toBe(false);
  });
  it('hold below what was received, and add up', () => {
    const all = [received('/Shared/ada/Work', 8), received('/Shared/ada/Work/In', 2), received('/Drives/scans', 10)];
    expect(rightsAt('/Shared/ada/Work/a/b', all)).toBe(8);
    expect(rightsAt('/Shared/ada/Work/In', all)).toBe(10);
    expect(rightsAt('/Drives/scans/x', all)).toBe(10);
    expect(rightsAt('/Shared/ada/Workshop', all)).toBe(0);
  });
  it('of an inbox end at its top: there are no folders to be seen in it', () => {
    const all = [received('/Shared/ada/In', 2)];
    expect(rightsAt('/Shared/ada/In', all)).toBe(2);
    expect(rightsAt('/Shared/ada/In/deeper', all)).toBe(0);
    expect([2, 6, 8, 10, 0].map(isInbox)).toEqual([true, true, false, false, false]);
    expect([2, 4, 8, 10, 12, 15, 0].map(mayPut)).toEqual([true, true, false, true, true, true, false]);
  });
});
