import { t } from '../i18n/index.svelte';
import { caps, isMac } from '../lib/keys';
import type { Act as Item } from '../parts/Menu.svelte';
import type { Act } from './acts';
import type { Desk } from './desk.svelte';

/** Acts as a menu shows them, with a line between their groups. */
export function itemsOf(acts: readonly Act[], desk: Desk): Item[] {
  const mac = isMac();
  return acts.map((act, at) => ({
    text: t(act.label),
    icon: act.icon,
    fault: !!act.fault,
    divided: at > 0 && act.group !== acts[at - 1]?.group,
    ...(act.keys?.[0] ? { keys: caps(act.keys[0], mac).join(mac ? '' : '+') } : {}),
    on: () => void act.on(desk),
  }));
}
