import './theme/tokens.css';
import './theme/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { preferred, speak } from './i18n/index.svelte';
import { session } from './state/session.svelte';

void session.begin(); // who is here is asked while the catalogue comes
await speak(preferred());
mount(App, { target: document.body });
// Browsers keep no worker of a server whose certificate they do not trust; the app works without it.
void navigator.serviceWorker?.register('/sw.js').catch(() => undefined);
