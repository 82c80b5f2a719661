/** The door to uploads, small enough to be there from the first view; all behind it is fetched with the first file. */
import { takeDrop } from '../uploads/walk';

const load = () => import('../uploads/engine.svelte');

let percent = $state<number | null>(null);

export const uploads = {
  /** How far all of them are; null while none run. */
  get percent() {
    return percent;
  },
  set percent(value: number | null) {
    percent = value;
  },

  /** Take what was dropped on a folder. */
  async drop(data: DataTransfer, folder: string): Promise<void> {
    const dropped = takeDrop(data); // at once: a drop is empty after its event
    await (await load()).engine.drop(dropped, folder);
  },

  /** Take files that were picked or pasted. */
  async take(files: readonly File[], folder: string): Promise<void> {
    if (files.length) await (await load()).engine.take(files, folder);
  },
};
