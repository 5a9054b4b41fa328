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

/** Hands messages to a submission server over streams that have signed in, a new one for each. */
export const handIn =
  (open: () => Promise<Authenticated>, clock: Clock): OutboxParts['send'] =>
  async (envelope, message, holdFor) => {
    let stream: Authenticated;
    try {
      stream = await open();
    } catch (error) {
      const code = error instanceof Problem ? error.code : 'net/away';
      return { at: 'not-sent', code, words: wordsOf(error), ours: notTried.has(code) };
    }
    try {
      const { reply, refused } = await submit(stream, toEnvelope(envelope, holdFor), message, {
        report: () => Promise.resolve(),
        clock,
      });
      return { at: 'accepted', reply, refused: replies(refused) };
    } catch (error) {
      if (error instanceof SmtpError) return outcomeOf(error);
      throw error;
    }
  };
