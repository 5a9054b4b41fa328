import type { ReadonlySignal, Signal } from '@preact/signals-core';
import type { LockMessage, LockPorts } from '#model/lock.ts';
import type { Storage } from '#model/prefs.ts';
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

/** localStorage, or memory where it is switched off. */
export const browserStorage = (): Storage => {
  const memory = new Map<string, string>();
  return {
    get: (key) => {
      try {
        return localStorage.getItem(key);
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set: (key, value) => {
      try {
        localStorage.setItem(key, value);
      } catch {
        memory.set(key, value);
      }
    },
  };
};

export const browserPush = (): PushPorts => {
  const channel = new BroadcastChannel('postern');
  return {
    openStream: (url, handlers) => {
      const source = new EventSource(url);
      source.addEventListener('open', () => handlers.open());
      for (const type of pushEvents)
        source.addEventListener(type, (event) => handlers.event(type, event.data as string));
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
    post: (message) => channel.postMessage(message),
    onMessage: (listener) => {
      const heard = (event: MessageEvent): void => listener(event.data as PushMessage);
      channel.addEventListener('message', heard);
      return () => channel.removeEventListener('message', heard);
    },
  };
};

export const browserLock = (): LockPorts => {
  const channel = new BroadcastChannel('postern-lock');
  return {
    post: (message) => channel.postMessage(message),
    onMessage: (listener) => {
      const heard = (event: MessageEvent): void => listener(event.data as LockMessage);
      channel.addEventListener('message', heard);
      return () => channel.removeEventListener('message', heard);
    },
  };
};

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
