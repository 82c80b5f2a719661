/** The queue of uploads: what waits, what runs, what became of it. Pure: no page, no network, no clock of its own. */
import { join } from '../api/paths';
import type { Failure } from '../api/problem';
import type { Held } from './messages';

/** What to do when the name is taken; the server's own words. `ask` never leaves the browser. */
export type Conflict = 'overwrite' | 'skip' | 'rename' | 'newer';

export type State =
  | 'waiting'
  | 'running'
  | 'paused'
  | 'asking'
  | 'failed'
  | 'lost' // begun before the page was loaded anew; needs its file
  | 'done'
  | 'skipped';

export interface Item {
  readonly id: number;
  readonly kind: 'file' | 'folder';
  /** Where it goes. */
  readonly path: string;
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  file: File | null;
  state: State;
  /** Bytes that need not be sent any more. */
  sent: number;
  /** What holds it up while it runs; at the end, the comparison. */
  pausedBy: Held | 'comparing';
  urgent: boolean;
  /** Sent before, perhaps with success that nobody heard of. */
  tried: boolean;
  conflict: Conflict | null;
  problem: Failure | null;
  /** What the server stored, in hexadecimal. */
  sha256: string;
  /** Whether that is what was read here. */
  checked: boolean;
  /** In which order they ended. */
  ended: number;
  /** Where it went, if that is not `path`. */
  went: string;
}

export interface Wanted {
  readonly kind: 'file' | 'folder';
  /** Relative to the folder that it was dropped on. */
  readonly path: string;
  readonly file: File | null;
}

/** What the transferring side gets to do next: one large file, one folder, or small files together. */
export type Work = { readonly kind: 'file' | 'folder' | 'batch'; readonly items: readonly Item[] };

export const SMALL = 1024 * 1024;
const BATCH_FILES = 100;
const BATCH_BYTES = 4 * 1024 * 1024;

export interface Totals {
  readonly files: number;
  readonly ended: number;
  readonly bytes: number;
  readonly sent: number;
}

/** What counts as one thing: the same file, dropped again on the same place. */
export const fingerprint = (item: { path: string; size: number; modified: number }): string =>
  `${item.size} ${item.modified} ${item.path}`;

const ENDED: ReadonlySet<State> = new Set(['done', 'skipped']);
const OPEN: ReadonlySet<State> = new Set(['waiting', 'running']);

export class Queue {
  items: Item[] = [];
  readonly #counts: Record<State, number> = {
    waiting: 0,
    running: 0,
    paused: 0,
    asking: 0,
    failed: 0,
    lost: 0,
    done: 0,
    skipped: 0,
  };
  #byId = new Map<number, Item>();
  #byPrint = new Map<string, Item>();
  #urgent: Item[] = [];
  #bytes = 0;
  #sent = 0;
  #last = 0;
  #endings = 0;
  /** Before it, nothing waits. */
  #from = 0;
  /** What was chosen for all conflicts to come. */
  #always: Conflict | null = null;

  get totals(): Totals {
    const ended = this.#counts.done + this.#counts.skipped;
    return { files: this.items.length, ended, bytes: this.#bytes, sent: this.#sent };
  }

  count(state: State): number {
    return this.#counts[state];
  }

  /** Whether something moves or is about to. */
  get busy(): boolean {
    return this.#counts.waiting + this.#counts.running > 0;
  }

  get(id: number): Item | undefined {
    return this.#byId.get(id);
  }

  /** Take files and folders that shall go below `folder`. One that is there already, unfinished, goes on instead. */
  add(folder: string, wanted: readonly Wanted[]): Item[] {
    if (!this.busy && !this.#counts.asking) this.#always = null;
    return wanted.map((each) => {
      const path = join(folder, each.path.normalize('NFC'));
      const size = each.file?.size ?? 0;
      const modified = each.file?.lastModified ?? 0;
      const there = each.kind === 'file' ? this.#byPrint.get(fingerprint({ path, size, modified })) : undefined;
      if (there && !ENDED.has(there.state)) {
        there.file = each.file;
        if (there.state === 'lost' || there.state === 'failed' || there.state === 'paused') this.#to(there, 'waiting');
        return there;
      }
      return this.#put(each.kind, path, size, modified, each.file, 'waiting');
    });
  }

  /** Show what an earlier page has left unfinished. */
  remember(path: string, size: number, modified: number, conflict: Conflict | null): Item {
    const there = this.#byPrint.get(fingerprint({ path, size, modified }));
    const item = there ?? this.#put('file', path, size, modified, null, 'lost');
    item.conflict ??= conflict;
    return item;
  }

  #put(kind: Item['kind'], path: string, size: number, modified: number, file: File | null, state: State): Item {
    const item: Item = {
      id: ++this.#last,
      kind,
      path,
      name: path.slice(path.lastIndexOf('/') + 1),
      size,
      modified,
      file,
      state,
      sent: 0,
      pausedBy: '',
      urgent: false,
      tried: false,
      conflict: null,
      problem: null,
      sha256: '',
      checked: false,
      ended: 0,
      went: '',
    };
    this.items.push(item);
    this.#byId.set(item.id, item);
    if (kind === 'file') this.#byPrint.set(fingerprint(item), item);
    this.#counts[state] += 1;
    this.#bytes += size;
    return item;
  }

  /** The next thing to do, which runs from now on; undefined if nothing waits. */
  next(): Work | undefined {
    const first = this.#nextWaiting();
    if (!first) return undefined;
    this.#to(first, 'running');
    if (first.kind === 'folder') return { kind: 'folder', items: [first] };
    if (first.size > SMALL) return { kind: 'file', items: [first] };
    const items = [first];
    let bytes = first.size;
    const list = first.urgent ? this.#urgent : this.items;
    for (let at = first.urgent ? 0 : this.#from; at < list.length && items.length < BATCH_FILES; at += 1) {
      const each = list[at] as Item;
      if (each.state !== 'waiting' || each.kind !== 'file' || each.size > SMALL) continue;
      if (each.urgent !== first.urgent || (bytes += each.size) > BATCH_BYTES) break;
      this.#to(each, 'running');
      items.push(each);
    }
    return { kind: 'batch', items };
  }

  #nextWaiting(): Item | undefined {
    this.#urgent = this.#urgent.filter((each) => each.state === 'waiting');
    const urgent = this.#urgent[0];
    if (urgent) return urgent;
    while (this.#from < this.items.length) {
      const item = this.items[this.#from] as Item;
      if (item.state === 'waiting') return item;
      this.#from += 1;
    }
    return undefined;
  }

  #to(item: Item, state: State, problem: Failure | null = null): void {
    this.#counts[item.state] -= 1;
    this.#counts[state] += 1;
    item.state = state;
    item.problem = problem;
    item.pausedBy = '';
    if (state === 'waiting') this.#from = 0;
    if (ENDED.has(state)) {
      item.ended = ++this.#endings;
      item.file = null; // so that ten thousand of them cost little
      this.#moved(item, item.size);
    }
  }

  #moved(item: Item, sent: number): void {
    this.#sent += sent - item.sent;
    item.sent = sent;
  }

  progress(id: number, sent: number, held: Item['pausedBy'] = ''): void {
    const item = this.#byId.get(id);
    if (item?.state !== 'running') return;
    item.pausedBy = held;
    this.#moved(item, Math.min(sent, item.size));
  }

  done(id: number, went: string, sha256 = '', checked = false): void {
    const item = this.#byId.get(id);
    if (item?.state !== 'running') return;
    item.sha256 = sha256;
    item.checked = checked;
    item.went = went === item.path ? '' : went;
    this.#to(item, 'done');
  }

  skipped(id: number): void {
    const item = this.#byId.get(id);
    if (item?.state === 'running') this.#to(item, 'skipped');
  }

  failed(id: number, problem: Failure): void {
    const item = this.#byId.get(id);
    if (item?.state !== 'running') return;
    if (!item.file && item.kind === 'file') this.#to(item, 'lost', problem);
    else this.#to(item, 'failed', problem);
    if (item.size <= SMALL) this.#moved(item, 0);
  }

  /** Let it wait again, as when what stands in the way concerns all of them. */
  back(id: number): void {
    const item = this.#byId.get(id);
    if (item?.state === 'running') this.#to(item, 'waiting');
  }

  /** The name is taken. What was chosen for all decides, or somebody is asked. */
  taken(id: number): void {
    const item = this.#byId.get(id);
    if (item?.state !== 'running') return;
    this.#moved(item, 0);
    if (this.#always) {
      item.conflict = this.#always;
      this.#to(item, 'waiting');
    } else this.#to(item, 'asking');
  }

  /** Decide about one whose name is taken, or about all such, now and until the queue has run dry. */
  answer(id: number, choice: Conflict, all: boolean): void {
    if (all) this.#always = choice;
    for (const item of all ? this.items : [this.#byId.get(id)]) {
      if (item?.state !== 'asking') continue;
      item.conflict = choice;
      this.#to(item, 'waiting');
    }
  }

  pause(id?: number): Item[] {
    return this.#each(id, (item) => {
      if (!OPEN.has(item.state) || item.pausedBy === 'comparing') return false;
      this.#to(item, 'paused');
      return true;
    });
  }

  resume(id?: number): Item[] {
    return this.#each(id, (item) => {
      if (item.state !== 'paused' && (item.state !== 'failed' || id === undefined)) return false;
      this.#to(item, 'waiting');
      return true;
    });
  }

  retry(): Item[] {
    return this.#each(undefined, (item) => {
      if (item.state !== 'failed') return false;
      this.#to(item, 'waiting');
      return true;
    });
  }

  /** It comes before all that waits, and tells the server so. */
  first(id: number): void {
    const item = this.#byId.get(id);
    if (item?.state !== 'waiting') return;
    item.urgent = true;
    this.#urgent.unshift(item);
  }

  /** Take one out, or all that have not ended. */
  cancel(id?: number): Item[] {
    const out = this.#each(id, (item) => !ENDED.has(item.state));
    this.#drop(new Set(out));
    return out;
  }

  /** Forget what has ended well. */
  clear(): void {
    this.#drop(new Set(this.items.filter((item) => ENDED.has(item.state))));
  }

  #drop(out: ReadonlySet<Item>): void {
    if (!out.size) return;
    this.items = this.items.filter((item) => !out.has(item));
    for (const item of out) {
      this.#byId.delete(item.id);
      if (this.#byPrint.get(fingerprint(item)) === item) this.#byPrint.delete(fingerprint(item));
      this.#counts[item.state] -= 1;
      this.#bytes -= item.size;
      this.#sent -= item.sent;
    }
    this.#urgent = this.#urgent.filter((item) => !out.has(item));
    this.#from = 0;
  }

  #each(id: number | undefined, change: (item: Item) => boolean): Item[] {
    if (id === undefined) return this.items.filter(change);
    const item = this.#byId.get(id);
    return item && change(item) ? [item] : [];
  }
}

const ORDER: readonly State[] = ['asking', 'running', 'failed', 'lost', 'paused', 'waiting', 'skipped', 'done'];

/** What is to be looked at first comes first; of what is done, the latest. */
export function arranged(items: readonly Item[]): Item[] {
  const by = new Map<State, Item[]>(ORDER.map((state) => [state, []]));
  for (const item of items) by.get(item.state)?.push(item);
  by.get('done')?.sort((a, b) => b.ended - a.ended);
  return ORDER.flatMap((state) => by.get(state) ?? []);
}
