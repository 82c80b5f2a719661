/** What rights are called: the name of their level, or else each of them. */
import { language, t } from '../i18n/index.svelte';
import { levelOf, partsOf } from './sharing';

export function levelName(rights: number): string {
  const level = levelOf(rights);
  if (level !== 'other') return t(`share-level-${level}`);
  return new Intl.ListFormat(language.locale).format(partsOf(rights).map((each) => t(`share-right-${each}`)));
}
