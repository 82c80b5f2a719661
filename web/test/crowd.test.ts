import { expect, test } from 'vitest';

import type { Client } from '../src/api/operations';
import { device, heard, shown, tally, type Look } from '../src/lib/crowd';
import { percent, rate, span } from '../src/lib/format';

const client = (id: string, other: Partial<Client> = {}): Client => ({
  id,
  name: `n${id}`,
  kind: 'account',
  session: Number(id),
  door: 'http',
  address: '192.0.2.1',
  agent: '',
  device: null,
  since: `2026-11-21T09:00:0${id}.000000Z`,
  state: 'idle',
  path: '',
  bytes: 0,
  size: null,
  percent: null,
  files: 0,
  rate: 0,
  eta: null,
  received: 0,
  sent: 0,
  ...other,
});
const look = (other: Partial<Look> = {}): Look => ({ search: '', door: '', state: '', sort: 'since', order: 'asc', ...other });
const ids = (clients: readonly Client[]) => clients.map((each) => each.id).join('');

test('events join, change and leave', () => {
  const crowd = new Map<string, Client>();
  heard(crowd, 'joined', client('1'));
  heard(crowd, 'changed', client('1', { rate: 5 }));
  heard(crowd, 'joined', client('2'));
  heard(crowd, 'left', client('2'));
  heard(crowd, 'left', client('3'));
  expect([...crowd.values()]).toEqual([client('1', { rate: 5 })]);
});

const CROWD = [
  client('3', { name: 'علي', rate: 10, state: 'uploading', path: '/big.iso' }),
  client('1', { name: 'Sara', door: 'ftps', rate: 30, state: 'downloading' }),
  client('2', { name: 'bob', address: '2001:db8::7', rate: 10 }),
];

test.each([
  [look(), '123'],
  [look({ order: 'desc' }), '321'],
  [look({ sort: 'rate', order: 'desc' }), '123'],
  [look({ sort: 'rate' }), '231'],
  [look({ sort: 'state' }), '312'],
  [look({ search: 'sar' }), '1'],
  [look({ search: 'علی' }), '3'],
  [look({ search: ' 2001: BOB ' }), '2'],
  [look({ search: 'big.iso' }), '3'],
  [look({ search: 'nobody' }), ''],
  [look({ door: 'ftps' }), '1'],
  [look({ state: 'uploading' }), '3'],
  [look({ door: 'ftps', state: 'uploading' }), ''],
])('%j shows %s', (how, expected) => expect(ids(shown(CROWD, how))).toBe(expected));

test('the most frequent comes first', () =>
  expect(tally(CROWD, (each) => each.door)).toEqual([
    ['http', 2],
    ['ftps', 1],
  ]));

test.each([
  ['', ''],
  ['secure-file-transfer/1.0 (linux)', 'secure-file-transfer/1.0'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36', 'Chrome · Linux'],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0', 'Edge · Windows'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1', 'Safari · iPhone'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0', 'Firefox · Linux'],
])('%s is %s', (agent, said) => expect(device(agent)).toBe(said));

test.each([
  [0, '0 byte/s'],
  [999, '999 byte/s'],
  [1500, '1.5 kB/s'],
  [52_400_000, '52.4 MB/s'],
  [999_600, '1 MB/s'],
])('%d bytes in a second are %s', (bytes, said) => expect(rate(bytes, 'en')).toBe(said));

test.each([
  [0, '0 sec'],
  [59.6, '1 min'],
  [61, '1 min 1 sec'],
  [3600, '1 hr'],
  [90_061, '1 day 1 hr'],
])('%d seconds are %s', (seconds, said) => expect(span(seconds, 'en')).toBe(said));

test('Persian has its own percents', () => expect(percent(8, 'fa-IR')).toContain('۸'));
