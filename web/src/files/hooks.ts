/** Where other areas hook into the page of files: each list is asked from its begin, and the first that answers does it. */
import type { Component } from 'svelte';

import { fileUrl, type Entry } from '../api/client';
import { thumbnailUrl } from '../api/content';
import { parentOf } from '../api/paths';
import { hasVersions } from '../lib/drives';
import { mayShare } from '../lib/sharing';
import { isPictured } from '../preview/kinds';
import { preview } from '../state/preview.svelte';
import { session } from '../state/session.svelte';
import { uploads } from '../state/uploads.svelte';
import { fetchFile } from './fetching';

/** What opening a file does. Returns false for what it is not for. */
export type Opener = (entry: Entry) => boolean;

/** What happens to files and folders of the computer that are dropped or pasted. Returns false if it takes none of it. */
export type Receiver = (given: DataTransfer, folder: string) => boolean;

/** The address of a small picture of a file, on this server; null where there is none. */
export type Thumbnail = (entry: Entry) => string | null;

/** A part of the details beside the list. It is given what is looked at, and asks the server for the rest by itself. */
export interface Section {
  readonly id: string;
  /** The key of its heading. */
  readonly label: string;
  readonly when: (entry: Entry) => boolean;
  readonly load: () => Promise<{ default: Component<{ entry: Entry }> }>;
}

function fetched(entry: Entry): boolean {
  fetchFile(fileUrl(entry.path));
  return true;
}

function previewed(entry: Entry): boolean {
  preview.open(parentOf(entry.path), entry.name);
  return true;
}

function uploaded(given: DataTransfer, folder: string): boolean {
  void uploads.drop(given, folder);
  return true;
}

export const openers: Opener[] = [previewed, fetched];
export const receivers: Receiver[] = [uploaded];
export const thumbnails: Thumbnail[] = [(entry) => (isPictured(entry) ? thumbnailUrl(entry, 320) : null)];
export const sections: Section[] = [
  {
    id: 'access',
    label: 'share-access',
    when: (entry) => mayShare(entry.path, session.isOperator),
    load: () => import('./Access.svelte'),
  },
  {
    id: 'past',
    label: 'past-title',
    when: (entry) => entry.kind === 'file' && hasVersions(entry.path),
    load: () => import('./Past.svelte'),
  },
];
