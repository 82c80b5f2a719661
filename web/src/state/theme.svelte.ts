import { remembered } from './remembered';

export type Theme = 'system' | 'light' | 'dark';
const isTheme = (value: unknown): value is Theme => value === 'system' || value === 'light' || value === 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');
let chosen = $state<Theme>(isTheme(remembered.theme) ? remembered.theme : 'system');
let shown = $state<'light' | 'dark'>('light');

function show(): void {
  shown = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
  document.documentElement.dataset.theme = shown;
}
dark.addEventListener('change', show);
show();

export const theme = {
  /** What is shown at this moment. */
  get shown(): 'light' | 'dark' {
    return shown;
  },
  get chosen() {
    return chosen;
  },
  choose(wanted: Theme) {
    chosen = wanted;
    remembered.theme = wanted;
    show();
  },
};
