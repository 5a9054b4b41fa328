import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { signIn } from '#vault/connect.ts';
import { VaultError } from '#vault/errors.ts';
import type { MailProtocol, Target } from '#vault/keeper.ts';
import { Network } from '#vault/network.ts';
import { openAuthority, type TestAuthority } from '#village/tls.ts';
import { type Case, certificateCases, imapTalk, recordingOf, smtpTalk } from './certificate-cases.ts';
import { formsOf, openSearch } from './needles.ts';
import { openRecording, type RecordingServer } from './recording-server.ts';

const password = 'Kornblume-77-Rathaus-xq';
const username = 'alice@mail.test';
let authority: TestAuthority;
let other: TestAuthority;
let cases: Case[];
let network: Network;
before(() => {
  [authority, other] = [openAuthority(), openAuthority()];
  cases = certificateCases(authority, other);
  const privateServers = [must(parseServer('127.0.0.1'), 'a server')];
  network = new Network({ allowedServers: [], privateServers, extraCa: [authority.ca] });
});
after(() => {
  for (const { folder } of [authority, other]) rmSync(folder, { recursive: true, force: true });
});

/** Forms of the password, alone and as SASL PLAIN sends it, in what a server heard. */
const foundIn = ({ heard }: RecordingServer): string[] => {
  const found: string[] = [];
  const sasl = `\0${username}\0${password}`;
  const needles = [...formsOf('password', password), ...formsOf('PLAIN', sasl)];
  openSearch(needles)(heard, ({ name, form }) => found.push(`${name} ${form}`));
  return found;
};

const targetOf = (
  protocol: MailProtocol,
  port: number,
  { security, host = 'localhost', pin = null }: Partial<Target>,
) => ({ protocol, host, port, security: security ?? 'tls', username, pin }) satisfies Target;

for (const protocol of ['imap', 'smtp'] as const)
  describe(`${protocol.toUpperCase()}: no password leaves`, () => {
    test('V26 the recorder hears the password where all is well', async () => {
      const talk = (protocol === 'imap' ? imapTalk : smtpTalk)();
      for (const security of ['tls', 'starttls'] as const) {
        const tls = authority.issue(['localhost']);
        await using server = await openRecording({ talk, tls, implicit: security === 'tls' });
        const signedIn = await signIn(network, targetOf(protocol, server.port, { security }), Buffer.from(password));
        signedIn.socket.destroy();
        assert.ok(foundIn(server).length > 0, security);
      }
    });

    test('V26 V27 V28 V29 expired, early, of another name, self-signed, unknown, not the pinned one; no TLS, or tampered with', async (t) => {
      for (const each of cases.filter(({ imapOnly }) => protocol === 'imap' || imapOnly !== true))
        await t.test(each.name, async () => {
          await using server = await openRecording(recordingOf(protocol, each));
          const { security, host, pin } = each;
          const target = targetOf(protocol, server.port, {
            security,
            ...(host ? { host } : {}),
            ...(pin ? { pin } : {}),
          });
          const error = await signIn(network, target, Buffer.from(password)).then(
            () => null,
            (thrown: unknown) => thrown,
          );
          assert.ok(error instanceof VaultError, String(error));
          assert.deepEqual([error.code, error.reason], [each.code, each.reason]);
          assert.equal(error.certificate === null, each.code !== 'tls/certificate', 'the facts are told');
          assert.equal(server.connections, 1);
          assert.deepEqual(foundIn(server), []);
          assert.doesNotMatch(server.heard.toString('latin1'), /AUTH(ENTICATE)? |LOGIN|alice/i, 'nor the login');
        });
    });
  });
