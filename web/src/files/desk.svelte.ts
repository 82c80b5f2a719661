/** The desk: which folder lies open, what is picked of it, and what is asked about it. Acts work on it. */
import type { Component } from 'svelte';

import type { Entry } from '../api/client';
import { parentOf } from '../api/paths';
import { ALL, isFixed, isForeign, rightsAt } from '../lib/rights';
import { isWithin } from '../lib/sharing';
import { NONE, kept, only, type Selection } from '../lib/selection';
import { Folder, type Source } from '../state/folder.svelte';
import { remembered } from '../state/remembered';
import { sharing } from '../state/sharing.svelte';

/** What every dialog of the files page is given. */
export interface Asked {
  readonly desk: Desk;
  readonly onclose: () => void;
}
export type Question = Component<Asked>;
/** A module with a dialog, fetched when it is asked for. */
export type Fetch = () => Promise<{ default: Question }>;

export type View = 'list' | 'grid';

/** What was cut or copied, until it is pasted. */
export interface Clip {
  readonly entries: readonly Entry[];
  readonly cut: boolean;
}

export class Desk {
  readonly folder = new Folder();
  selection = $state.raw<Selection>(NONE);
  /** The dialog that is open. */
  question = $state.raw<Question | null>(null);
  /** The path of the entry whose name is being written. */
  renaming = $state<string | null>(null);
  clip = $state.raw<Clip | null>(null);
  /** The field to search in. */
  field = $state<HTMLInputElement>();
  /** Whether the details stand beside the list. */
  details = $state(false);

  readonly keys = $derived(this.folder.entries.map((entry) => entry.path));
  readonly chosen = $derived(
    this.selection.picked.size ? this.folder.entries.filter((entry) => this.selection.picked.has(entry.path)) : [],
  );
  /** The one that is picked, if it is one. */
  readonly single = $derived(this.chosen.length === 1 ? this.chosen[0] : undefined);

  /** What one may do in the open folder. */
  readonly rights = $derived.by(() => this.rightsAt(this.path));
  /** What one may do where each of those lies that are picked. */
  readonly held = $derived.by(() =>
    this.chosen.reduce((sum, { path }) => sum & (isFixed(path) ? 0 : this.rightsAt(parentOf(path))), ALL),
  );

  /** One came here from another folder, so the keyboard goes on in the list. */
  following = false;

  readonly #cut = $derived(new Set(this.clip?.cut ? this.clip.entries.map((entry) => entry.path) : []));
  #view = $state<View>(remembered.view === 'grid' ? 'grid' : 'list');
  #tree = $state(remembered.tree !== 'no');
  #before: readonly string[] = [];
  #from = '';
  #opened = false;

  get path(): string {
    return this.folder.path;
  }

  /** What one may do at a path, at the least. */
  rightsAt(path: string): number {
    const { rights } = this.folder;
    if (path === this.path && rights !== null) return rights;
    const below = isForeign(this.path) && isWithin(path, this.path) && !isFixed(path);
    return rightsAt(path, sharing.received) | (below ? (rights ?? 0) : 0);
  }

  /** Whether the tree of folders stands beside the list, where there is room. */
  get tree(): boolean {
    return this.#tree;
  }

  set tree(wanted: boolean) {
    this.#tree = wanted;
    remembered.tree = wanted ? null : 'no';
  }

  get view(): View {
    return this.#view;
  }

  set view(wanted: View) {
    this.#view = wanted;
    remembered.view = wanted;
  }

  /** Open a folder, or what a search below it finds. The keyboard stands on the folder that one comes out of. */
  open(path: string, source: Source | null = null): void {
    this.following = this.#opened;
    this.#opened = true;
    this.#from = this.path;
    this.#before = [];
    this.selection = NONE;
    this.renaming = null;
    this.folder.open(path, source);
  }

  /** Show a dialog. */
  async ask(fetch: Fetch): Promise<void> {
    this.question = (await fetch()).default;
  }

  clear(): void {
    this.selection = { ...this.selection, picked: new Set() };
  }

  /** Pick this one alone, unless it is picked already: what a menu is opened upon is what it is about. */
  take(at: number): void {
    const key = this.keys[at];
    if (key !== undefined && !this.selection.picked.has(key)) this.selection = only(this.keys, at);
  }

  /** The list has changed: let go of what is not there any more. */
  tidy(): void {
    const first = !this.#before.length;
    this.selection = kept(this.selection, this.#before, this.keys);
    this.#before = this.keys;
    if (!first) return;
    const from = this.keys.findIndex((key) => this.#from === key || this.#from.startsWith(`${key}/`));
    if (from > 0) this.selection = { ...this.selection, active: from, anchor: from };
  }

  /** Whether it was cut, and will go from here when it is pasted. */
  leaves(entry: Entry): boolean {
    return this.#cut.has(entry.path);
  }
}

export const desk = new Desk();
