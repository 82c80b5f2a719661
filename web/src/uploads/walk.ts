/** What was dropped, pasted or picked, as files and folders with the paths they shall have. */
import type { Wanted } from './queue';

/** Hand over so many at a time, so that the page stays alive while a large folder is read. */
const AT_A_TIME = 200;

/** What a drop holds; to be taken while the event is handled, for it is empty afterwards. */
export interface Dropped {
  readonly entries: readonly FileSystemEntry[];
  readonly files: readonly File[];
  /** Of files that were dropped by themselves, where the browser gives any. It may take its time, or ask somebody. */
  readonly handles: readonly Promise<FileSystemHandle | null>[];
}

export function takeDrop(data: DataTransfer): Dropped {
  const items = [...data.items].filter((item) => item.kind === 'file');
  const entries = items.map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const lone = items.filter((item) => 'getAsFileSystemHandle' in item && item.webkitGetAsEntry()?.isFile);
  const handles = lone.map((item) => handleOf(item));
  return { entries, files: entries.length ? [] : [...data.files], handles };
}

type WithHandle = DataTransferItem & { getAsFileSystemHandle(): Promise<FileSystemHandle | null> };
const handleOf = (item: DataTransferItem) => (item as WithHandle).getAsFileSystemHandle().catch(() => null);

/** What browsers call a picture that never had a name: out of the clipboard, or from the camera of some phones. */
const NAMELESS = /^image\.(\w{2,5})$/;

/** Pictures without a name of their own get one that tells them apart: when they were taken or pasted. */
export function named(files: readonly File[], at = new Date()): File[] {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('.');
  let count = 0;
  return files.map((file) => {
    const kind = NAMELESS.exec(file.name)?.[1];
    if (!kind || file.webkitRelativePath) return file;
    const more = (count += 1) > 1 ? ` (${count})` : '';
    return new File([file], `image ${day} ${time}${more}.${kind}`, { type: file.type, lastModified: file.lastModified });
  });
}

/** Files from a picker or the clipboard; those of a folder know where they lay in it. */
export function* ofFiles(files: readonly File[]): Generator<Wanted[]> {
  for (let at = 0; at < files.length; at += AT_A_TIME) {
    yield files.slice(at, at + AT_A_TIME).map((file) => ({ kind: 'file', path: file.webkitRelativePath || file.name, file }));
  }
}

/** All that was dropped, folders in their depth, empty ones too. */
export async function* ofEntries(entries: readonly FileSystemEntry[]): AsyncGenerator<Wanted[]> {
  let found: Wanted[] = [];
  const open = [...entries].reverse();
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const path = entry.fullPath.replace(/^\//, '') || entry.name;
    if (entry.isFile) found.push({ kind: 'file', path, file: await fileOf(entry as FileSystemFileEntry) });
    else {
      const inside = await childrenOf(entry as FileSystemDirectoryEntry);
      if (!inside.length) found.push({ kind: 'folder', path, file: null });
      open.push(...inside.reverse());
    }
    if (found.length >= AT_A_TIME) {
      yield found;
      found = [];
    }
  }
  if (found.length) yield found;
}

/** Null for one that cannot be read; the queue says so then. */
const fileOf = (entry: FileSystemFileEntry) => new Promise<File | null>((resolve) => entry.file(resolve, () => resolve(null)));

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some); // browsers hand out a hundred at a time
  }
}
