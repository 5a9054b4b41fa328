import type { Clock } from '#base/clock.ts';
import type { StateChange } from '#jmap/core.ts';

/** An event stream of `/jmap/eventsource` (RFC 8620 §7.3). */
export interface Stream {
  close(): void;
}

/** What the stream says; `session`: accounts came, went or were renamed. */
export const pushEvents = ['state', 'ping', 'height', 'session'] as const;
export type PushEvent = (typeof pushEvents)[number];

export interface StreamHandlers {
  open(): void;
  /** Data is what stood in the event. */
  event(type: PushEvent, data: string): void;
  /** The stream ended; it does not come back by itself. */
  end(): void;
}

/** What push needs of the browser; tests give their own. */
export interface PushPorts {
  openStream(url: string, handlers: StreamHandlers): Stream;
  /** Runs `lead` in at most one tab at a time, until its signal aborts (Web Locks). */
  whileLeading(name: string, lead: () => Promise<void>, signal: AbortSignal): Promise<void>;
  /** To the other tabs. */
  post(message: PushMessage): void;
  onMessage(listener: (message: PushMessage) => void): () => void;
}

/** How tall a mail document says it is: CSS pixels; null when it fills the frame of height `frame` or more. */
export interface Height {
  token: string;
  frame: number;
  height: number | null;
  turn: number;
}

export type PushMessage =
  | { kind: 'state'; change: StateChange }
  | { kind: 'height'; height: Height }
  | { kind: 'session' }
  | { kind: 'signed-out' };

export interface Push {
  /** One event stream for all tabs of the browser: whoever leads reads it and tells the others. */
  start(): void;
  stop(): void;
  /** The page became visible, or the line is back: a stream that may be dead is opened anew. */
  wake(): void;
  tellSignedOut(): void;
}

export interface PushHandlers {
  changed(change: StateChange): void;
  height(height: Height): void;
  /** The session is to be read anew, and what changed looked for. */
  session(): void;
  /** The stream is open again; what happened meanwhile is not known. */
  reopened(): void;
  signedOut(): void;
}

const pingSeconds = 30;
const silence = 3 * pingSeconds * 1000;
const backOff = [1_000, 2_000, 5_000, 15_000, 30_000];
const url = `/jmap/eventsource?types=*&closeafter=no&ping=${pingSeconds}`;

export const openPush = (ports: PushPorts, clock: Clock, handlers: PushHandlers): Push => {
  let running: AbortController | null = null;
  let stopListening = (): void => undefined;
  /** Ends the present stream, or the wait for the next one, which is opened at once unless all is stopped. */
  let renew = (): void => undefined;
  let heardAt = 0;

  const handle = (message: PushMessage): void => {
    if (message.kind === 'state') handlers.changed(message.change);
    else if (message.kind === 'height') handlers.height(message.height);
    else if (message.kind === 'session') handlers.session();
    else handlers.signedOut();
  };

  const tell = (message: PushMessage): void => {
    handle(message);
    ports.post(message);
  };

  const hear = (type: Exclude<PushEvent, 'ping'>, data: string): void => {
    if (type === 'session') {
      tell({ kind: 'session' });
      return;
    }
    let said: unknown;
    try {
      said = JSON.parse(data);
    } catch {
      return;
    }
    tell(
      type === 'state' ? { kind: 'state', change: said as StateChange } : { kind: 'height', height: said as Height },
    );
  };

  /** One stream from opening to end. Resolves with whether it ever worked. */
  const read = (): Promise<boolean> =>
    new Promise((resolve) => {
      let worked = false;
      let cancelWatch = (): void => undefined;
      const finish = (): void => {
        cancelWatch();
        stream.close();
        resolve(worked);
      };
      const watch = (): void => {
        cancelWatch();
        heardAt = clock.now();
        cancelWatch = clock.after(silence, finish);
      };
      const stream = ports.openStream(url, {
        open: () => {
          worked = true;
          watch();
          handlers.reopened();
        },
        event: (type, data) => {
          watch();
          if (type !== 'ping') hear(type, data);
        },
        end: finish,
      });
      renew = finish;
      watch();
    });

  const lead = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    signal.addEventListener('abort', () => renew());
    while (!signal.aborted) {
      const worked = await read();
      if (signal.aborted) return;
      failures = worked ? 0 : failures + 1;
      // Refused, or held back on its way: whether the session stands, and what is new, is asked for without it.
      if (!worked) tell({ kind: 'session' });
      const wait = backOff[Math.min(failures, backOff.length - 1)] ?? 30_000;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(wait, resolve);
        renew = () => {
          cancel();
          resolve();
        };
      });
    }
  };

  return {
    start: () => {
      if (running) return;
      const controller = new AbortController();
      running = controller;
      stopListening = ports.onMessage(handle);
      void ports.whileLeading('postern-push', () => lead(controller.signal), controller.signal);
    },
    stop: () => {
      running?.abort();
      running = null;
      stopListening();
    },
    wake: () => {
      if (clock.now() - heardAt > 2 * pingSeconds * 1000) renew();
    },
    tellSignedOut: () => ports.post({ kind: 'signed-out' }),
  };
};
