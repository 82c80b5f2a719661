/** One large file by tus 1.0: parts beside each other, pieces with a checksum, and then they are joined. */
import { inUrl } from '../api/paths';
import { Problem } from '../api/problem';
import { driveOf } from '../lib/drives';
import type { Begun, Held, Job } from './messages';
import { PIECE, partSize, parts, pieceEnd, type Part } from './parts';
import type { Conflict } from './queue';
import { Reader } from './reading';
import { Slots, backoff, heldBy, pause } from './slots';
import type { Answer, Request, Send } from './wire';

const BASE = '/api/v1/uploads';
/** One file has so many parts on the way; several files share the connections. */
const BESIDE = 4;
const CHECKSUM_MISMATCH = 460;
const MISMATCHES = 5;
const pieces = new Reader(PIECE);
const GONE: ReadonlySet<number> = new Set([404, 410]);

export interface Stored {
  readonly path: string;
  readonly sha256: string;
}

export interface Told {
  progress(sent: number, held: Held): void;
  begun(begun: Begun): void;
}

type Sending = Omit<Request, 'headers' | 'signal' | 'path' | 'method'> & { headers?: Record<string, string> };

export class TusUpload {
  readonly #parts: readonly Part[];
  readonly #size: number;
  readonly #uploads: (string | null)[];
  readonly #sent: number[];
  readonly #name = Array.from(crypto.getRandomValues(new Uint8Array(8)), (each) => each.toString(16).padStart(2, '0')).join('');
  #stored: Stored | null = null;
  #held = 0;
  #by: Held = '';

  constructor(
    readonly job: Job & { readonly file: File },
    readonly tell: Told,
    readonly signal: AbortSignal,
    readonly send: Send,
    readonly slots: Slots,
  ) {
    // Parts lie in one's own drive until they are joined, and no byte moves then: elsewhere it goes as one.
    this.#size = job.begun?.partSize ?? (driveOf(job.path) ? job.size : partSize(job.size));
    this.#parts = parts(job.size, this.#size);
    this.#uploads = this.#parts.map((_, at) => job.begun?.uploads[at] ?? null);
    this.#sent = this.#parts.map(() => 0);
  }

  /** Send all of it. Throws `Problem`, and what `signal` was aborted with. */
  async run(): Promise<Stored> {
    if (!this.#whole && !this.job.begun) await this.#mayGo();
    let next = 0;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.signal, stop.signal]);
    const lane = async () => {
      while (next < this.#parts.length) await this.#part(next++, signal);
    };
    try {
      await Promise.all(Array.from({ length: Math.min(BESIDE, this.#parts.length) }, lane));
    } finally {
      stop.abort(new Problem('cancelled', 0, '')); // when one part cannot go on, the others need not either
    }
    return this.#stored ?? (await this.#join());
  }

  get #whole(): boolean {
    return this.#parts.length === 1;
  }

  /** Parts say nothing of the place they are for: whether the whole would be taken is asked before they are sent. */
  async #mayGo(): Promise<void> {
    const headers = { 'upload-length': String(this.job.size), 'upload-metadata': metadata(this.job) };
    const made = await this.#patiently(this.signal, () => this.#ask('POST', BASE, this.signal, { headers }));
    await this.#ask('DELETE', made.header('location') ?? '', this.signal).catch(() => undefined); // it expires by itself
  }

  async #part(at: number, signal: AbortSignal): Promise<void> {
    const part = this.#parts[at] as Part;
    const length = part.end - part.begin;
    let offset = this.#uploads[at] ? await this.#offset(at, signal) : 0;
    let mismatches = 0;
    let attempt = 0;
    while (!(offset === length && this.#uploads[at])) {
      try {
        if (!this.#uploads[at]) {
          await this.#create(at, length, signal);
          offset = 0;
        } else offset = await this.#piece(at, part, offset, signal);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.status === CHECKSUM_MISMATCH && (mismatches += 1) < MISMATCHES) continue;
        if (GONE.has(error.status) && this.#uploads[at]) this.#keep(at, null);
        else if (error.code !== 'conflict' && !error.retryable) throw error;
        else {
          await this.#wait(error, attempt++, signal);
          if (this.#uploads[at]) offset = await this.#offset(at, signal);
        }
      }
    }
    this.#progress(at, length);
  }

  async #wait(problem: Problem, attempt: number, signal: AbortSignal): Promise<void> {
    this.#held += 1;
    this.#by = heldBy(problem);
    this.#progress();
    try {
      await pause(backoff(attempt, problem.retryAfter), signal);
    } finally {
      this.#held -= 1;
    }
  }

  /** Ask until there is an answer, for what may be asked twice. */
  async #patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Problem) || !error.retryable) throw error;
        await this.#wait(error, attempt, signal);
      }
    }
  }

  #ask(method: string, path: string, signal: AbortSignal, { headers, ...rest }: Sending = {}): Promise<Answer> {
    const urgency = this.job.urgent ? { priority: 'u=1' } : {};
    const all = { 'tus-resumable': '1.0.0', ...urgency, ...headers };
    return this.slots.within(() => this.send({ method, path, signal, headers: all, ...rest }));
  }

  async #offset(at: number, signal: AbortSignal): Promise<number> {
    try {
      const found = await this.#patiently(signal, () => this.#ask('HEAD', this.#uploads[at] as string, signal));
      const offset = Number(found.header('upload-offset'));
      if (this.#whole) this.#take(found);
      this.#progress(at, offset);
      return offset;
    } catch (error) {
      if (!(error instanceof Problem) || !GONE.has(error.status)) throw error;
      this.#keep(at, null);
      return 0;
    }
  }

  async #create(at: number, length: number, signal: AbortSignal): Promise<void> {
    const kind = this.#whole ? { 'upload-metadata': metadata(this.job) } : { 'upload-concat': 'partial' };
    const made = await this.#ask('POST', BASE, signal, { headers: { 'upload-length': String(length), ...kind } });
    this.#keep(at, made.header('location'));
    this.#progress(at, 0);
  }

  async #piece(at: number, part: Part, offset: number, signal: AbortSignal): Promise<number> {
    const end = pieceEnd(part, offset);
    return this.slots.within(async () => {
      const [from, to] = [part.begin + offset, part.begin + end];
      const content = this.job.file.slice(from, to);
      const digest = new Uint8Array(await pieces.within(content, (bytes) => crypto.subtle.digest('SHA-256', bytes)));
      const answer = await this.send({
        method: 'PATCH',
        path: this.#uploads[at] as string,
        body: content, // read by the browser: the tab holds no second copy
        signal,
        headers: {
          'tus-resumable': '1.0.0',
          'content-type': 'application/offset+octet-stream',
          'upload-offset': String(offset),
          'upload-checksum': `sha256 ${btoa(String.fromCharCode(...digest))}`,
          'transfer-name': this.#named(),
          ...(this.job.urgent ? { priority: 'u=1' } : {}),
        },
        onsent: (bytes) => this.#progress(at, offset + Math.min(bytes, end - offset)),
      });
      if (this.#whole) this.#take(answer);
      this.#progress(at, end);
      return end;
    });
  }

  /** Make one file of the parts. If the answer is lost, the file tells whether it was done. */
  async #join(): Promise<Stored> {
    const list = this.#uploads.join(' ');
    const headers = { 'upload-concat': `final;${list}`, 'upload-metadata': metadata(this.job) };
    let lost = false;
    return this.#patiently(this.signal, async () => {
      try {
        const answer = await this.#ask('POST', BASE, this.signal, { headers });
        this.#take(answer);
        return this.#stored as Stored;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (lost && GONE.has(error.status)) return await this.#found();
        lost ||= error.status === 0;
        throw error;
      }
    });
  }

  async #found(): Promise<Stored> {
    const answer = await this.#ask('GET', `/api/v1/entries${inUrl(this.job.path)}`, this.signal);
    const entry = JSON.parse(answer.text) as { path: string; size: number; sha256: string | null };
    if (entry.size !== this.job.size) throw new Problem('interrupted', 0, '');
    return { path: entry.path, sha256: entry.sha256 ?? '' };
  }

  #take(answer: Answer): void {
    const location = answer.header('content-location');
    if (!location) return;
    const digest = /sha-256=:([^:]+):/.exec(answer.header('repr-digest') ?? '')?.[1] ?? '';
    this.#stored = { path: decodeURIComponent(location.slice('/api/v1/files'.length)), sha256: hex(digest) };
  }

  #keep(at: number, upload: string | null): void {
    this.#uploads[at] = upload;
    this.tell.begun({ partSize: this.#size, uploads: [...this.#uploads] });
  }

  #progress(at?: number, sent = 0): void {
    if (at !== undefined) this.#sent[at] = sent;
    this.tell.progress(
      this.#sent.reduce((sum, each) => sum + each, 0),
      this.#held > 0 ? this.#by : '',
    );
  }

  /** So that people who watch the server see one transfer, and the server may hold it for them. */
  #named(): string {
    const done = this.#sent.reduce((sum, each) => sum + each, 0);
    return `${this.#name}; size=${this.job.size}; done=${Math.min(done, this.job.size)}; path="${inUrl(this.job.path)}"`;
  }
}

/** What was chosen; a name that was free when it began is never replaced: both are kept then. */
export const conflictOf = (job: Job): Conflict => job.conflict ?? 'rename';

export const modifiedOf = (job: Job): string => new Date(job.modified).toISOString().replace('Z', '000Z');

function metadata(job: Job): string {
  const said = { path: job.path, conflict: conflictOf(job), modified: modifiedOf(job), parents: 'true' };
  const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return Object.entries(said)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(',');
}

export function hex(base64: string): string {
  return Array.from(atob(base64), (each) => each.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
