/** What to call somebody who is here. */
import type { Client } from '../../api/operations';
import { t } from '../../i18n/index.svelte';

export function nameOf(client: Client): string {
  return client.name || (client.kind === 'unknown' ? t('clients-unknown') : t('clients-guest'));
}

/** `signing in` is a word of the wire; keys have no spaces. */
export const doing = (client: Client): string => t(`doing-${client.state.replace(' ', '-')}`);
