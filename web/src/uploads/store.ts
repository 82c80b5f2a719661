/** What this browser keeps of unfinished uploads, so that they go on after the page was loaded anew. */
import type { Begun } from './messages';
import type { Conflict } from './queue';

export interface Kept {
  /** Who, what and where: see `fingerprint`. */
  readonly key: string;
  readonly account: string;
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly conflict: Conflict | null;
  readonly begun: Begun | null;
  /** Where the browser gives one: with it the file can be opened again, if whoever is there agrees. */
  readonly handle: FileSystemFileHandle | null;
  readonly at: number;
}

const STORE = 'unfinished';
/** The server drops what gets nothing more for three days. */
const KEPT_MS = 72 * 3600 * 1000;

let opening: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('uploads', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
  return opening;
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const store = (await database()).transaction(STORE, mode).objectStore(STORE);
    return await new Promise((resolve, reject) => {
      const request = work(store);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error as Error);
    });
  } catch {
    return undefined; // a private window keeps nothing
  }
}

export const store = {
  put: (kept: Kept) => within('readwrite', (all) => all.put(kept)),
  remove: (key: string) => within('readwrite', (all) => all.delete(key)),
  clear: () => within('readwrite', (all) => all.clear()),

  /** What an account has left, the oldest first; what the server has forgotten is forgotten here too. */
  async of(account: string): Promise<Kept[]> {
    const all = (await within<Kept[]>('readonly', (each) => each.getAll())) ?? [];
    const since = Date.now() - KEPT_MS;
    for (const each of all) if (each.at < since) void store.remove(each.key);
    return all.filter((each) => each.at >= since && each.account === account).sort((a, b) => a.at - b.at);
  },
};
