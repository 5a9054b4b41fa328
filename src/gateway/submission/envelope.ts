import { isUTCDate, secondsOf } from '#jmap/ids.ts';
import type { Identity } from '#jmap/mail.ts';
import { parseEnvelope } from '#mime/envelope.ts';
import { headerSpan, readFields } from '#mime/headers.ts';
import type { Envelope as MessageEnvelope } from '#mime/types.ts';
import type { SubmissionAddress, SubmissionEnvelope } from '#upstream/submission.ts';
import { isAddress, sameAddress } from '../address.ts';
import { type Check, list, mapOf, nullable, orNull, record, shape, text } from '../check.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { limits } from '../limits.ts';
import { property } from '../set.ts';

/** The envelope of a submission – RFC 8621 §7 – and when it may go. */
export interface Addressed {
  envelope: SubmissionEnvelope;
  /** Unix ms. */
  sendAt: number;
}

const addressee: Check<SubmissionAddress> = shape({
  email: text,
  parameters: orNull(mapOf(text, nullable(text))),
});

const rightly = shape({ mailFrom: addressee, rcptTo: list(addressee) });

/** `mailfrom` is what programs made with go-jmap write, aerc 0.20 among them. */
const given: Check<SubmissionEnvelope> = (value, at) => {
  const { mailfrom, ...rest } = record(value, at);
  return rightly(mailfrom === undefined || 'mailFrom' in rest ? value : { ...rest, mailFrom: mailfrom }, at);
};

const unique = (all: readonly SubmissionAddress[]): SubmissionAddress[] => {
  const known = new Map<string, SubmissionAddress>();
  for (const one of all) if (!known.has(one.email.toLowerCase())) known.set(one.email.toLowerCase(), one);
  return [...known.values()];
};

/** Sender or From, and everybody the header names – RFC 8621 §7, envelope */
const fromHeader = (message: MessageEnvelope): SubmissionEnvelope => ({
  mailFrom: { email: message.sender[0]?.email ?? message.from[0]?.email ?? '', parameters: null },
  rcptTo: [...message.to, ...message.cc, ...message.bcc].map(({ email }) => ({ email, parameters: null })),
});

/** HOLDFOR seconds, or HOLDUNTIL a date – RFC 4865 §4 */
const sendAtOf = (parameters: Readonly<Record<string, string | null>> | null, now: number): number => {
  let sendAt = now;
  for (const [name, value] of Object.entries(parameters ?? {})) {
    const word = name.toUpperCase();
    if (word === 'HOLDFOR' && value !== null && /^\d{1,9}$/u.test(value)) sendAt = now + Number(value) * 1000;
    else if (word === 'HOLDUNTIL' && value !== null && isUTCDate(value))
      sendAt = Math.max(now, secondsOf(value) * 1000);
    else throw invalidProperties(['envelope'], `The parameter ${name.slice(0, 50)} cannot be used here.`);
  }
  const names = Object.keys(parameters ?? {});
  if (names.length > 1) throw invalidProperties(['envelope'], 'Only one of HOLDFOR and HOLDUNTIL.');
  if (sendAt - now > limits.maxDelayedSend * 1000)
    throw invalidProperties(['envelope'], 'That is later than maxDelayedSend.');
  return sendAt;
};

const admitRecipients = (rcptTo: readonly SubmissionAddress[]): void => {
  if (rcptTo.length === 0) throw new SetFailure({ type: 'noRecipients', description: 'It has no recipients.' });
  if (rcptTo.length > limits.maxRecipients)
    throw new SetFailure({
      type: 'tooManyRecipients',
      maxRecipients: limits.maxRecipients,
      description: `It has ${rcptTo.length} recipients, and ${limits.maxRecipients} is the most.`,
    });
  const bad = rcptTo.filter(({ email }) => !isAddress(email)).map(({ email }) => email);
  if (bad.length > 0)
    throw new SetFailure({
      type: 'invalidRecipients',
      invalidRecipients: bad,
      description: `No address: ${bad.join(', ')}.`,
    });
  if (rcptTo.some(({ parameters }) => Object.keys(parameters ?? {}).length > 0)) {
    throw invalidProperties(['envelope'], 'Parameters of recipients cannot be used here.');
  }
};

/** A second From would be shown by some programs, and only one is looked at here (RFC 5322 §3.6: one at most). */
const admitFields = (raw: Buffer): void => {
  const fields = readFields(raw, 0, headerSpan(raw, 0, raw.length).headerEnd).map(({ name }) => name.toLowerCase());
  const twice = ['from', 'sender'].filter((name) => fields.indexOf(name) !== fields.lastIndexOf(name));
  if (twice.length > 0) throw new SetFailure({ type: 'invalidEmail', properties: twice });
};

const notMine = 'It is from an address that is none of yours.';

/** Who sends `raw` to whom, and when. @throws SetFailure */
export const addressedBy = (wish: unknown, raw: Buffer, identities: readonly Identity[], now: number): Addressed => {
  admitFields(raw);
  const message = parseEnvelope(raw);
  const isMine = (email: string): boolean => identities.some((identity) => sameAddress(identity.email, email));
  const named = wish === null || wish === undefined ? fromHeader(message) : property(given, wish, 'envelope');
  const { mailFrom } = named;
  if (message.from.length === 0) throw new SetFailure({ type: 'invalidEmail', properties: ['from'] });
  if (!message.from.every(({ email }) => isMine(email)))
    throw new SetFailure({ type: 'forbiddenFrom', description: notMine });
  if (!isAddress(mailFrom.email)) throw invalidProperties(['envelope'], 'The sender is no address.');
  if (!isMine(mailFrom.email)) throw new SetFailure({ type: 'forbiddenMailFrom', description: notMine });
  const rcptTo = unique(named.rcptTo);
  admitRecipients(rcptTo);
  return { envelope: { mailFrom, rcptTo }, sendAt: sendAtOf(mailFrom.parameters, now) };
};
