/** Languages: a folder of Fluent catalogues each, and what the page's root says of the language. */
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';

import { remembered } from '../state/remembered';

export const LANGUAGES = {
  en: { name: 'English', dir: 'ltr', locale: 'en' },
  fa: { name: 'فارسی', dir: 'rtl', locale: 'fa-IR' },
} as const;
export type Code = keyof typeof LANGUAGES;

const catalogues: Record<Code, () => Promise<string>> = {
  en: async () => (await import('./en')).default,
  fa: async () => (await import('./fa')).default,
};

function bundleOf(code: Code, source: string): FluentBundle {
  const bundle = new FluentBundle(LANGUAGES[code].locale);
  const errors = bundle.addResource(new FluentResource(source));
  if (errors.length) throw errors[0];
  return bundle;
}

let current = $state.raw({ code: 'en' as Code, bundle: bundleOf('en', '') });

export const language = {
  get code() {
    return current.code;
  },
  get locale() {
    return LANGUAGES[current.code].locale;
  },
  get dir() {
    return LANGUAGES[current.code].dir;
  },
};

export async function speak(code: Code): Promise<void> {
  remembered.language = code; // at once: whoever leaves before the catalogue is here has chosen it all the same
  current = { code, bundle: bundleOf(code, await catalogues[code]()) };
  document.documentElement.lang = code;
  document.documentElement.dir = LANGUAGES[code].dir;
}

/** The one that was chosen here before, or the first that the browser asks for. */
export function preferred(): Code {
  const wanted = [remembered.language, ...navigator.languages.map((each) => each.slice(0, 2))];
  return wanted.find((each): each is Code => each !== null && each in LANGUAGES) ?? 'en';
}

/** A text in the present language. What is put into it is isolated, so that names cannot turn the line around. */
export function t(id: string, given: Record<string, FluentVariable> = {}): string {
  const message = current.bundle.getMessage(id);
  if (!message?.value) return id;
  return current.bundle.formatPattern(message.value, given);
}

/** The same where it is not known whether there is such a text, with all that it needs. */
export function told(id: string, given: Record<string, FluentVariable> = {}): string | null {
  const message = current.bundle.getMessage(id);
  if (!message?.value) return null;
  const faults: Error[] = [];
  const text = current.bundle.formatPattern(message.value, given, faults);
  return faults.length ? null : text;
}
