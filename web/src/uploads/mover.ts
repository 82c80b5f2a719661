/** The side that moves bytes: takes pieces of work, and tells what becomes of each file. It runs in a worker. */
import { inUrl } from '../api/paths';
import { Problem, plain } from '../api/problem';
import type { FromWorker, Held, Job, ToWorker } from './messages';
import { Slots } from './slots';
import { Small, concernsAll } from './small';
import { TusUpload, type Stored } from './tus';
import type { Send } from './wire';

/** Browsers open six connections to a server; two are left for the page itself. */
const CONNECTIONS = 4;
const PROGRESS_MS = 150;
const NO_UPLOADS: ReadonlySet<number> = new Set([403, 404]);

/** What runs together, and stops when nobody wants any of it any more. */
interface Running {
  readonly stop: AbortController;
  left: number;
}

export class Mover {
  readonly #running = new Map<number, Running>();
  readonly #progress = new Map<number, FromWorker & { kind: 'progress' }>();
  readonly #slots = new Slots(CONNECTIONS);
  readonly #small: Small;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly tell: (messages: FromWorker[]) => void,
    readonly send: Send,
  ) {
    this.#small = new Small(
      send,
      this.#slots,
      (job, outcome) => {
        if (!this.#running.delete(job.id)) return;
        if (outcome.kind === 'failed') this.#failed(job, outcome.problem);
        else this.tell([{ ...outcome, id: job.id }]);
      },
      (jobs, by) => jobs.forEach((job) => this.#say(job.id, 0, by)),
    );
  }

  hear(message: ToWorker): void {
    if (message.kind === 'stop') this.#stop(message.ids);
    else if (message.kind === 'drop') void this.#drop(message.uploads);
    else void this.#work(message.kind, message.jobs).finally(() => this.tell([{ kind: 'free' }]));
  }

  /** A batch is not torn apart for one of its files: that may arrive all the same, but nothing is told of it. */
  #stop(ids: readonly number[]): void {
    for (const id of ids) {
      const running = this.#running.get(id);
      if (running && (running.left -= 1) === 0) running.stop.abort(new Problem('cancelled', 0, ''));
      this.#running.delete(id);
      this.#progress.delete(id);
    }
  }

  async #drop(uploads: readonly string[]): Promise<void> {
    const { signal } = new AbortController();
    for (const path of uploads) {
      const request = { method: 'DELETE', path, headers: { 'tus-resumable': '1.0.0' }, signal };
      await this.#slots.within(() => this.send(request)).catch(() => undefined); // it expires by itself
    }
  }

  async #work(kind: 'file' | 'folder' | 'batch', jobs: readonly Job[]): Promise<void> {
    const stop = new AbortController();
    const running = { stop, left: jobs.length };
    for (const job of jobs) this.#running.set(job.id, running);
    try {
      if (kind === 'batch') await this.#small.batch(jobs, stop.signal);
      else if (kind === 'folder') await this.#small.folder(jobs[0] as Job, stop.signal);
      else await this.#file(jobs[0] as Job & { file: File }, stop.signal);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('unknown', 0, String(error));
      for (const job of jobs) if (this.#running.get(job.id) === running && this.#running.delete(job.id)) this.#failed(job, problem);
    }
  }

  #failed(job: Job, problem: Problem): void {
    this.#progress.delete(job.id);
    if (concernsAll(problem)) this.tell([{ kind: 'held', id: job.id, problem: plain(problem) }]);
    else this.tell([{ kind: 'failed', id: job.id, problem: plain(problem) }]);
  }

  async #file(job: Job & { file: File }, signal: AbortSignal): Promise<void> {
    if (!job.conflict && !job.begun && (await this.#there(job, signal))) return this.#ended(job, { kind: 'taken', id: job.id });
    const tell = {
      progress: (sent: number, held: Held) => this.#say(job.id, sent, held),
      begun: (begun: NonNullable<Job['begun']>) => this.tell([{ kind: 'begun', id: job.id, begun }]),
    };
    let stored: Stored;
    try {
      stored = await new TusUpload(job, tell, signal, this.send, this.#slots).run();
    } catch (error) {
      if (!(error instanceof Problem) || job.begun || !NO_UPLOADS.has(error.status)) throw error;
      return this.#whole(job, error, signal);
    }
    this.#ended(job, { kind: 'done', id: job.id, checked: false, ...stored });
  }

  /** Drives that keep no unfinished uploads take whole files. */
  async #whole(job: Job & { file: File }, refused: Problem, signal: AbortSignal): Promise<void> {
    const outcome = await this.#small.put(job, job.file, '', (sent) => this.#say(job.id, sent, ''), signal);
    if (outcome.kind !== 'failed') this.#ended(job, { ...outcome, id: job.id });
    else throw outcome.problem.code === 'unknown' ? refused : outcome.problem;
  }

  #ended(job: Job, message: FromWorker): void {
    this.#progress.delete(job.id);
    if (this.#running.delete(job.id)) this.tell([message]);
  }

  /** Nobody wants to send five gigabytes and be asked about their name afterwards. */
  async #there(job: Job, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#slots.within(() => this.send({ method: 'GET', path: `/api/v1/entries${inUrl(job.path)}`, signal }));
      return true;
    } catch (error) {
      if (!(error instanceof Problem) || (!error.retryable && error.status !== 404 && error.status !== 403)) throw error;
      return false; // with `rename`, nothing is lost if that was not the truth
    }
  }

  #say(id: number, sent: number, held: Held): void {
    if (!this.#running.has(id)) return;
    this.#progress.set(id, { kind: 'progress', id, sent, held });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const news = [...this.#progress.values()];
      this.#progress.clear();
      if (news.length) this.tell(news);
    }, PROGRESS_MS);
  }
}
