/** What is known of a file's past, put together: its versions, with whom it was shared, and the links to it. Pure. */
import type { Given, Link } from '../api/sharing';
import type { Version } from '../api/trash';

export type Step =
  | { readonly kind: 'made' | 'written'; readonly at: string; readonly by: string; readonly version: Version | null }
  | { readonly kind: 'shared'; readonly at: string; readonly to: string; readonly rights: number }
  | { readonly kind: 'linked'; readonly at: string; readonly name: string };

interface Known {
  readonly path: string;
  readonly created: string;
}

/** A file and its first version are made by one act, whose times may differ by as long as it took to store it. */
const AT_ONCE = 1000;

const moment = (at: string) => new Date(at).getTime();

/** The latest first. The versions are those that are kept, the present one first. */
export function historyOf(entry: Known, versions: readonly Version[], given: readonly Given[], links: readonly Link[]): Step[] {
  const first = versions.at(-1);
  const whole = first !== undefined && moment(first.created) - moment(entry.created) <= AT_ONCE;
  const steps: Step[] = versions.map((version) => ({
    kind: whole && version === first ? 'made' : 'written',
    at: version.created,
    by: version.by,
    version,
  }));
  // Who made it is known by the first version only, which is not kept for ever.
  if (!whole) steps.push({ kind: 'made', at: entry.created, by: '', version: null });
  for (const each of given) if (each.path === entry.path) steps.push({ kind: 'shared', at: each.since, to: each.to, rights: each.rights });
  for (const each of links) if (each.path === entry.path) steps.push({ kind: 'linked', at: each.created, name: each.name });
  // Sorting keeps the order of what happened in one moment.
  return steps.sort((one, other) => moment(other.at) - moment(one.at));
}
