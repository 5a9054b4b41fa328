import type { Brand } from '#base/brand.ts';

/** Id = 1*255(ALPHA / DIGIT / "-" / "_") – RFC 8620 §1.2 */
export type Id<Name extends string = string> = Brand<string, `jmap ${Name}`>;

export type AccountId = Id<'Account'>;
export type MailboxId = Id<'Mailbox'>;
export type ThreadId = Id<'Thread'>;
export type EmailId = Id<'Email'>;
export type IdentityId = Id<'Identity'>;
export type SubmissionId = Id<'EmailSubmission'>;
export type MailAccountId = Id<'MailAccount'>;
export type WebSessionId = Id<'WebSession'>;
export type QuotaId = Id<'Quota'>;
export type AppPasswordId = Id<'AppPassword'>;
export type BlobId = Id<'Blob'>;

/** A name the client gives to a record it creates; `#` + creation id stands for the record's id later in the request (RFC 8620 §5.3). */
export type CreationId = Brand<string, 'CreationId'>;

/** UTCDate: RFC 3339 with an upper-case T and Z, no fraction when it is zero – RFC 8620 §1.4 */
export type UTCDate = Brand<string, 'UTCDate'>;
/** Date: RFC 3339 with an offset – RFC 8620 §1.4 */
export type OffsetDate = Brand<string, 'OffsetDate'>;

const idGrammar = /^[A-Za-z0-9_-]{1,255}$/u;

export const isId = (text: string): text is Id => idGrammar.test(text);

const utcGrammar =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.(\d*[1-9]))?Z$/u;
const offsetGrammar =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.(\d*[1-9]))?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u;

/** Date.parse takes the 30th of February for the 2nd of March. */
const isDay = (text: string): boolean => {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
};
const isReal = (text: string): boolean => !Number.isNaN(Date.parse(text)) && isDay(text);

export const isUTCDate = (text: string): text is UTCDate => utcGrammar.test(text) && isReal(text);

export const isOffsetDate = (text: string): text is OffsetDate => offsetGrammar.test(text) && isReal(text);

const two = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
/** The day last written: a page of mail has few. */
let day = { number: Number.NaN, text: '' };

/** Unix seconds, rounded down, as a UTCDate. */
export const utcDate = (seconds: number): UTCDate => {
  const number = Math.floor(seconds / 86_400);
  if (number !== day.number) day = { number, text: new Date(number * 86_400_000).toISOString().slice(0, -13) };
  const rest = Math.floor(seconds) - number * 86_400;
  return `${day.text}${two[Math.floor(rest / 3600)]}:${two[Math.floor(rest / 60) % 60]}:${two[rest % 60]}Z` as UTCDate;
};

/** Unix seconds of a UTCDate or Date, rounded down. */
export const secondsOf = (date: UTCDate | OffsetDate): number => Math.floor(Date.parse(date) / 1000);
