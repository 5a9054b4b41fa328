import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Session as JmapSession } from '#jmap/core.ts';
import type { Connection } from './connection.ts';
import { ModelError, modelError } from './errors.ts';

export type SessionState =
  | { at: 'opening' }
  | { at: 'signed-out'; ended: boolean }
  | { at: 'signed-in'; jmap: JmapSession }
  | { at: 'unreachable'; error: ModelError };

export interface MailServer {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  username?: string;
}

/** Body of `POST /auth/sign-in`. */
export interface SignInForm {
  address: string;
  password: string;
  imap?: MailServer;
  smtp?: MailServer;
  remember?: boolean;
}

/** application/problem+json of `/auth/sign-in`; `type` is of a closed list, further members depend on it. */
export interface SignInProblem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  [member: string]: unknown;
}

export type SignInResult = { ok: true } | { ok: false; problem: SignInProblem };

export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  /** Looks whether somebody is signed in. Never rejects. */
  open(): Promise<void>;
  /** Never rejects: no answer is a problem of type `about:blank#offline`. */
  signIn(form: SignInForm): Promise<SignInResult>;
  signOut(): Promise<void>;
}

const offline: SignInProblem = { type: 'about:blank#offline', title: 'You are offline', status: 0 };

const problemOf = async (answer: Response): Promise<SignInProblem> => {
  const fallback = { type: 'about:blank', title: 'The server could not answer', status: answer.status };
  try {
    return { ...fallback, ...((await answer.json()) as Partial<SignInProblem>) };
  } catch {
    return fallback;
  }
};

export const openSession = (connection: Connection): Session => {
  const state = signal<SessionState>({ at: 'opening' });

  const open = async (): Promise<void> => {
    try {
      const answer = await connection.fetch('/.well-known/jmap', { headers: { accept: 'application/json' } });
      if (!answer.ok) throw new ModelError('net/server', `status ${answer.status}`);
      connection.opened();
      state.value = { at: 'signed-in', jmap: (await answer.json()) as JmapSession };
    } catch (cause) {
      const error =
        cause instanceof SyntaxError
          ? new ModelError('net/server', 'the answer broke off', { cause })
          : modelError(cause);
      const before = state.peek();
      if (error.code === 'auth/signed-out') state.value = { at: 'signed-out', ended: before.at === 'signed-in' };
      else if (before.at !== 'signed-in') state.value = { at: 'unreachable', error };
    }
  };

  const ended = (): void => {
    if (state.peek().at === 'signed-in') state.value = { at: 'signed-out', ended: true };
  };
  connection.signedIn.subscribe((yes) => {
    if (!yes) ended();
  });
  connection.sessionState.subscribe((told) => {
    const now = state.peek();
    if (told !== null && now.at === 'signed-in' && now.jmap.state !== told) void open();
  });

  return {
    state,
    open,
    signIn: async (form) => {
      let answer: Response;
      try {
        answer = await connection.fetch('/auth/sign-in', {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify(form),
        });
      } catch (error) {
        const { code } = modelError(error);
        if (code === 'auth/signed-out')
          return { ok: false, problem: { type: 'wrong-password', title: 'Not accepted', status: 401 } };
        return { ok: false, problem: offline };
      }
      if (!answer.ok) return { ok: false, problem: await problemOf(answer) };
      await open();
      return { ok: true };
    },
    signOut: async () => {
      try {
        await connection.fetch('/auth/sign-out', { method: 'POST' });
      } catch (error) {
        modelError(error);
      }
      connection.closed();
      state.value = { at: 'signed-out', ended: false };
    },
  };
};
