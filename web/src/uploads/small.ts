/** Small files: many in one request where the drive takes that, else one by one; and folders that hold nothing. */
import { inUrl } from '../api/paths';
import { Problem, toProblem } from '../api/problem';
import { BATCH_TYPE, framed, type Frame } from './frames';
import type { Held, Job } from './messages';
import { Slots, backoff, heldBy, pause } from './slots';
import { conflictOf, hex, modifiedOf, type Stored } from './tus';
import type { Answer, Request, Send } from './wire';

export type Outcome = (Stored & { readonly kind: 'done'; readonly checked: boolean }) | { readonly kind: 'skipped' | 'taken' } | { readonly kind: 'failed'; readonly problem: Problem };
export type Ended = (job: Job, outcome: Outcome) => void;

interface Ready {
  readonly job: Job;
  readonly frame: Frame;
  readonly sha256: string;
}

interface Result {
  readonly entry?: { readonly path: string; readonly sha256: string | null; readonly size: number };
  readonly outcome?: string;
  readonly error?: { readonly code: string };
}

export class Small {
  constructor(
    readonly send: Send,
    readonly slots: Slots,
    readonly ended: Ended,
    readonly held: (jobs: readonly Job[], by: Held) => void,
  ) {}

  /** Send them together. Throws `Problem` for what concerns all of them. */
  async batch(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const ready: Ready[] = [];
    for (const job of jobs) {
      try {
        ready.push(await prepared(job));
      } catch (error) {
        this.ended(job, { kind: 'failed', problem: error as Problem });
      }
    }
    await this.#together(ready, signal);
  }

  async #together(ready: readonly Ready[], signal: AbortSignal): Promise<void> {
    if (!ready.length) return;
    let answer: { answer: Answer; again: boolean };
    try {
      const body = new Blob(framed(ready.map((each) => each.frame)));
      const jobs = ready.map((each) => each.job);
      const request = { method: 'POST', path: '/api/v1/batch', body, headers: { 'content-type': BATCH_TYPE } };
      answer = await this.#patiently(jobs, request, signal);
    } catch (error) {
      if (!(error instanceof Problem) || (error.status !== 400 && error.status !== 403 && error.status !== 404)) throw error;
      // One that cannot be taken, such as for its name, keeps out the whole request: the halves tell which.
      if (error.status === 400 && ready.length > 1) {
        const half = Math.ceil(ready.length / 2);
        await this.#together(ready.slice(0, half), signal);
        await this.#together(ready.slice(half), signal);
      } else await Promise.all(ready.map((each) => this.#alone(each, signal)));
      return;
    }
    const { results } = JSON.parse(answer.answer.text) as { results: Result[] };
    await Promise.all(ready.map((each, at) => this.#judge(each, results[at] ?? {}, answer.again, signal)));
  }

  async #judge(each: Ready, result: Result, again: boolean, signal: AbortSignal): Promise<void> {
    const code = result.error?.code;
    if (result.entry) this.#told(each, result.entry, result.outcome === 'skipped');
    else if (code === 'precondition_failed') await this.#taken(each, again, signal);
    // Drives that know no blocks take whole files.
    else if (code === 'not_found' || code === 'forbidden') await this.#alone(each, signal);
    else this.ended(each.job, { kind: 'failed', problem: toProblem(JSON.stringify(result.error ?? {}), 0) });
  }

  #told({ job, sha256 }: Ready, entry: { path: string; sha256: string | null }, skipped: boolean): void {
    if (skipped) this.ended(job, { kind: 'skipped' });
    else this.ended(job, { kind: 'done', path: entry.path, sha256: entry.sha256 ?? sha256, checked: true });
  }

  /** The name is taken; by this very file, where an answer was lost. */
  async #taken(each: Ready, again: boolean, signal: AbortSignal): Promise<void> {
    if (again || each.job.tried) {
      const request = { method: 'GET', path: `/api/v1/entries${inUrl(each.job.path)}` };
      const { answer } = await this.#patiently([each.job], request, signal);
      const entry = JSON.parse(answer.text) as NonNullable<Result['entry']>;
      if (entry.sha256 === each.sha256) return this.#told(each, entry, false);
    }
    this.ended(each.job, { kind: 'taken' });
  }

  async #alone(each: Ready, signal: AbortSignal): Promise<void> {
    const outcome = await this.put(each.job, each.frame.content, each.sha256, () => undefined, signal);
    this.ended(each.job, outcome);
  }

  /** One whole file in one request. Throws `Problem` for what concerns all of them. */
  async put(job: Job, body: Blob | Uint8Array<ArrayBuffer>, sha256: string, onsent: (bytes: number) => void, signal: AbortSignal): Promise<Outcome> {
    const query = new URLSearchParams({ modified: modifiedOf(job), parents: 'true' });
    const headers: Record<string, string> = { 'content-type': 'application/octet-stream' };
    if (job.conflict) query.set('conflict', conflictOf(job));
    else headers['if-none-match'] = '*';
    if (sha256) headers['repr-digest'] = `sha-256=:${base64(sha256)}:`;
    const request = { method: 'PUT', path: `/api/v1/files${inUrl(job.path)}?${query}`, headers, body, onsent };
    try {
      const { answer } = await this.#patiently([job], request, signal);
      const { entry, outcome } = JSON.parse(answer.text) as Required<Result>;
      if (outcome === 'skipped') return { kind: 'skipped' };
      return { kind: 'done', path: entry.path, sha256: entry.sha256 ?? '', checked: sha256 !== '' };
    } catch (error) {
      if (!(error instanceof Problem) || concernsAll(error)) throw error;
      if (error.code === 'precondition_failed') return { kind: 'taken' };
      return { kind: 'failed', problem: error };
    }
  }

  async folder(job: Job, signal: AbortSignal): Promise<void> {
    const { answer } = await this.#patiently([job], { method: 'PUT', path: `/api/v1/folders${inUrl(job.path)}?parents=true` }, signal);
    this.ended(job, { kind: 'done', path: (JSON.parse(answer.text) as { path: string }).path, sha256: '', checked: false });
  }

  async #patiently(jobs: readonly Job[], request: Omit<Request, 'signal'>, signal: AbortSignal): Promise<{ answer: Answer; again: boolean }> {
    let again = false;
    const headers = { ...(jobs[0]?.urgent ? { priority: 'u=1' } : {}), ...request.headers };
    for (let attempt = 0; ; attempt += 1) {
      try {
        return { answer: await this.slots.within(() => this.send({ ...request, headers, signal })), again };
      } catch (error) {
        if (!(error instanceof Problem) || !error.retryable) throw error;
        again ||= error.status === 0 || error.status >= 502;
        this.held(jobs, heldBy(error));
        await pause(backoff(attempt, error.retryAfter), signal);
      }
    }
  }
}

const ALL: ReadonlySet<string> = new Set(['sign_in_required', 'session_ended', 'maintenance', 'server_full', 'no_space']);

/** Whether the next file would meet the same. */
export const concernsAll = (problem: Problem): boolean => ALL.has(problem.code);

async function prepared(job: Job): Promise<Ready> {
  const content = await whole(job.file as File);
  const sha256 = hex(btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', content)))));
  const how = job.conflict ? { conflict: conflictOf(job) } : { if_none_match: '*' };
  const header = { path: job.path, size: content.length, sha256, modified: modifiedOf(job), parents: true, ...how };
  return { job, sha256, frame: { header, content } };
}

/** A file on the disk of whoever sends it, where it may have changed or gone meanwhile. */
async function whole(file: File): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Problem('unreadable', 0, '');
  }
}

function base64(digest: string): string {
  return btoa(String.fromCharCode(...(digest.match(/../g) ?? []).map((each) => parseInt(each, 16))));
}
