/** Mail servers as a person names them and as they are shown. */

export type Security = 'tls' | 'starttls' | 'none';

/** A server as the person named it. `none` is taken for the operator's private servers only. */
export interface ServerWish {
  host: string;
  port: number;
  security: Security;
  /** The login, when it is not the address. */
  username?: string;
  /** SHA-256 of a certificate (hex, lower-case) that the person has compared and trusts; it is pinned to the account. */
  pin?: string;
}

export interface ServerFacts {
  host: string;
  port: number;
  security: Security;
  username: string;
}

/** Facts of a certificate that was not accepted. No password was sent. */
export interface CertificateReport {
  /** Why: shown in words by `detail`. */
  reason: 'expired' | 'not-yet-valid' | 'name' | 'unknown-issuer' | 'self-signed' | 'pin' | 'other';
  subject: string;
  issuer: string;
  /** SHA-256, hex; what `ServerWish.pin` takes. */
  fingerprint: string;
  validFrom: string;
  validTo: string;
  altNames: string[];
}
