/** The browser's own way to choose files, a folder, or to take a photo. */
import { uploads } from '../state/uploads.svelte';
import { named } from './walk';

type How = 'files' | 'folder' | 'photo';

/** The last one asked stays in the page: browsers collect an input that nothing holds while its question is open. */
let asked: HTMLInputElement | undefined;

export function pick(how: How, folder: string): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.hidden = true;
  input.multiple = how !== 'photo';
  if (how === 'folder') input.webkitdirectory = true;
  if (how === 'photo') {
    input.accept = 'image/*';
    input.setAttribute('capture', 'environment'); // where browsers know no such property, they may still read it
  }
  const given = () => (how === 'photo' ? named([...(input.files ?? [])]) : [...(input.files ?? [])]);
  input.onchange = () => void uploads.take(given(), folder);
  asked?.remove();
  asked = input;
  document.body.append(input);
  input.click();
}

/** Whether there is a camera to think of: on what is held in the hand. */
export const handheld = (): boolean => matchMedia('(pointer: coarse)').matches;
