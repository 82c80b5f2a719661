import { describe, expect, it } from 'vitest';

import type { Account } from '../src/api/admin';
import { changeOf, draftOf, stateOf } from '../src/lib/account';
import { bytesOf, split } from '../src/lib/amount';
import { dayOf, endOf } from '../src/lib/day';
import { fingerprintOf } from '../src/lib/fingerprint';
import { newPassword } from '../src/lib/secret';

const account: Account = {
  name: 'sara', role: 'user', disabled: false, pending: false, email: 's@example.com', note: '', created: '2026-01-01T00:00:00Z',
  expires: null, bytes: 5, files: 1, quota: 10e9, quota_files: null, rate_up: 0, rate_down: 2_500_000, seen: null, totp: false,
};

describe('amounts', () => {
  it.each([
    ['', 'GB', 0],
    ['10', 'GB', 10e9],
    ['1.5', 'TB', 1.5e12],
    ['۱٫۵', 'GB', 1.5e9],
    ['1,5', 'MB', 1.5e6],
    ['ten', 'GB', null],
    ['-1', 'GB', null],
    ['1e9', 'GB', null],
    ['99999999', 'TB', null],
  ] as const)('%s %s are %s bytes', (text, unit, bytes) => expect(bytesOf(text, unit)).toBe(bytes));

  it.each([10e9, 1.5e12, 2_500_000, 999e6])('%s bytes are written and read as the same', (bytes) => {
    const { text, unit } = split(bytes);
    expect(bytesOf(text, unit)).toBe(bytes);
  });
});

describe('days', () => {
  it('a day lasts until its last second, and is the same day again', () => {
    expect(dayOf(endOf('2026-03-09'))).toBe('2026-03-09');
    expect([endOf(''), dayOf(null)]).toEqual([null, '']);
  });
});

describe('accounts', () => {
  it('a form that was not touched changes nothing', () => {
    expect(changeOf(draftOf(account), draftOf(account))).toEqual({ change: {}, faults: [] });
  });

  it('only what differs is sent, and an empty limit is none', () => {
    const draft = { ...draftOf(account), quota: { text: '', unit: 'GB' as const }, note: ' hi ', disabled: true };
    expect(changeOf(draft, draftOf(account))).toEqual({ change: { quota: 0, note: 'hi', disabled: true }, faults: [] });
  });

  it('an expiry is taken back with null', () => {
    const before = { ...draftOf(account), expires: '2026-03-09' };
    expect(changeOf({ ...before, expires: '' }, before).change).toEqual({ expires: null });
  });

  it('says which fields hold no number', () => {
    const draft = { ...draftOf(account), files: 'many', up: { text: 'fast', unit: 'MB' as const } };
    expect(changeOf(draft, draftOf(account)).faults).toEqual(['files', 'up']);
  });

  it.each([
    [{}, 'active'],
    [{ pending: true, disabled: true }, 'waiting'],
    [{ disabled: true, expires: '2020-01-01T00:00:00Z' }, 'disabled'],
    [{ expires: '2020-01-01T00:00:00Z' }, 'expired'],
  ] as const)('%o is %s', (members, state) => expect(stateOf({ ...account, ...members }, new Date('2026-01-01'))).toBe(state));
});

describe('secrets and fingerprints', () => {
  it('passwords are long, and never twice the same', () => {
    const many = new Set(Array.from({ length: 200 }, () => newPassword()));
    expect(many.size).toBe(200);
    for (const each of many) expect(each).toMatch(/^([a-hj-km-np-z2-9]{5}-){3}[a-hj-km-np-z2-9]{5}$/);
    expect(newPassword(3, 4)).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){2}$/);
  });

  it('bytes are thrown away that would make some signs likelier', () => {
    let call = 0;
    const made = newPassword(3, 4, (bytes) => bytes.fill(call++ ? 0 : 250));
    expect([call, made]).toEqual([2, 'aaaa-aaaa-aaaa']);
  });

  it('a fingerprint is that of the first certificate, in its DER form', async () => {
    const body = btoa('certificate');
    const pem = `text\n-----BEGIN CERTIFICATE-----\n${body.slice(0, 8)}\n${body.slice(8)}\n-----END CERTIFICATE-----\n`;
    const found = await fingerprintOf(pem + pem);
    expect(found).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(found).toBe(await fingerprintOf(pem));
    expect(await fingerprintOf('nothing')).toBe('');
  });
});
