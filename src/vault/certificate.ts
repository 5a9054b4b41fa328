import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { VaultError, type CertificateReason } from './errors.ts';
import type { CertificateFacts } from './keeper.ts';

const plainHex = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();

const oneOf = (name: string | string[] | undefined): string => (Array.isArray(name) ? name.join(', ') : (name ?? ''));

/** `DNS:a.example, IP Address:192.0.2.1` as Node gives it; quoted values hold characters that could mislead. */
const altNames = (text: string | undefined): string[] =>
  (text ?? '').split(/, (?=(?:DNS|IP Address|email|URI|othername|DirName|Registered ID):)/).flatMap((entry) => {
    const match = /^(?:DNS|IP Address):(.+)$/.exec(entry);
    return match?.[1] ? [match[1]] : [];
  });

/** What is shown of the certificate a server presented; null when there is none. */
const certificateFacts = (socket: TLSSocket): CertificateFacts | null => {
  const certificate = socket.getPeerCertificate();
  if (!certificate.fingerprint256) return null;
  const { subject, issuer } = certificate;
  return {
    subject: oneOf(subject.CN) || oneOf(subject.O),
    issuer: [oneOf(issuer.CN), oneOf(issuer.O)].filter(Boolean).join(', '),
    fingerprint: plainHex(certificate.fingerprint256),
    key: createHash('sha256')
      .update(certificate.pubkey ?? certificate.raw)
      .digest('hex'),
    validFrom: Math.floor(Date.parse(certificate.valid_from) / 1000),
    validTo: Math.floor(Date.parse(certificate.valid_to) / 1000),
    altNames: altNames(certificate.subjectaltname),
  };
};

const reasons: Readonly<Record<string, CertificateReason>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-issuer',
  CERT_UNTRUSTED: 'unknown-issuer',
};

/** Node types `authorizationError` as an Error; it is the code of one, or an Error with a code. */
const codeOf = (error: unknown): string =>
  typeof error === 'string' ? error : ((error as NodeJS.ErrnoException | null)?.code ?? '');

/**
 * Accepts what the trusted authorities vouch for under the name asked for, or, with a pin, exactly the pinned
 * certificate and no other.
 * @throws VaultError `tls/certificate` with facts and reason
 */
export const checkCertificate = (socket: TLSSocket, pin: string | null): CertificateFacts => {
  const facts = certificateFacts(socket);
  if (!facts) throw new VaultError('tls/certificate', 'no certificate', { reason: 'other' });
  if (pin !== null) {
    if (plainHex(pin) === facts.fingerprint) return facts;
    throw new VaultError('tls/certificate', 'not the pinned certificate', { certificate: facts, reason: 'pin' });
  }
  if (socket.authorized) return facts;
  const reason = reasons[codeOf(socket.authorizationError)] ?? 'other';
  throw new VaultError('tls/certificate', `certificate not accepted: ${reason}`, { certificate: facts, reason });
};
