/** The words for what did not work. The server says it in English; for every other language there is `errors.ftl`. */
import type { Failure, Values } from '../api/problem';
import { duration, size } from '../lib/format';
import { isolated } from '../lib/isolate';
import { language, t, told } from './index.svelte';

interface Words {
  readonly text: string;
  /** What to do next, or what the server says besides. */
  readonly hint: string;
}

/** What only the page knows: no server has said it. */
const OWN: Readonly<Record<string, readonly [text: string, hint?: string]>> = {
  offline: ['failed-offline'],
  unreadable: ['upload-unreadable', 'upload-unreadable-hint'],
  differs: ['upload-differs', 'upload-differs-hint'],
  interrupted: ['upload-unclear', 'upload-unclear-hint'],
};

/** In the direction of the page: what is in another language, or is a name, is isolated. */
export function wordsOf(failure: Failure): Words {
  const own = failure.message ? undefined : OWN[failure.code];
  if (own) return { text: t(own[0]), hint: own[1] ? t(own[1]) : '' };
  if (language.code === 'en') return { text: failure.message || t('failed-unknown'), hint: failure.hint };
  return translated(failure) ?? { text: foreign(failure.message) || t('failed-unknown'), hint: foreign(failure.hint) };
}

const foreign = (said: string) => said && isolated(said);

export const textOf = (failure: Failure): string => wordsOf(failure).text;
export const hintOf = (failure: Failure): string => wordsOf(failure).hint;

/** Both, where there is one line for them. */
export function lineOf(failure: Failure): string {
  const { text, hint } = wordsOf(failure);
  return [text, hint].filter(Boolean).join(' · ');
}

/** The words for this case, or for all cases of its code: then what the server says of this one is not kept back. */
function translated(failure: Failure): Words | null {
  const code = `error-${failure.code.replaceAll('_', '-')}`;
  const values = shown(failure);
  if (failure.reason) {
    const id = `${code}-${failure.reason.replaceAll('_', '-')}`;
    const text = told(id, values);
    if (text !== null) return { text, hint: told(`${id}-hint`, values) ?? '' };
  }
  const text = told(code, values);
  const besides = failure.message === failure.title ? '' : failure.message;
  return text === null ? null : { text, hint: told(`${code}-hint`, values) ?? foreign(besides) };
}

/** Amounts as people read them. */
function shown({ values, retryAfter }: Failure): Values {
  const all: Values = retryAfter === null ? values : { seconds: retryAfter, ...values };
  const units: Record<string, (amount: number, locale: string) => string> = { seconds: duration, bytes: size };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, typeof value === 'number' ? (units[name]?.(value, language.locale) ?? value) : value]),
  );
}
