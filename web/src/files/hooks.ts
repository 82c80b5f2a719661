/** Where other areas add to the details beside the list. */
import type { Component } from 'svelte';

import type { Entry } from '../api/client';
import { hasVersions } from '../lib/drives';
import { mayShare } from '../lib/sharing';
import { session } from '../state/session.svelte';

/** A part of the details. It is given what is looked at, and asks the server for the rest by itself. */
export interface Section {
  readonly id: string;
  /** The key of its heading. */
  readonly label: string;
  readonly when: (entry: Entry) => boolean;
  readonly load: () => Promise<{ default: Component<{ entry: Entry }> }>;
}

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
