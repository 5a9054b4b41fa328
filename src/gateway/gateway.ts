import { type Clock, systemClock } from '#base/clock.ts';
import { type Log, silent } from '#base/log.ts';
import { watchRefusals } from './account/view.ts';
import { type Desk, emptyDesk } from './app-password/desk.ts';
import { dispatch } from './dispatch.ts';
import { openDownload } from './download.ts';
import { emailDocument } from './email/document.ts';
import { RequestFailure } from './errors.ts';
import { jsonBytes } from './json.ts';
import { methods } from './methods.ts';
import { openMemories } from './remembered.ts';
import { readRequest } from './request.ts';
import { sessionOf } from './session.ts';
import { statesOf } from './states.ts';
import type { Caller, Gateway, Host } from './types.ts';
import { upload } from './upload.ts';

export interface GatewayParts {
  clock?: Clock;
  log?: Log;
  /** Where it is missing, no app passwords are managed. */
  desk?: Desk;
}

/** The JMAP server over what a mailroom hosts: bytes in, bytes out. */
export const openGateway = (parts: GatewayParts = {}): Gateway => {
  const { clock = systemClock, log = silent, desk = emptyDesk } = parts;
  const memories = openMemories();
  const met = new WeakSet<object>();

  /** Listens to what no index tells: connection, progress, refusals. */
  const meet = (host: Host): void => {
    for (const { jmapId, engine } of host.accounts.values()) {
      if (met.has(engine)) continue;
      met.add(engine);
      watchRefusals(engine, () => clock.now());
      const tell = (): void => host.changed(jmapId, {});
      engine.onStatus(tell);
      engine.onRefusal(tell);
    }
  };

  const answer = async (caller: Caller, body: Buffer): Promise<{ body: Buffer; level: number | null }> => {
    const request = readRequest(body);
    const { level } = caller.host.tide;
    const { json, pure, tasks, concealed } = await dispatch(methods, caller, request, {
      clock,
      log,
      desk,
      memories,
    });
    const bytes = jsonBytes(json);
    concealed.reveal(bytes);
    for (const task of tasks) task();
    return { body: bytes, level: pure ? level : null };
  };

  return {
    api: async (caller, body) => {
      meet(caller.host);
      try {
        return { status: 200, type: 'application/json', ...(await answer(caller, body)) };
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error;
        const problem = Buffer.from(JSON.stringify(error.toProblem()));
        return { status: 400, type: 'application/problem+json', body: problem, level: null };
      }
    },
    session: (caller, origin, username) =>
      Promise.resolve(Buffer.from(JSON.stringify(sessionOf(caller, desk, origin, username)))),
    upload: async (caller, accountId, type, bytes) => upload(caller, accountId, type, bytes),
    download: async (caller, accountId, blobId) => {
      const open = caller.host.accounts.get(accountId);
      return open ? openDownload(open, blobId) : null;
    },
    states: (caller) => {
      meet(caller.host);
      return Object.fromEntries([...caller.host.accounts.values()].map((open) => [open.jmapId, statesOf(open)]));
    },
    mailDocument: async (caller, accountId, emailId, options) => {
      const open = caller.host.accounts.get(accountId);
      return open ? emailDocument(open, emailId, options) : null;
    },
  };
};
