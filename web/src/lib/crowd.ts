/** The list of clients as it is looked at: what events make of it, who is shown, and in what order. */
import type { Client } from '../api/operations';
import { program } from './agent';

export type Column = 'name' | 'address' | 'since' | 'state' | 'path' | 'rate';
export type State = Client['state'];

export const STATES: readonly State[] = ['uploading', 'downloading', 'paused', 'listing', 'chatting', 'idle', 'signing in'];

export interface Look {
  readonly search: string;
  readonly door: string;
  readonly state: string;
  readonly sort: Column;
  readonly order: 'asc' | 'desc';
}

/** What an event says of one client, put into the list. */
export function heard(crowd: Map<string, Client>, kind: string, client: Client): void {
  if (kind === 'left') crowd.delete(client.id);
  else crowd.set(client.id, client);
}

/** Letters of either case, and of Persian and Arabic keyboards, are the same. */
const folded = (text: string) => text.toLowerCase().replaceAll('ي', 'ی').replaceAll('ك', 'ک');

function fits(client: Client, words: readonly string[], look: Look): boolean {
  if (look.door && client.door !== look.door) return false;
  if (look.state && client.state !== look.state) return false;
  if (!words.length) return true;
  const text = folded(`${client.name}\n${client.address}\n${client.agent}\n${client.path}\n${client.id}`);
  return words.every((word) => text.includes(word));
}

type Compare = (a: Client, b: Client) => number;
const byText = new Intl.Collator(undefined, { numeric: true }).compare;
const compare: Record<Column, Compare> = {
  name: (a, b) => byText(a.name, b.name),
  address: (a, b) => byText(a.address, b.address),
  since: (a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0),
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
  path: (a, b) => byText(a.path, b.path),
  rate: (a, b) => a.rate - b.rate,
};

/** Those who are to be shown. Whoever came first stands first among equals, so rows do not change places for nothing. */
export function shown(crowd: Iterable<Client>, look: Look): Client[] {
  const words = folded(look.search).split(/\s+/u).filter(Boolean);
  const found = [...crowd].filter((client) => fits(client, words, look));
  const turn = look.order === 'asc' ? 1 : -1;
  return found.sort((a, b) => turn * compare[look.sort](a, b) || compare.since(a, b) || byText(a.id, b.id));
}

/** How many there are of each, the most frequent first. */
export function tally(crowd: Iterable<Client>, of: (client: Client) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const client of crowd) counts.set(of(client), (counts.get(of(client)) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || byText(a, b));
}

/** What somebody is doing it with, in two words where the agent is a browser; else its own first word. */
export function device(agent: string): string {
  const { name, system } = program(agent);
  return (agent.startsWith('Mozilla/') && [name, system].filter(Boolean).join(' · ')) || (agent.split(' ')[0] ?? '');
}
