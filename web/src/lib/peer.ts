import type { Peer } from '../api/chat';
import { t } from '../i18n/index.svelte';

/** What the other side is called. */
export const called = (peer: Peer): string => (peer.kind === 'operators' ? t('chat-operators') : peer.name);
