/** An address that may stand in an envelope: local part, one "@", a domain; no blanks, brackets or controls – RFC 5321 §4.1.2 */
const grammar =
  /^(?=.{3,320}$)[^\s<>@,;:"()[\]\\\p{Cc}]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}])?)(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}])?)*\.?$/u;
const literal = /^[^\s<>@,;:"()[\]\\\p{Cc}]{1,64}@\[[0-9A-Fa-f.:IPv]{3,60}\]$/u;

export const isAddress = (text: string): boolean => grammar.test(text) || literal.test(text);

/** Addresses are the same when they differ in case only; no server tells local parts apart by it. */
export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
