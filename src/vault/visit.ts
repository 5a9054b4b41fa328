import { TLSSocket } from 'node:tls';
import { meet } from './connect.ts';
import type { CertificateFacts, Target } from './keeper.ts';
import type { Network } from './network.ts';

/** What a server shows to whoever comes by, and how fast. */
export interface Visit {
  capabilities: string[];
  greeting: string;
  certificate: CertificateFacts | null;
  /** Unix seconds; null without TLS. */
  validFrom: number | null;
  /** Such as `TLSv1.3` and `TLS_AES_256_GCM_SHA384`; null without TLS. */
  tls: { version: string; cipher: string } | null;
  /** The address that was connected to. */
  address: string;
  /** Until the greeting was there and TLS stood. */
  reachedMs: number;
  /** One question and its answer, the median of several. */
  roundTripMs: number;
}

const questions = 5;

/**
 * Reaches a server as a sign-in does, asks it what it can do, and leaves. No user name and no password is sent.
 * @throws VaultError the `net`, `tls`, `proto`, `limit` and `server` codes
 */
export const visit = async (network: Network, target: Target): Promise<Visit> => {
  const began = performance.now();
  return meet(network, target, async ({ dialogue, capabilities, greeting, ask }, line) => {
    const reachedMs = performance.now() - began;
    const times: number[] = [];
    for (let i = 0; i < questions; i += 1) {
      const asked = performance.now();
      await ask();
      times.push(performance.now() - asked);
    }
    const { socket, certificate } = line();
    const secure = socket instanceof TLSSocket ? socket : null;
    const from = secure && Date.parse(secure.getPeerCertificate().valid_from);
    const found: Visit = {
      capabilities,
      greeting,
      certificate,
      validFrom: from && Math.floor(from / 1000),
      tls: secure && { version: secure.getProtocol() ?? 'unknown', cipher: secure.getCipher().standardName },
      address: socket.remoteAddress ?? target.host,
      reachedMs,
      roundTripMs: times.toSorted((a, b) => a - b)[Math.floor(questions / 2)] ?? 0,
    };
    await dialogue.send(target.protocol === 'imap' ? 'v1 LOGOUT\r\n' : 'QUIT\r\n');
    dialogue.detach();
    socket.on('error', () => undefined);
    socket.destroy();
    return found;
  });
};
