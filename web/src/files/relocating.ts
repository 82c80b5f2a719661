/** Moving and copying what is picked: taken names are asked about, what takes long is left to the server. */
import { entry as find, relocate as send, type Entry, type Way } from '../api/client';
import { begin } from '../api/jobs';
import { join, parentOf } from '../api/paths';
import { Problem } from '../api/problem';
import { t } from '../i18n/index.svelte';
import { settled, type Choice, type Settled } from '../lib/conflicts';
import { driveOf } from '../lib/drives';
import { toasts } from '../state/toasts.svelte';
import { conflict } from './conflict.svelte';
import { desk, type Desk } from './desk.svelte';

interface Done {
  readonly from: string;
  readonly to: Entry;
}

/** Whether every byte has to be written anew, or a whole tree: then the server does it while one goes on. */
const isLong = (entry: Entry, folder: string, way: Way) =>
  driveOf(entry.path) !== driveOf(folder) || (way === 'copy' && entry.kind === 'folder');

/** Bring entries into a folder. What goes wrong is told. */
export async function relocate(entries: readonly Entry[], folder: string, way: Way): Promise<void> {
  const done: Done[] = [];
  let jobs = 0;
  let always: Choice | null = null;
  try {
    for (const entry of entries) {
      const target = join(folder, entry.name);
      if (way === 'move' && target === entry.path) continue;
      let taken: Settled = parentOf(entry.path) === folder ? 'rename' : 'skip';
      if (taken === 'skip') {
        const there = await isThere(target);
        if (there) {
          const answer: Awaited<ReturnType<typeof conflict.ask>> = always ? { choice: always, all: true } : await conflict.ask(entry, there);
          if (!answer) break;
          if (answer.all) always = answer.choice;
          taken = settled(answer.choice, entry, there);
          if (taken === 'skip') continue;
        }
      }
      if (isLong(entry, folder, way)) {
        await begin({ kind: way, source: entry.path, target, conflict: taken });
        jobs += 1;
      } else done.push({ from: entry.path, to: await send(way, entry.path, target, taken) });
    }
  } catch (error) {
    toasts.fault(error);
  }
  if (done.length) tell(done, way);
  if (jobs) toasts.say(t('relocation-begun', { count: jobs }));
  desk.folder.reload();
}

/** Bring here what was cut or copied. What was cut goes once. */
export async function paste({ clip, path }: Desk): Promise<void> {
  if (!clip) return;
  if (clip.cut) desk.clip = null;
  await relocate(clip.entries, path, clip.cut ? 'move' : 'copy');
}

/** What has the name that is wanted; null where it is free, or not to be seen: then the server judges. */
async function isThere(target: string): Promise<Entry | null> {
  try {
    return await find(target);
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 403)) return null;
    throw error;
  }
}

function tell(done: readonly Done[], way: Way): void {
  const given = { count: done.length, name: done[0]?.to.name ?? '' };
  if (way === 'copy') toasts.say(t('copied-here', given));
  else toasts.offer(t('moved', given), t('undo'), () => void takeBack(done));
}

async function takeBack(done: readonly Done[]): Promise<void> {
  try {
    for (const { from, to } of done) await send('move', to.path, from);
  } catch (error) {
    toasts.fault(error);
  }
  desk.folder.reload();
}
