import { t } from '../i18n/index.svelte';
import { caps, isMac } from '../lib/keys';
import type { Act as Item } from '../parts/Menu.svelte';
import { shortcuts } from '../state/shortcuts.svelte';
import type { Act } from './acts';
import type { Desk } from './desk.svelte';

const key = (act: Act): string => shortcuts.of(act.keys)[0] ?? '';

/** Acts as a menu shows them, with a line between their groups. */
export function itemsOf(acts: readonly Act[], desk: Desk): Item[] {
  const mac = isMac();
  return acts.map((act, at) => ({
    text: t(act.label),
    icon: act.icon,
    fault: !!act.fault,
    divided: at > 0 && act.group !== acts[at - 1]?.group,
    ...(key(act) ? { keys: caps(key(act), mac).join(mac ? '' : '+') } : {}),
    on: () => void act.on(desk),
  }));
}
