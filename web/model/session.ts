import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Session as JmapSession } from '#jmap/core.ts';
import type { Connection } from './connection.ts';
import { ModelError, modelError } from './errors.ts';

export type SessionState =
  | { at: 'opening' }
  | { at: 'signed-out'; ended: boolean }
  | { at: 'signed-in'; jmap: JmapSession }
  /** Signed in, but only an unlocker opens it. */
  | { at: 'locked' }
  | { at: 'unreachable'; error: ModelError };

export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  /** Looks whether somebody is signed in; also after a sign-in. Never rejects. */
  open(): Promise<void>;
  /** False when the server did not say so, and one is still signed in. Never rejects. */
  signOut(): Promise<boolean>;
}

const wasIn = ({ at }: SessionState): boolean => at === 'signed-in' || at === 'locked';

export const openSession = (connection: Connection): Session => {
  const state = signal<SessionState>({ at: 'opening' });

  const look = async (): Promise<void> => {
    try {
      const answer = await connection.fetch('/.well-known/jmap', { headers: { accept: 'application/json' } });
      if (!answer.ok) throw new ModelError('net/server', `status ${answer.status}`);
      connection.opened();
      state.value = { at: 'signed-in', jmap: (await answer.json()) as JmapSession };
    } catch (cause) {
      const error =
        cause instanceof SyntaxError
          ? new ModelError('net/server', 'Postern’s answer broke off.', { cause })
          : modelError(cause);
      const before = state.peek();
      if (error.code === 'auth/signed-out') state.value = { at: 'signed-out', ended: wasIn(before) };
      else if (!wasIn(before)) state.value = { at: 'unreachable', error };
    }
  };

  let looking: Promise<void> | null = null;
  let again = false;
  /** What changes while it is being read is read once more. */
  const read = async (): Promise<void> => {
    while (again) {
      again = false;
      await look();
    }
    looking = null;
  };
  const open = (): Promise<void> => {
    again = true;
    looking ??= read();
    return looking;
  };

  const ended = (): void => {
    if (wasIn(state.peek())) state.value = { at: 'signed-out', ended: true };
  };
  connection.signedIn.subscribe((yes) => {
    if (!yes) ended();
  });
  connection.locked.subscribe((yes) => {
    if (yes) state.value = { at: 'locked' };
    else if (state.peek().at === 'locked') void open();
  });
  connection.sessionState.subscribe((told) => {
    const now = state.peek();
    if (told !== null && now.at === 'signed-in' && now.jmap.state !== told) void open();
  });

  return {
    state,
    open,
    signOut: async () => {
      try {
        const { status } = await connection.fetch('/auth/sign-out', { method: 'POST' });
        // Whatever else comes, from a proxy or the page of a hotel, ended nothing.
        if (status !== 204) return false;
      } catch (error) {
        if (modelError(error).code !== 'auth/signed-out') return false;
      }
      connection.closed();
      state.value = { at: 'signed-out', ended: false };
      return true;
    },
  };
};
