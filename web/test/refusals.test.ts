import { beforeEach, expect, test, vi } from 'vitest';

import { failure, plain, toProblem } from '../src/api/problem';
import { speak } from '../src/i18n/index.svelte';
import { lineOf, wordsOf } from '../src/i18n/refusals';
import { isolated } from '../src/lib/isolate';

vi.stubGlobal('document', { documentElement: {} });

const said = (members: object, wait = 0) => toProblem(JSON.stringify(members), 409, wait);
const bare = (text: string) => text.replace(/[\u2068\u2069]/g, '');

const TAKEN = {
  code: 'exists',
  title: 'The name is taken',
  detail: "'/a b/x.txt' is there already",
  hint: 'Choose another name.',
  reason: 'path',
  values: { path: '/a b/x.txt' },
};

test('in English the server speaks for itself', async () => {
  await speak('en');
  expect(wordsOf(said(TAKEN))).toEqual({ text: "'/a b/x.txt' is there already", hint: 'Choose another name.' });
  expect(wordsOf(failure('offline')).text).toBe('The server cannot be reached. Check the network and try again.');
});

beforeEach(() => speak('fa'));

test('in Persian a case has a text of its own, with what it is about', () => {
  expect(bare(wordsOf(said(TAKEN)).text)).toBe('«/a b/x.txt» از پیش آنجاست.');
  expect(bare(lineOf(said({ code: 'weak_password', reason: 'short', values: { least: 10, most: 256 } })))).toBe(
    'گذرواژه کوتاه است: دست‌کم ۱۰ نویسه لازم است. · چهار واژهٔ بی‌ربط یا بیشتر به یاد می‌ماند.',
  );
});

test('how long to wait is told as people say it', () => {
  const wait = said({ code: 'too_many_requests', reason: 'guesses', values: {} }, 120);
  expect(bare(wordsOf(wait).hint)).toBe('پس از ۲ دقیقه دوباره بکوشید.');
});

test('a reason that is new, or comes without its values, falls back on its code', () => {
  for (const more of [{ reason: 'from_tomorrow' }, { reason: 'path', values: {} }, { reason: 'path', values: { path: null } }]) {
    expect(wordsOf(said({ ...TAKEN, values: {}, ...more })).text).toBe('این نام گرفته شده است.');
  }
});

test('what the server says of one case is not kept back where there are no words for it', () => {
  const odd = said({ code: 'invalid_request', title: 'The request is not valid', detail: 'body.level: not one of them' });
  expect(wordsOf(odd)).toEqual({ text: 'این درخواست پذیرفته نشد.', hint: isolated('body.level: not one of them') });
  const plainly = said({ code: 'invalid_request', title: 'The request is not valid', detail: 'The request is not valid' });
  expect(wordsOf(plainly).hint).toBe('');
});

test('a code from a newer server is told in its words', () => {
  expect(wordsOf(said({ code: 'brand_new', detail: 'Something new', hint: 'Update.' }))).toEqual({ text: isolated('Something new'), hint: isolated('Update.') });
  expect(wordsOf(toProblem('<html>', 502)).text).toBe('انجام نشد.');
});

test('what a thread tells another is all that words need', () => {
  const problem = said(TAKEN);
  expect(wordsOf(structuredClone(plain(problem)))).toEqual(wordsOf(problem));
});
