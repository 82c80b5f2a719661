import './theme/tokens.css';
import './theme/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { preferred, speak } from './i18n/index.svelte';

await speak(preferred());
mount(App, { target: document.body });
