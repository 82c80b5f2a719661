import { remembered } from './remembered';

export type Theme = 'system' | 'light' | 'dark';
const isTheme = (value: unknown): value is Theme => value === 'system' || value === 'light' || value === 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');
let chosen = $state<Theme>(isTheme(remembered.theme) ? remembered.theme : 'system');

function show(): void {
  const theme = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
  document.documentElement.dataset.theme = theme;
}
dark.addEventListener('change', show);
show();

export const theme = {
  get chosen() {
    return chosen;
  },
  choose(wanted: Theme) {
    chosen = wanted;
    remembered.theme = wanted;
    show();
  },
};
