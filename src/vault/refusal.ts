import { cleanWords, VaultError, type VaultCode } from './errors.ts';

/** Texts that mean "too many connections", as servers word it (no server sends a code of its own for it). */
const tooManyConnections =
  /too many (simultaneous |concurrent |open |active )?(imap |smtp )?(connections|sessions|users)|maximum (number of )?(allowed )?(simultaneous |concurrent )?(connections|sessions|users)|(connection|session)s? (count |rate )?limit|(simultaneous|concurrent) (connections|sessions)|connections? (from|per) .* exceed/i;

const notNow = /throttl|try (again|later)|temporar|too many (failed |invalid )?(login|auth|attempt)/i;

const refused = (code: VaultCode, message: string, text: string): VaultError =>
  new VaultError(code, message, { words: cleanWords(text) });

export const isTooMany = (text: string): boolean => tooManyConnections.test(text);

/** An IMAP NO, BAD or BYE while signing in. `code`: the response code's first word (RFC 5530), or null. */
export const imapRefusal = (code: string | null, text: string): VaultError => {
  if (code === 'LIMIT' || isTooMany(text)) return refused('limit/connections', 'too many connections', text);
  if (code === 'PRIVACYREQUIRED') return refused('tls/none', 'the server wants TLS', text);
  if (code === 'UNAVAILABLE' || code === 'INUSE' || code === 'SERVERBUG' || (code === null && notNow.test(text)))
    return refused('server/unavailable', 'the server cannot sign in now', text);
  return refused('auth/refused', 'the server refused user name and password', text);
};

/** An SMTP answer other than success while signing in (RFC 4954 §6). */
export const smtpRefusal = (status: number, text: string): VaultError => {
  if (isTooMany(text)) return refused('limit/connections', 'too many connections', text);
  if (status === 530 || status === 538) return refused('tls/none', 'the server wants TLS', text);
  if (status < 500) return refused('server/unavailable', 'the server cannot sign in now', text);
  return refused('auth/refused', 'the server refused user name and password', text);
};
