import type { ReadonlySignal, Signal } from '@preact/signals-core';
import type { LockMessage, LockPorts } from '#model/lock.ts';
import type { PageStorage } from '#model/prefs.ts';
import { pushEvents, type PushMessage, type PushPorts } from '#model/push.ts';
import type { History } from '#model/route.ts';

/** What the model needs of the browser. */

export const browserHistory = (): History => ({
  get url() {
    return location.href;
  },
  get covers() {
    return history.state === 'covers';
  },
  push: (url, covers) => history.pushState(covers ? 'covers' : null, '', url),
  replace: (url) => history.replaceState(null, '', url),
  back: () => history.back(),
  onMove: (listener) => {
    addEventListener('popstate', listener);
    return () => removeEventListener('popstate', listener);
  },
});

const tried = <T>(work: () => T, otherwise: T): T => {
  try {
    return work();
  } catch {
    return otherwise;
  }
};

/** localStorage, or memory where it is switched off or full. */
export const browserStorage = (): PageStorage => {
  const memory = new Map<string, string>();
  return {
    get: (key) => memory.get(key) ?? tried(() => localStorage.getItem(key), null),
    set: (key, value) => {
      if (tried(() => (localStorage.setItem(key, value), true), false)) memory.delete(key);
      else memory.set(key, value);
    },
    remove: (key) => {
      memory.delete(key);
      tried(() => localStorage.removeItem(key), undefined);
    },
    keys: () => [...memory.keys(), ...tried(() => Object.keys(localStorage), [])],
    forgets: () => memory.size > 0,
  };
};

interface Channel<T> {
  post(message: T): void;
  onMessage(listener: (message: T) => void): () => void;
}

/** To the other tabs; to nobody where cookies are refused, since Firefox refuses this too. */
const openChannel = <T>(name: string): Channel<T> => {
  const channel = tried(() => new BroadcastChannel(name), null);
  return {
    post: (message) => channel?.postMessage(message),
    onMessage: (listener) => {
      const heard = (event: MessageEvent): void => listener(event.data as T);
      channel?.addEventListener('message', heard);
      return () => channel?.removeEventListener('message', heard);
    },
  };
};

export const browserPush = (): PushPorts => ({
  ...openChannel<PushMessage>('postern'),
  openStream: (url, handlers) => {
    const source = new EventSource(url);
    source.addEventListener('open', () => handlers.open());
    for (const type of pushEvents) source.addEventListener(type, (event) => handlers.event(type, event.data as string));
    source.addEventListener('error', () => {
      source.close();
      handlers.end();
    });
    return source;
  },
  whileLeading: async (name, lead, signal) => {
    if (!('locks' in navigator)) return lead();
    try {
      await navigator.locks.request(name, { signal }, lead);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
});

export const browserLock = (): LockPorts => openChannel<LockMessage>('postern-lock');

/** Whatever shows that somebody is here, anywhere in the window. */
export const onTouch = (touched: () => void): void => {
  for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'scroll', 'touchstart'])
    addEventListener(type, touched, { capture: true, passive: true });
};

/** Whether a media query holds, followed. */
export const watchMedia = (query: string, signal: (value: boolean) => Signal<boolean>): ReadonlySignal<boolean> => {
  const media = matchMedia(query);
  const holds = signal(media.matches);
  media.addEventListener('change', () => {
    holds.value = media.matches;
  });
  return holds;
};
