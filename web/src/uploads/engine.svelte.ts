/** The queue at work: it hands pieces of work to the worker that moves bytes, and shows what becomes of them. */
import { join, parentOf } from '../api/paths';
import { failure, type Failure } from '../api/problem';
import { t } from '../i18n/index.svelte';
import { notify } from '../lib/notify';
import { live } from '../state/live.svelte';
import { session } from '../state/session.svelte';
import { uploads } from '../state/uploads.svelte';
import type { Begun, FromWorker, ToWorker } from './messages';
import { Queue, arranged, fingerprint, type Conflict, type Item, type State, type Totals, type Wanted } from './queue';
import { Rate } from './rate';
import { store, type Kept } from './store';
import { named, ofEntries, ofFiles, type Dropped } from './walk';

/** Pieces of work at once; the worker shares its connections among them. */
const WORKS = 4;
const TICK_MS = 250;
const HELD_S = 30;
/** Milliseconds: a refusal may come so long after the news that its reason has gone, and is tried again so soon. */
const LATE = 5000;
const SOON = 500;

/** What the panel shows, taken a few times a second. */
export interface View {
  readonly items: readonly Item[];
  readonly totals: Totals;
  readonly counts: Readonly<Record<State, number>>;
  readonly busy: boolean;
  readonly rate: number;
  readonly seconds: number | null;
}

const STATES = ['waiting', 'running', 'paused', 'asking', 'failed', 'lost', 'done', 'skipped'] as const;

class Engine {
  /** Why nothing goes on. It stays until the server takes something again, or somebody wants it tried. */
  held = $state.raw<Failure | null>(null);
  view = $state.raw<View>(this.#look(new Queue(), new Rate()));
  /** Folders are being read that were dropped. */
  reading = $state(0);

  readonly #queue = new Queue();
  readonly #rate = new Rate();
  readonly #begun = new Map<number, Begun>();
  readonly #handles = new Map<number, FileSystemFileHandle>();
  /** SHA-256 of whole files, as read here; a promise while it is computed. */
  readonly #digests = new Map<number, Promise<string>>();
  readonly #told = new Map<number, (sha256: string) => void>();
  #mover: Worker | undefined;
  #hasher: Worker | undefined;
  #works = 0;
  /** Something went on since the page was last told of an end; what is quick ends before it was ever shown. */
  #moved = false;
  #tick: ReturnType<typeof setTimeout> | undefined;
  #goOn: ReturnType<typeof setTimeout> | undefined;
  /** Nothing new is begun meanwhile. */
  #stopped = false;
  /** When maintenance ended, as the page heard it. */
  #over = -Infinity;
  #account = '';

  constructor() {
    addEventListener('beforeunload', (event) => this.#queue.busy && event.preventDefault());
    session.onleave(() => this.#forget());
    live.on('server', ({ kind, data }) => {
      if (kind !== 'maintenance' || data['on'] !== false) return;
      this.#over = performance.now();
      if (this.held) this.#tryAgain();
    });
    $effect.root(() => {
      $effect(() => {
        if (session.phase === 'in') void this.#begin(session.name);
      });
    });
  }

  // --- what people do --------------------------------------------------------------------------------------------

  async take(files: readonly File[], folder: string): Promise<void> {
    for (const some of ofFiles(files)) {
      this.#add(folder, some);
      await breath();
    }
  }

  async drop(dropped: Dropped, folder: string): Promise<void> {
    this.reading += 1;
    try {
      for await (const some of ofEntries(dropped.entries)) this.#add(folder, some);
    } finally {
      this.reading -= 1;
    }
    await this.take(named(dropped.files), folder); // without entries they come out of the clipboard
    for (const each of dropped.handles) void each.then((handle) => handle && this.#handle(folder, handle));
  }

  /** It is kept with the next news of what was begun. */
  #handle(folder: string, handle: FileSystemHandle): void {
    const path = join(folder, handle.name.normalize('NFC'));
    const item = this.#queue.items.find((each) => each.path === path && each.file); // what has ended holds no file
    if (item && handle.kind === 'file') this.#handles.set(item.id, handle as FileSystemFileHandle);
    const begun = item && this.#begun.get(item.id);
    if (begun) this.#keep(item.id, begun);
  }

  pause = (id?: number): void => this.#stop(this.#queue.pause(id));

  resume = (id?: number): void => {
    this.#queue.resume(id);
    this.#pump();
  };

  retry = (): void => {
    this.#queue.retry();
    this.#pump();
  };

  first = (id: number): void => {
    this.#queue.first(id);
    this.#changed();
  };

  answer = (id: number, choice: Conflict, all: boolean): void => {
    this.#queue.answer(id, choice, all);
    this.#pump();
    clearTimeout(this.#tick);
    this.#show(); // what was answered is not asked again
  };

  clear = (): void => {
    this.#queue.clear();
    this.#changed();
  };

  cancel = (id?: number): void => {
    const out = this.#queue.cancel(id);
    this.#stop(out);
    const begun = out.flatMap((item) => this.#begun.get(item.id)?.uploads ?? []).filter((each) => each !== null);
    if (begun.length) this.#say({ kind: 'drop', uploads: begun });
    for (const item of out) this.#ended(item);
  };

  /** Go on although something stood in the way. */
  goOn = (): void => {
    this.#released();
    this.#pump();
  };

  #released(): void {
    clearTimeout(this.#goOn);
    this.#stopped = false;
    this.held = null;
  }

  /** Whether the browser can open the file of an unfinished upload again. */
  hasHandle = (id: number): boolean => this.#handles.has(id);

  /** Open it again; the browser asks whoever is there. If they refuse, they can choose the file themselves. */
  async reopen(id: number): Promise<'found' | 'other' | 'refused'> {
    const handle = this.#handles.get(id) as (FileSystemFileHandle & { requestPermission?(how: { mode: 'read' }): Promise<string> }) | undefined;
    try {
      if (handle && (await handle.requestPermission?.({ mode: 'read' })) === 'granted') {
        return this.found(id, await handle.getFile()) ? 'found' : 'other';
      }
    } catch {
      // moved or deleted meanwhile
    }
    this.#handles.delete(id);
    this.#changed();
    return 'refused';
  }

  /** Go on with an unfinished upload, if that is its file. */
  found(id: number, file: File): boolean {
    const item = this.#queue.get(id);
    if (!item || file.size !== item.size || file.lastModified !== item.modified) return false;
    item.file = file;
    this.#add(parentOf(item.path), [{ kind: 'file', path: item.name, file }]);
    return true;
  }

  // --- what the worker says --------------------------------------------------------------------------------------

  #hear(message: FromWorker): void {
    const queue = this.#queue;
    if (this.held && !this.#stopped && message.kind !== 'free' && message.kind !== 'held') {
      if (message.kind !== 'progress' || message.sent > (queue.get(message.id)?.sent ?? 0)) this.#released();
    }
    if (message.kind === 'free') this.#works -= 1;
    else if (message.kind === 'progress') queue.progress(message.id, message.sent, message.held);
    else if (message.kind === 'begun') this.#keep(message.id, message.begun);
    else if (message.kind === 'done') void this.#done(message);
    else if (message.kind === 'taken') queue.taken(message.id);
    else if (message.kind === 'skipped') this.#settle(message.id, () => queue.skipped(message.id));
    else if (message.kind === 'failed') queue.failed(message.id, message.problem);
    else if (message.kind === 'held') this.#hold(message.id, message.problem);
  }

  async #done(message: FromWorker & { kind: 'done' }): Promise<void> {
    const { id, path, sha256 } = message;
    const digest = this.#digests.get(id);
    let checked = message.checked;
    if (digest && !checked) {
      this.#queue.progress(id, Infinity, 'comparing');
      const own = await digest;
      if (own && sha256 && own !== sha256) {
        this.#settle(id, () => this.#queue.failed(id, failure('differs')));
        this.#pump();
        return;
      }
      checked = own !== '' && sha256 !== '';
    }
    this.#settle(id, () => this.#queue.done(id, path, sha256, checked));
    if (digest) this.#pump();
  }

  #settle(id: number, end: () => void): void {
    const item = this.#queue.get(id);
    end();
    if (item) this.#ended(item);
  }

  #ended(item: Item): void {
    if (this.#begun.delete(item.id) || this.#handles.has(item.id)) void store.remove(this.#key(item));
    this.#handles.delete(item.id);
    this.#digests.delete(item.id);
  }

  #hold(id: number, problem: Failure): void {
    this.#queue.back(id);
    this.#stopped = true;
    // What is said is not said again with each try.
    if (this.held?.code !== problem.code || this.held.message !== problem.message) this.held = problem;
    if (problem.code === 'sign_in_required' || problem.code === 'session_ended') return void session.check();
    clearTimeout(this.#goOn);
    const late = performance.now() - this.#over < LATE;
    this.#goOn = setTimeout(() => this.#tryAgain(), late ? SOON : (problem.retryAfter ?? HELD_S) * 1000);
  }

  #tryAgain(): void {
    clearTimeout(this.#goOn);
    this.#stopped = false;
    this.#pump();
  }

  // --- work ------------------------------------------------------------------------------------------------------

  #add(folder: string, wanted: readonly Wanted[]): Item[] {
    const items = this.#queue.add(folder, wanted);
    this.#pump();
    return items;
  }

  #pump(): void {
    while (!this.#stopped && this.#works < WORKS) {
      const work = this.#queue.next();
      if (!work) break;
      const jobs = work.items.filter((item) => item.file || item.kind === 'folder').map((item) => this.#job(item));
      for (const item of work.items) {
        if (!item.file && item.kind === 'file') this.#queue.failed(item.id, failure('unreadable'));
      }
      if (!jobs.length) continue;
      this.#works += 1;
      this.#moved = true;
      this.#say({ kind: work.kind, jobs });
    }
    this.#changed();
  }

  #job(item: Item) {
    const { id, path, size, modified, file, conflict, urgent, tried } = item;
    item.tried = true;
    if (file && size > 0 && !this.#digests.has(id) && size > 1024 * 1024) this.#digests.set(id, this.#digest(id, file));
    return { id, path, size, modified, file, conflict, urgent, tried, begun: this.#begun.get(id) ?? null };
  }

  #digest(id: number, file: File): Promise<string> {
    if (!this.#hasher) {
      this.#hasher = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' });
      this.#hasher.onmessage = ({ data }: MessageEvent<{ id: number; sha256: string }>) => this.#told.get(data.id)?.(data.sha256);
      this.#hasher.onerror = () => this.#told.forEach((tell) => tell(''));
    }
    this.#hasher.postMessage({ id, file });
    return new Promise((resolve) => this.#told.set(id, resolve)).finally(() => this.#told.delete(id)) as Promise<string>;
  }

  #say(message: ToWorker): void {
    if (!this.#mover) {
      this.#mover = new Worker(new URL('./move.worker.ts', import.meta.url), { type: 'module' });
      this.#mover.onmessage = ({ data }: MessageEvent<FromWorker[]>) => {
        for (const each of data) this.#hear(each);
        this.#pump();
      };
    }
    this.#mover.postMessage(message);
  }

  #stop(items: readonly Item[]): void {
    if (items.length && this.#mover) this.#say({ kind: 'stop', ids: items.map((item) => item.id) });
    this.#pump();
  }

  // --- what stays ------------------------------------------------------------------------------------------------

  #key = (item: Item): string => `${this.#account} ${fingerprint(item)}`;

  #keep(id: number, begun: Begun): void {
    const item = this.#queue.get(id);
    if (!item) return;
    this.#begun.set(id, begun);
    const { path, size, modified, conflict } = item;
    const handle = this.#handles.get(id) ?? null;
    void store.put({ key: this.#key(item), account: this.#account, path, size, modified, conflict, begun, handle, at: Date.now() });
  }

  async #begin(account: string): Promise<void> {
    if (this.#account === account) return this.goOn();
    if (this.#account) this.#reset();
    this.#account = account;
    for (const kept of await store.of(account)) this.#remember(kept);
    this.#changed();
  }

  #remember({ path, size, modified, conflict, begun, handle }: Kept): void {
    const item = this.#queue.remember(path, size, modified, conflict);
    if (begun && !this.#begun.has(item.id)) this.#begun.set(item.id, begun);
    if (handle) this.#handles.set(item.id, handle);
  }

  /** Somebody signs out: nothing of theirs goes on, and nothing is remembered. */
  #forget(): void {
    this.#reset();
    void store.clear();
  }

  #reset(): void {
    this.#mover?.terminate();
    this.#hasher?.terminate();
    this.#mover = this.#hasher = undefined;
    this.#queue.cancel();
    this.#queue.clear();
    for (const each of [this.#begun, this.#handles, this.#digests, this.#told]) each.clear();
    this.#works = 0;
    this.#account = '';
    this.#released();
    this.#changed();
  }

  // --- what is shown ---------------------------------------------------------------------------------------------

  #changed(): void {
    this.#tick ??= setTimeout(() => this.#show(), TICK_MS);
  }

  #show(): void {
    this.#tick = undefined;
    const { busy, totals } = this.#queue;
    if (busy) this.#rate.add(performance.now(), totals.sent);
    else this.#rate.reset();
    this.view = this.#look(this.#queue, this.#rate);
    uploads.percent = busy ? percentOf(totals) : null;
    if (this.#moved && !busy && totals.files) tellEnd(this.view);
    this.#moved = busy;
    if (busy) this.#changed(); // the rate falls, too
  }

  #look(queue: Queue, rate: Rate): View {
    const totals = queue.totals;
    return {
      items: arranged(queue.items),
      totals,
      counts: Object.fromEntries(STATES.map((state) => [state, queue.count(state)])) as Record<State, number>,
      busy: queue.busy,
      rate: rate.perSecond,
      seconds: rate.secondsFor(totals.bytes - totals.sent),
    };
  }
}

/** By bytes; where there are none, by files. Not whole before everything has ended. */
export function percentOf(totals: Totals): number {
  const share = totals.bytes ? totals.sent / totals.bytes : totals.ended / Math.max(1, totals.files);
  return Math.min(totals.ended < totals.files ? 99 : 100, Math.floor(share * 100));
}

function tellEnd({ totals, counts }: View): void {
  const failed = counts.failed + counts.asking;
  notify(t('uploads'), failed ? t('upload-ended-some', { count: failed }) : t('upload-ended-all', { count: totals.ended }), 'uploads');
}

/** Let the page draw in between. */
const breath = () => new Promise((resolve) => setTimeout(resolve));

export const engine = new Engine();
