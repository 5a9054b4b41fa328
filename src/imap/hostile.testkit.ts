import assert from 'node:assert/strict';
import { type ImapScript, openScriptedImap, type ScriptedCommand, type ScriptedImap } from '#village/scripted-imap.ts';
import { signInImap } from '#village/preauth.ts';
import { ImapError, type ImapCode } from './errors.ts';
import { type ImapOptions, type ImapSession, openImap } from './session.ts';

/** Sessions with a server that misbehaves. */
export const mails = Array.from(
  { length: 5 },
  (_, i) => `From: a@x.org\r\nSubject: message ${i + 1}\r\n\r\nbody ${i + 1}\r\n`,
);

export const open = async (
  script: ImapScript,
  options: Partial<ImapOptions> = {},
): Promise<{ server: ScriptedImap; session: ImapSession } & AsyncDisposable> => {
  const server = await openScriptedImap({ messages: mails, ...script });
  const signedIn = await signInImap(server, { address: 'alice', password: 'secret' });
  const session = await openImap(signedIn, { host: '127.0.0.1', ...options });
  return {
    server,
    session,
    [Symbol.asyncDispose]: async () => {
      await session.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

export const failsAs =
  (code: ImapCode, check: (error: ImapError) => boolean = () => true) =>
  (error: unknown) => {
    assert.ok(error instanceof ImapError, String(error));
    assert.equal(error.code, code);
    assert.ok(check(error), JSON.stringify(error));
    return true;
  };

export const on =
  (name: string, answer: (command: ScriptedCommand) => void): NonNullable<ImapScript['onCommand']> =>
  (command) => {
    if (command.name !== name) return false;
    answer(command);
    return true;
  };

export const flags = { flags: true } as const;
export const full = { flags: true, size: true, bodystructure: true, header: ['SUBJECT'] } as const;
export const everyUid = { range: [1, 4_294_967_295] } as const;
