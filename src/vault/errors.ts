import { type Blame, Problem } from '#base/problem.ts';
import type { CertificateFacts } from './keeper.ts';

/** Every way the vault says no. What each means to the person is decided where it is shown. */
export type VaultCode =
  /** The server did not take user name and password. */
  | 'auth/refused'
  /** The server offers no way to sign in that we know, or lets everybody in without one. */
  | 'auth/no-mechanism'
  /** SCRAM: the server could not show that it knows the password (RFC 5802 §3). */
  | 'auth/server-unproven'
  | 'net/unreachable'
  | 'net/timeout'
  | 'net/host-not-allowed'
  /** The connection would not have been encrypted; no password was sent. */
  | 'tls/none'
  /** Bytes arrived before TLS that only an intruder puts there. */
  | 'tls/injection'
  | 'tls/certificate'
  | 'proto/not-imap'
  | 'proto/not-smtp'
  | 'limit/connections'
  /** The server is there but cannot serve now (RFC 5530 UNAVAILABLE and others, SMTP 4xx). */
  | 'server/unavailable'
  /** A box sealed to another key, damaged, or for another login. */
  | 'secret/does-not-open'
  /** A site password that is too short. */
  | 'secret/weak'
  /** The admission has expired, was used, or is of a keeper that has ended. */
  | 'admission/gone'
  /** A ticket was used, dropped, has ended, or was held by an earlier start of the keeper. */
  | 'ticket/gone'
  | 'slot/does-not-open'
  /** The password was right; a one-time code is wanted with it. */
  | 'totp/needed'
  /** The password was right, the one-time code was not, or was used before. */
  | 'totp/wrong'
  | 'session/does-not-open'
  | 'record/does-not-open'
  /** The key of a mail password is never handed out. */
  | 'record/refused'
  /** The user key is not in memory. */
  | 'user/locked'
  /** No room for another user key. */
  | 'keeper/full'
  /** The keeper process cannot be reached, or ended while it worked. */
  | 'keeper/away'
  | 'keeper/defect'
  /** The file of the host key cannot be used: its text says why. */
  | 'host/secret-file';

const blames: Record<VaultCode, Blame> = {
  'auth/refused': 'user',
  'auth/no-mechanism': 'server',
  'auth/server-unproven': 'server',
  'net/unreachable': 'network',
  'net/timeout': 'network',
  'net/host-not-allowed': 'user',
  'tls/none': 'server',
  'tls/injection': 'network',
  'tls/certificate': 'server',
  'proto/not-imap': 'server',
  'proto/not-smtp': 'server',
  'limit/connections': 'server',
  'server/unavailable': 'server',
  'secret/does-not-open': 'user',
  'secret/weak': 'user',
  'admission/gone': 'user',
  'ticket/gone': 'user',
  'slot/does-not-open': 'user',
  'totp/needed': 'user',
  'totp/wrong': 'user',
  'session/does-not-open': 'user',
  'record/does-not-open': 'postern',
  'record/refused': 'postern',
  'user/locked': 'user',
  'keeper/full': 'operator',
  'keeper/away': 'operator',
  'keeper/defect': 'postern',
  'host/secret-file': 'operator',
};

/** Why a certificate was not accepted; `pin`: it is not the one that was pinned. */
export type CertificateReason =
  | 'expired'
  | 'not-yet-valid'
  | 'name'
  | 'unknown-issuer'
  | 'self-signed'
  | 'pin'
  | 'other';

export interface VaultFacts {
  /** What the server said: one line without control characters, at most 300 characters. Shown to the user, never logged. */
  words?: string | null;
  certificate?: CertificateFacts | null;
  reason?: CertificateReason | null;
}

export class VaultError extends Problem {
  override readonly name = 'VaultError';
  readonly code: VaultCode;
  readonly blame: Blame;
  readonly words: string | null;
  readonly certificate: CertificateFacts | null;
  readonly reason: CertificateReason | null;

  constructor(code: VaultCode, message: string, facts: VaultFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.blame = blames[code];
    this.words = facts.words ?? null;
    this.certificate = facts.certificate ?? null;
    this.reason = facts.reason ?? null;
  }
}

/** How an error crosses the keeper's socket. */
export interface WireError {
  code: VaultCode;
  message: string;
  words: string | null;
  certificate: CertificateFacts | null;
  reason: CertificateReason | null;
}

/** Errors that are not ours become `keeper/defect` with the error's class only: their text could hold anything. */
export const toWire = (error: unknown): WireError => {
  if (error instanceof VaultError) {
    const { code, message, words, certificate, reason } = error;
    return { code, message, words, certificate, reason };
  }
  const message = error instanceof Error ? `${error.name} in the keeper` : 'a defect in the keeper';
  return { code: 'keeper/defect', message, words: null, certificate: null, reason: null };
};

export const fromWire = ({ code, message, words, certificate, reason }: WireError): VaultError =>
  new VaultError(code, message, { words, certificate, reason });

/** Server text as it may be shown: control and invisible formatting characters become spaces; at most 300 characters. */
export const cleanWords = (text: string): string | null => {
  const words = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 300)
    .trim();
  return words === '' ? null : words;
};
