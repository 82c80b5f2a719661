/** News of the system's own, for whoever looks at another page; only where they were allowed, and wished for here. */
import { remembered } from '../state/remembered';

const there = 'Notification' in globalThis;

export const notices = {
  /** `off` until they are asked for; `refused` by the browser, which only its own settings change. */
  get state(): 'absent' | 'off' | 'on' | 'refused' {
    if (!there) return 'absent';
    if (Notification.permission === 'denied') return 'refused';
    return Notification.permission === 'granted' && remembered.notices === 'on' ? 'on' : 'off';
  },

  /** Whether the browser has never been asked, and the question makes sense. */
  get unasked(): boolean {
    return there && Notification.permission === 'default';
  },

  async turn(on: boolean): Promise<void> {
    if (on && there && Notification.permission === 'default') await Notification.requestPermission();
    remembered.notices = on ? 'on' : null;
  },
};

/** Tell it, unless the page is looked at. `tag`: it takes the place of what was told under the same one. */
export function notify(title: string, body: string, tag = title, onclick?: () => void): void {
  if (!document.hidden || notices.state !== 'on') return;
  const how = { body, tag, icon: '/static/icon.svg' };
  try {
    const told = new Notification(title, how);
    told.onclick = () => {
      focus();
      told.close();
      onclick?.();
    };
  } catch {
    // Phones show them only for the service worker, which brings whoever touches one back here.
    void navigator.serviceWorker?.ready.then((worker) => worker.showNotification(title, how)).catch(() => undefined);
  }
}
