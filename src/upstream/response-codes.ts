import { type ImapError, isThrottle } from '#imap/errors.ts';

/** Response codes (RFC 5530 and others) that mean "not now" rather than "no". */
const passing = new Set(['UNAVAILABLE', 'SERVERBUG', 'CONTACTADMIN', 'EXPUNGEISSUED', 'TEMPFAIL']);
/** Codes that are true of every message of the group. */
const forAll = new Set(['NOPERM', 'OVERQUOTA', 'TRYCREATE', 'NONEXISTENT', 'READ-ONLY', 'CANNOT', 'PRIVACYREQUIRED']);

/** Not a no: the server asks to come back later. */
export const isPassing = (error: ImapError): boolean => passing.has(error.responseCode ?? '') || isThrottle(error);

/** A no to every message of the command. */
export const isForAll = ({ responseCode }: ImapError): boolean => responseCode !== null && forAll.has(responseCode);
