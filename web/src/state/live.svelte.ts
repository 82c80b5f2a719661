/** What happens on the server, as it does: one connection for the whole page, opened when somebody first listens. */
import { API } from '../api/http';
import { session } from './session.svelte';

export type Topic = 'files' | 'clients' | 'warnings' | 'chat' | 'jobs' | 'log' | 'server';

export interface LiveEvent {
  readonly id: string | null;
  readonly topic: Topic;
  readonly kind: string;
  readonly data: Record<string, unknown>;
  readonly at: string;
}

/** What is called with each event; also with `resync`, which means: something may have been missed, look again. */
export type Heard = (event: LiveEvent) => void;

const SESSION_ENDED = 4401;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** The server says something at least each 45 s. */
const SILENCE = 120_000;
/** So long without a connection is no hiccup and no restart any more, and worth a word. */
const DOUBT = 6000;
/** Without events, how often everybody looks again; and without a server, how often it is asked for. */
const LOOK = 20_000;
const ASK = 4000;

/** `slow`: the server answers, but events do not come through; `cut`: it does not answer. */
export type Line = 'live' | 'slow' | 'cut';

const byTopic = new Map<Topic, Set<Heard>>();
const byFolder = new Map<string, Set<Heard>>();
let socket: WebSocket | null = null;
let last: string | null = null;
let wait = FIRST_WAIT;
let retry: ReturnType<typeof setTimeout> | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;
/** Whether an answer to a message is awaited; the next one waits for it. */
let asked = false;
let stale = false;
let connected = $state(false);
let line = $state<Line>('live');
let doubt: ReturnType<typeof setTimeout> | undefined;
/** The folders that the server watches for this connection. */
let watched = new Set<unknown>();
/** The topics that it tells of. */
let told = new Set<unknown>();

const wanted = () => ({ topics: [...byTopic.keys(), ...(byFolder.size && !byTopic.has('files') ? ['files'] : [])], watch: [...byFolder.keys()] });

function choose(): void {
  if (socket?.readyState !== WebSocket.OPEN) return connect();
  if (asked) {
    stale = true;
    return;
  }
  asked = true;
  socket.send(JSON.stringify(wanted()));
}

function connect(): void {
  if (socket || retry || session.phase !== 'in' || (!byTopic.size && !byFolder.size)) return;
  const mine = (socket = new WebSocket(`wss://${location.host}${API}/events`));
  asked = true;
  stale = false;
  watched = new Set();
  told = new Set();
  mine.onopen = () => mine.send(JSON.stringify({ ...wanted(), ...(last ? { after: last } : {}) }));
  mine.onmessage = (message) => hear(JSON.parse(message.data as string) as LiveEvent);
  mine.onclose = (closed) => over(closed);
  listenOn();
}

function listenOn(): void {
  clearTimeout(silence);
  silence = setTimeout(() => socket?.close(), SILENCE);
}

function over(closed: CloseEvent): void {
  const welcome = connected;
  socket = null;
  connected = false;
  clearTimeout(silence);
  if (closed.code === SESSION_ENDED) {
    last = null;
    wait = FIRST_WAIT;
  }
  // The session that ended may be the one before this; and a refused handshake tells a page nothing.
  if (closed.code === SESSION_ENDED || !welcome) void session.check();
  doubt ??= setTimeout(() => void look(), DOUBT);
  retry = setTimeout(() => {
    retry = undefined;
    connect();
  }, wait * (0.5 + Math.random() / 2));
  wait = Math.min(LONGEST_WAIT, wait * 2);
}

/** There is no connection still: find out how it stands, and see that nobody misses what happens. */
async function look(): Promise<void> {
  const answered = await session.check();
  if (connected || session.phase !== 'in') return calm();
  const back = answered && line === 'cut';
  line = answered ? 'slow' : 'cut';
  doubt = setTimeout(() => void look(), answered ? LOOK : ASK);
  if (back) again();
  if (answered && !document.hidden) tellAll({ id: null, topic: 'server', kind: 'resync', data: {}, at: new Date().toISOString() });
}

function calm(): void {
  clearTimeout(doubt);
  doubt = undefined;
  line = 'live';
}

/** Connect now, however long it would have waited. */
function again(): void {
  clearTimeout(retry);
  retry = undefined;
  wait = FIRST_WAIT;
  connect();
}

function tellAll(event: LiveEvent): void {
  for (const heard of new Set([...byTopic.values(), ...byFolder.values()].flatMap((each) => [...each]))) heard(event);
}

function hear(event: LiveEvent): void {
  listenOn();
  last = event.id ?? last;
  if (event.topic === 'server' && (event.kind === 'subscribed' || event.kind === 'refused')) {
    asked = false;
    connected = true;
    calm();
    wait = FIRST_WAIT;
    if (event.kind === 'subscribed') tellBegun(event);
    if (stale) {
      stale = false;
      choose();
    }
  } else if (event.topic === 'server' && event.kind === 'resync') {
    tellAll(event);
  } else {
    const path = event.topic === 'files' ? event.data['path'] : undefined;
    if (typeof path === 'string') for (const heard of byFolder.get(path) ?? []) heard(event);
    for (const heard of byTopic.get(event.topic) ?? []) heard(event);
  }
}

/** Whoever listens hears when that has begun: what came before they have to look at by themselves. */
function tellBegun(event: LiveEvent): void {
  const [folders, topics] = [new Set(event.data['watch'] as unknown[]), new Set(event.data['topics'] as unknown[])];
  const begun = [...byFolder].filter(([path]) => folders.has(path) && !watched.has(path));
  const heard = [...byTopic].filter(([topic]) => topics.has(topic) && !told.has(topic));
  [watched, told] = [folders, topics];
  for (const [, all] of begun) for (const each of all) each(event);
  for (const [, all] of heard) for (const each of all) each({ ...event, kind: 'resync' });
}

function listen<Key>(where: Map<Key, Set<Heard>>, key: Key, heard: Heard): () => void {
  const there = where.get(key);
  if (there) there.add(heard);
  else {
    where.set(key, new Set([heard]));
    choose();
  }
  return () => {
    const left = where.get(key);
    left?.delete(heard);
    if (left && !left.size) {
      where.delete(key);
      choose();
    }
  };
}

export const live = {
  /** Whether events come at this moment. */
  get connected() {
    return connected;
  },
  /** Whether the server tells of a topic already; if not, a `resync` comes when it begins. */
  tells: (topic: Topic): boolean => told.has(topic),
  /** How news come; all is well when they are `live`. */
  get line() {
    return line;
  },
  /** Hear of a topic until the function that is returned is called; the first that comes may be a `resync`. */
  on: (topic: Topic, heard: Heard) => listen(byTopic, topic, heard),
  /** Hear of changes in one folder: list it once more when it is `subscribed`; a `gone` means that it is no more. */
  watch: (path: string, heard: Heard) => listen(byFolder, path, heard),
  /** Begin, after signing in, what was asked for before. */
  begin: connect,
};
