/** The desk: which folder lies open, what is picked of it, and what is asked about it. Acts work on it. */
import type { Component } from 'svelte';

import type { Entry } from '../api/client';
import { NONE, kept, only, type Selection } from '../lib/selection';
import { Folder } from '../state/folder.svelte';

/** What every dialog of the files page is given. */
export interface Asked {
  readonly desk: Desk;
  readonly onclose: () => void;
}
export type Question = Component<Asked>;
/** A module with a dialog, fetched when it is asked for. */
export type Fetch = () => Promise<{ default: Question }>;

export class Desk {
  readonly folder = new Folder();
  selection = $state.raw<Selection>(NONE);
  /** The dialog that is open. */
  question = $state.raw<Question | null>(null);

  readonly keys = $derived(this.folder.entries.map((entry) => entry.path));
  readonly chosen = $derived(
    this.selection.picked.size ? this.folder.entries.filter((entry) => this.selection.picked.has(entry.path)) : [],
  );
  /** The one that is picked, if it is one. */
  readonly single = $derived(this.chosen.length === 1 ? this.chosen[0] : undefined);

  get path(): string {
    return this.folder.path;
  }

  open(path: string): void {
    this.selection = NONE;
    this.folder.open(path);
  }

  /** Show a dialog. */
  async ask(fetch: Fetch): Promise<void> {
    this.question = (await fetch()).default;
  }

  clear(): void {
    this.selection = { ...this.selection, picked: new Set() };
  }

  /** Pick this one alone, unless it is picked already: what a menu is opened upon is what it is about. */
  take(entry: Entry): void {
    if (!this.selection.picked.has(entry.path)) this.selection = only(this.keys, this.keys.indexOf(entry.path));
  }

  /** Let go of what is not there any more. */
  tidy(): void {
    this.selection = kept(this.selection, this.keys);
  }
}

export const desk = new Desk();
