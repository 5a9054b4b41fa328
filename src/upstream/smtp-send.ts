import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import { SmtpError } from '#smtp/errors.ts';
import { submit } from '#smtp/submit.ts';
import type { Envelope } from '#smtp/submit.ts';
import type { Authenticated } from '#vault/keeper.ts';
import { VaultError } from '#vault/errors.ts';
import { authenticated } from './connect.ts';
import type { ConnectParts } from './connect.ts';
import { UpstreamError } from './errors.ts';
import type { OutboxParts } from './outbox.ts';
import type { SendOutcome } from './outbox-step.ts';
import type { SubmissionAddress, SubmissionEnvelope } from './submission.ts';

/** Parameters that are for us (RFC 4865): the outbox holds the message, the server shall not hold it again. */
const ours = new Set(['HOLDFOR', 'HOLDUNTIL']);

const forServer = ({ email, parameters }: SubmissionAddress): Envelope['mailFrom'] => {
  const kept = Object.entries(parameters ?? {}).filter(([key]) => !ours.has(key.toUpperCase()));
  return { email, parameters: kept.length === 0 ? null : Object.fromEntries(kept) };
};

/** RFC 4865 §4: the server is to release it in so many seconds. */
const held = (from: Envelope['mailFrom'], seconds: number | undefined): Envelope['mailFrom'] =>
  seconds === undefined ? from : { ...from, parameters: { ...from.parameters, HOLDFOR: String(seconds) } };

const toEnvelope = ({ mailFrom, rcptTo }: SubmissionEnvelope, holdFor: number | undefined): Envelope => ({
  mailFrom: held(forServer(mailFrom), holdFor),
  rcptTo: rcptTo.map(forServer),
});

/** What costs no try: it says nothing of the mail server, or only the user can change it. */
const notTried = new Set(['user/locked', 'keeper/away', 'keeper/full', 'keeper/defect', 'auth/refused']);

const wordsOf = (error: unknown): string | null =>
  error instanceof VaultError || error instanceof UpstreamError ? error.words : null;

const replies = (refused: SmtpError['refused']): { email: string; reply: string }[] =>
  refused.map(({ email, words }) => ({ email, reply: words }));

const outcomeOf = (error: SmtpError): SendOutcome => {
  const { code, words } = error;
  switch (code) {
    case 'smtp/refused':
    case 'smtp/too-large':
      return { at: 'refused', permanent: !error.temporary, code, words, refused: replies(error.refused) };
    case 'smtp/closed-before-data':
      return { at: 'not-sent', code, words, ours: false };
    case 'smtp/unknown':
      return { at: 'unknown', code };
  }
};

/** Hands messages to the account's submission server: one connection and one LOGIN each. */
export const smtpSender = (parts: ConnectParts): OutboxParts['send'] =>
  handIn(() => authenticated(parts, 'smtp'), parts.clock);

/** Null: it was cut before there was a stream; one that comes later is not used. */
const unlessCut = async (
  open: () => Promise<Authenticated>,
  cut: AbortSignal | undefined,
): Promise<Authenticated | null> => {
  if (cut === undefined) return open();
  if (cut.aborted) return null;
  const gone = Promise.withResolvers<null>();
  const goes = (): void => gone.resolve(null);
  cut.addEventListener('abort', goes, { once: true });
  const opening = open();
  const stream = await Promise.race([opening, gone.promise]).finally(() => cut.removeEventListener('abort', goes));
  // Whoever waited has gone: how it ended is nobody's business.
  if (stream === null) opening.then((late) => late.stream.destroy()).catch(() => undefined);
  return stream;
};

/** O31: what was cut before its final dot has not been tried. */
const wasCut: SendOutcome = { at: 'not-sent', code: 'engine/closed', ours: true };

/** Hands messages to a submission server over streams that have signed in, a new one for each. */
export const handIn =
  (open: () => Promise<Authenticated>, clock: Clock): OutboxParts['send'] =>
  async (envelope, message, holdFor, cut) => {
    let authenticated: Authenticated | null;
    try {
      authenticated = await unlessCut(open, cut);
    } catch (error) {
      const code = error instanceof Problem ? error.code : 'net/away';
      return { at: 'not-sent', code, words: wordsOf(error), ours: notTried.has(code) };
    }
    if (authenticated === null) return wasCut;
    const { stream } = authenticated;
    let handed = false;
    const end = (): void => void (handed || stream.destroy());
    cut?.addEventListener('abort', end, { once: true });
    /** From the final dot on the answer is waited for. */
    const report = async (): Promise<void> => {
      if (cut?.aborted === true && !handed) throw new SmtpError('smtp/closed-before-data');
      handed = true;
    };
    try {
      if (cut?.aborted === true) end();
      const { reply, refused } = await submit(authenticated, toEnvelope(envelope, holdFor), message, { report, clock });
      return { at: 'accepted', reply, refused: replies(refused) };
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      return cut?.aborted === true && error.code === 'smtp/closed-before-data' ? wasCut : outcomeOf(error);
    } finally {
      cut?.removeEventListener('abort', end);
    }
  };
