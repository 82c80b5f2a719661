import { expect, test } from 'vitest';

import { Problem } from '../src/api/problem';
import { endOf } from '../src/lib/ended';

const TITLE = 'An operator has ended your session';
const kicked = (message: string) => new Problem('session_ended', 401, message, '', null, TITLE);
const over = new Problem('sign_in_required', 401, 'The session has ended or never was', '', null, 'Not signed in');
const EXPIRES = '2026-11-21T10:00:00Z';
const at = (time: string) => Date.parse(`2026-11-21T${time}Z`);

test.each([
  [kicked(`${TITLE}: disk work: until noon`), EXPIRES, at('09:00:00'), { by: 'operator', reason: 'disk work: until noon' }],
  [kicked(TITLE), EXPIRES, at('11:00:00'), { by: 'operator', reason: '' }],
  [over, EXPIRES, at('09:59:59'), { by: 'elsewhere', reason: '' }],
  [over, EXPIRES, at('10:00:00'), { by: 'time', reason: '' }],
  [over, null, at('10:00:00'), { by: 'elsewhere', reason: '' }],
])('%s', (problem, expires, now, ended) => {
  expect(endOf(problem, expires, now)).toEqual(ended);
});
