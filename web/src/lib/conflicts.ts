/** What becomes of something whose name is taken, in the one vocabulary. Pure. */
export type Settled = 'overwrite' | 'skip' | 'rename';
export type Choice = Settled | 'newer';

interface Thing {
  readonly kind: 'file' | 'folder';
  readonly modified: string;
}

/** What can be chosen: only a file takes the place of a file. */
export function choices(coming: Thing, there: Thing): readonly Choice[] {
  return coming.kind === 'file' && there.kind === 'file' ? ['overwrite', 'newer', 'rename', 'skip'] : ['rename', 'skip'];
}

/** What a choice that was made for all comes to here. */
export function settled(choice: Choice, coming: Thing, there: Thing): Settled {
  if (choice === 'skip' || choice === 'rename') return choice;
  if (!choices(coming, there).includes(choice)) return 'skip';
  if (choice === 'newer') return Date.parse(coming.modified) > Date.parse(there.modified) ? 'overwrite' : 'skip';
  return choice;
}
