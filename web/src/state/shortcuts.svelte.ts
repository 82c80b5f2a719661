/** Whether signs such as `/` do something by themselves. Whoever speaks to the computer, or misses keys, turns them off (WCAG 2.1.4). */
import { isSingle } from '../lib/keys';
import { remembered } from './remembered';

let single = $state(remembered.keys !== 'no');

export const shortcuts = {
  /** Whether keys without Ctrl, Alt or Command count, where they are signs that people write. */
  get single() {
    return single;
  },
  set single(wanted: boolean) {
    single = wanted;
    remembered.keys = wanted ? null : 'no';
  },
  /** Those keys that do something now. */
  of: (keys: readonly string[] = []): readonly string[] => (single ? keys : keys.filter((key) => !isSingle(key))),
};
