/** Conversations: with the operators, with other accounts, and for operators with whoever is here. */
import { ask, type Schemas } from './http';

export type Chat = Schemas['ChatOut'];
export type Peer = Schemas['PeerOut'];
export type Message = Schemas['MessageOut'];
export type Segment = Schemas['SegmentOut'];
export type History = Schemas['HistoryOut'];
export type Found = Schemas['FoundOut'];
export type Client = Schemas['ClientOut'];

/** Characters of a message. */
export const TEXT_MAX = 4000;
export const PAGE = 50;

export type Whom = { to: string | null; private?: boolean } | { session: number };

export const unread = async () => (await ask<Schemas['UnreadOut']>('GET', '/chats/unread')).unread;
export const chats = (before: number | null) => ask<Schemas['ChatsOut']>('GET', `/chats?limit=${PAGE}${before === null ? '' : `&before=${before}`}`);
export const chat = (id: number) => ask<Chat>('GET', `/chats/${id}`);
export const open = (whom: Whom) => ask<Chat>('POST', '/chats', whom);

/** Messages before a sequence number, the newest first, or after one, the oldest first; else the last. */
export function history(id: number, from: { before?: number; after?: number } = {}, signal?: AbortSignal): Promise<History> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (from.before !== undefined) query.set('before', String(from.before));
  if (from.after !== undefined) query.set('after', String(from.after));
  return ask('GET', `/chats/${id}/messages?${query}`, undefined, signal);
}

/** Sent again under the same id, it is the same message. */
export const send = (id: number, key: string, text: string) => ask<Message>('POST', `/chats/${id}/messages`, { id: key, text });
export const read = (id: number, upto: number) => ask<Chat>('POST', `/chats/${id}/read`, { upto });

export function search(words: string, before: number | null, signal?: AbortSignal): Promise<Found> {
  const query = new URLSearchParams({ query: words, limit: '30' });
  if (before !== null) query.set('before', String(before));
  return ask('GET', `/chats/search?${query}`, undefined, signal);
}

/** Who is here; for operators everybody. */
export const clients = async () => (await ask<Schemas['ClientsOut']>('GET', '/clients')).clients;
