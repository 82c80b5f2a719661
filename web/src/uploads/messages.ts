/** What the page and the worker that moves the bytes say to each other. */
import type { Failure } from '../api/problem';
import type { Conflict } from './queue';

/** Where the parts of a file lie on the server, as far as they were begun. */
export interface Begun {
  readonly partSize: number;
  readonly uploads: readonly (string | null)[];
}

/** What a transfer waits for that goes on by itself: the network, a server with more to do, an operator. */
export type Held = '' | 'network' | 'busy' | 'operator';

export interface Job {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly file: File | null;
  readonly conflict: Conflict | null;
  readonly urgent: boolean;
  /** Sent before: what is there under its name may be this very file. */
  readonly tried: boolean;
  readonly begun: Begun | null;
}

export type ToWorker =
  | { readonly kind: 'file' | 'folder' | 'batch'; readonly jobs: readonly Job[] }
  | { readonly kind: 'stop'; readonly ids: readonly number[] }
  /** Give up what was begun on the server. */
  | { readonly kind: 'drop'; readonly uploads: readonly string[] };

export type FromWorker =
  | { readonly kind: 'progress'; readonly id: number; readonly sent: number; readonly held: Held }
  | { readonly kind: 'begun'; readonly id: number; readonly begun: Begun }
  /** `checked` says that the server has compared it with a digest that was sent along. */
  | { readonly kind: 'done'; readonly id: number; readonly path: string; readonly sha256: string; readonly checked: boolean }
  | { readonly kind: 'skipped' | 'taken' | 'stopped'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly problem: Failure }
  /** It can go on once somebody has done something about what stands in the way of all of them. */
  | { readonly kind: 'held'; readonly id: number; readonly problem: Failure }
  /** This piece of work has ended, one way or another. */
  | { readonly kind: 'free' };
