/** Entries on their way with the pointer, and places that take them: folders in the list, in the tree and in the crumbs. */
import type { Entry } from '../api/client';
import { parentOf } from '../api/paths';
import { mayPut } from '../lib/rights';
import { CREATE, DELETE, READ } from '../lib/sharing';
import { uploads } from '../state/uploads.svelte';
import { desk } from './desk.svelte';
import { relocate } from './relocating';

let dragged = $state.raw<readonly Entry[]>([]);
/** Whether they may leave where they are; else they are copied. */
let leaves = true;
/** The folder that something is held over. */
let over = $state<string | null>(null);

const holdsFiles = (event: DragEvent) => !!event.dataTransfer?.types.includes('Files');

function copies(event: DragEvent): boolean {
  return event.ctrlKey || event.altKey || !leaves;
}

/** Whether what is dragged could go there: not into itself, nor to where it is, nor where one may put nothing. */
function fits(folder: string, copy: boolean): boolean {
  if ((READ | CREATE) & ~desk.rightsAt(folder)) return false;
  return dragged.some((entry) => copy || parentOf(entry.path) !== folder) && dragged.every((entry) => `${folder}/`.indexOf(`${entry.path}/`) !== 0);
}

export const dragging = {
  get over() {
    return over;
  },

  begin(event: DragEvent, entries: readonly Entry[], label: string): void {
    if (!event.dataTransfer) return;
    if (!(desk.held & READ)) return event.preventDefault();
    dragged = entries;
    leaves = (desk.held & DELETE) !== 0;
    event.dataTransfer.effectAllowed = leaves ? 'copyMove' : 'copy';
    event.dataTransfer.setData('text/plain', entries.map((entry) => entry.name).join('\n'));
    if (entries.length > 1) {
      const sign = document.createElement('div');
      sign.className = 'dragged';
      sign.textContent = label;
      document.body.append(sign);
      event.dataTransfer.setDragImage(sign, -12, -12);
      setTimeout(() => sign.remove());
    }
  },

  end(): void {
    dragged = [];
    over = null;
  },

  /** Something is held over a folder; null: over no folder that takes it. */
  hold(event: DragEvent, folder: string | null): void {
    const takes = folder !== null && (dragged.length ? fits(folder, copies(event)) : holdsFiles(event) && mayPut(desk.rightsAt(folder)));
    over = takes ? folder : null;
    if (!takes || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = dragged.length && !copies(event) ? 'move' : 'copy';
  },

  drop(event: DragEvent, folder: string | null): void {
    const entries = dragged;
    const given = event.dataTransfer;
    this.end();
    if (folder === null) return;
    if (entries.length) {
      event.preventDefault();
      void relocate(entries, folder, copies(event) ? 'copy' : 'move');
    } else if (given?.types.includes('Files')) {
      event.preventDefault();
      void uploads.drop(given, folder);
    }
  },
};

/** Make an element take what is dropped upon it into a folder. */
export function takes(folder: string): (element: HTMLElement) => () => void {
  return (element) => {
    const held = (event: DragEvent) => {
      event.stopPropagation();
      dragging.hold(event, folder);
    };
    const dropped = (event: DragEvent) => {
      event.stopPropagation();
      dragging.drop(event, folder);
    };
    element.addEventListener('dragover', held);
    element.addEventListener('drop', dropped);
    return () => {
      element.removeEventListener('dragover', held);
      element.removeEventListener('drop', dropped);
    };
  };
}
