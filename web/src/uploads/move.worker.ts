import type { ToWorker } from './messages';
import { Mover } from './mover';
import { send } from './wire';

const mover = new Mover((messages) => postMessage(messages), send);
addEventListener('message', (event: MessageEvent<ToWorker>) => mover.hear(event.data));
