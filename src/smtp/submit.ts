import { isAscii as isAsciiBytes } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '#base/clock.ts';
import { stuffed } from './dot-stuffing.ts';
import { type RefusedRecipient, SmtpError } from './errors.ts';
import { LineError, SmtpLine } from './line.ts';
import { type Reply, toReply } from './replies.ts';

/** ESMTP parameters (RFC 5321 §4.1.2), as JMAP has them: value null for a bare keyword. Sent as they are given. */
export type Parameters = Readonly<Record<string, string | null>>;

export interface EnvelopeAddress {
  email: string;
  parameters?: Parameters | null;
}

export interface Envelope {
  /** `email` '' is the null sender. */
  mailFrom: EnvelopeAddress;
  rcptTo: readonly EnvelopeAddress[];
}

/** The keeper's `Authenticated`, as far as SMTP needs it: the stream begins with a `220` line, EHLO may be said again. */
export interface AuthenticatedSmtp {
  stream: Duplex;
  /** EHLO keyword lines after AUTH; used when the server does not want a second EHLO. */
  capabilities: readonly string[];
}

/**
 * `data-begun`: all of the message but its final dot has been written; what happens from here on is unknown until
 * answered. `answered`: the server has taken the message. Each is awaited before anything else happens.
 */
export type SubmitStep = 'data-begun' | 'answered';

export interface SubmitOptions {
  report: (step: SubmitStep) => Promise<void>;
  /** What we call ourselves in EHLO. */
  name?: string;
  /** Milliseconds to wait for a reply; the one to the message gets twice as long. Default 5 minutes (RFC 5321 §4.5.3.2). */
  timeout?: number;
  clock?: Clock;
}

export interface Submitted {
  accepted: { email: string; reply: string }[];
  refused: RefusedRecipient[];
  /** `250 2.0.0 Ok: queued as 4XyZ` */
  reply: string;
  /** The server's name for the message, when it can be told from the reply. */
  queueId: string | null;
}

/**
 * Submits one message (RFC 6409) over an authenticated stream, and ends the stream. Goes on when some recipients are
 * refused and others are not.
 * @throws SmtpError; and whatever `report` throws, after which the message has not been taken if the step was `data-begun`
 */
export const submit = async (
  authenticated: AuthenticatedSmtp,
  envelope: Envelope,
  message: Buffer,
  options: SubmitOptions,
): Promise<Submitted> => {
  const line = new SmtpLine(authenticated.stream, options.clock ?? systemClock);
  const dialogue = new Dialogue(line, options.timeout ?? 300_000);
  try {
    const able = await dialogue.greet(options.name ?? '[127.0.0.1]', authenticated.capabilities);
    const { accepted, refused } = await dialogue.envelope(envelope, message, able);
    await dialogue.message(message);
    await options.report('data-begun');
    const reply = await dialogue.finish(refused);
    await options.report('answered');
    line.quit();
    return { accepted, refused, reply: reply.words, queueId: queueIdOf(reply) };
  } catch (error) {
    // A message that is not complete must not be completed by QUIT: the line is cut.
    if (dialogue.inData) line.destroy();
    else line.quit();
    if (error instanceof LineError) {
      throw new SmtpError(dialogue.dotSent ? 'smtp/unknown' : 'smtp/closed-before-data', { cause: error });
    }
    throw error;
  }
};

/** EHLO keywords to their parameters, upper-case. */
type Able = ReadonlyMap<string, string>;

const ableOf = (lines: readonly string[]): Able =>
  new Map(
    lines.map((text) => {
      const [keyword = '', ...rest] = text.trim().toUpperCase().split(/[ =]/);
      return [keyword, rest.join(' ')];
    }),
  );

class Dialogue {
  inData = false;
  dotSent = false;
  readonly #line: SmtpLine;
  readonly #timeout: number;

  constructor(line: SmtpLine, timeout: number) {
    this.#line = line;
    this.#timeout = timeout;
  }

  async greet(name: string, known: readonly string[]): Promise<Able> {
    const greeting = await this.#line.reply(this.#timeout);
    if (greeting.code !== 220) throw new SmtpError('smtp/refused', { reply: greeting });
    const hello = await this.#ask(`EHLO ${name}`);
    if (hello.code === 421) throw new SmtpError('smtp/refused', { reply: hello });
    return ableOf(hello.code === 250 ? hello.lines.slice(1) : known);
  }

  /** MAIL and RCPT, all at once where the server pipelines (RFC 2920). */
  async envelope(
    { mailFrom, rcptTo }: Envelope,
    message: Buffer,
    able: Able,
  ): Promise<Pick<Submitted, 'accepted' | 'refused'>> {
    const limit = Number(able.get('SIZE') ?? 0);
    if (limit > 0 && message.length > limit)
      throw new SmtpError('smtp/too-large', { reply: overSize(message.length, limit) });
    const utf8 = [mailFrom, ...rcptTo].some(({ email }) => !isAscii(email));
    if (utf8 && !able.has('SMTPUTF8')) throw new SmtpError('smtp/refused', { reply: noUtf8 });
    const mail = `MAIL FROM:${path(mailFrom)}${mailParameters(message, able, utf8)}${given(mailFrom)}`;
    const commands = [mail, ...rcptTo.map((to) => `RCPT TO:${path(to)}${given(to)}`)];
    const [first, ...replies] = await this.#askAll(commands, able.has('PIPELINING'));
    if (first === undefined || first.code >= 300) throw refusal(first ?? noRecipients, []);
    const closing = replies.find(({ code }) => code === 421);
    if (closing !== undefined) throw refusal(closing, []);
    const accepted: Submitted['accepted'] = [];
    const refused: RefusedRecipient[] = [];
    for (const [i, { email }] of rcptTo.entries()) {
      const reply = replies[i] ?? noRecipients;
      if (reply.code < 300) accepted.push({ email, reply: reply.words });
      else refused.push({ email, code: reply.code, words: reply.words, permanent: reply.code >= 500 });
    }
    if (accepted.length > 0) return { accepted, refused };
    const reply = replies.find(({ code }) => code < 500) ?? replies[0] ?? noRecipients;
    throw refusal(reply, refused);
  }

  /** DATA and the message, all but the final dot. */
  async message(message: Buffer): Promise<void> {
    const go = await this.#ask('DATA');
    if (go.code !== 354) throw refusal(go, []);
    this.inData = true;
    for (const chunk of stuffed(message)) {
      await this.#line.write(chunk, this.#timeout);
      // A server that has had enough says so in the middle and hangs up.
      const { early } = this.#line;
      if (early !== undefined) throw refusal(early, []);
    }
  }

  async finish(refused: readonly RefusedRecipient[]): Promise<Reply> {
    if (this.#line.early !== undefined) throw refusal(this.#line.early, refused);
    this.#line.assertOpen();
    this.dotSent = true;
    await this.#line.write('.\r\n', this.#timeout);
    const reply = await this.#line.reply(this.#timeout * 2);
    this.inData = false;
    if (reply.code >= 400) throw refusal(reply, refused);
    if (reply.code >= 300) throw new SmtpError('smtp/unknown', { reply });
    return reply;
  }

  async #ask(command: string): Promise<Reply> {
    await this.#line.write(`${command}\r\n`, this.#timeout);
    return this.#line.reply(this.#timeout);
  }

  async #askAll(commands: readonly string[], pipelined: boolean): Promise<Reply[]> {
    const replies: Reply[] = [];
    if (pipelined) await this.#line.write(commands.map((command) => `${command}\r\n`).join(''), this.#timeout);
    for (const command of commands) {
      const reply = pipelined ? await this.#line.reply(this.#timeout) : await this.#ask(command);
      replies.push(reply);
      if (reply.code === 421) break;
      if (!pipelined && replies.length === 1 && reply.code >= 300) break;
    }
    return replies;
  }
}

/** 421 closes the channel and is temporary whatever it was said to (RFC 5321 §3.8). */
const refusal = (reply: Reply, refused: readonly RefusedRecipient[]): SmtpError =>
  reply.code === 552 && reply.enhanced !== '5.2.2'
    ? new SmtpError('smtp/too-large', { reply, refused })
    : new SmtpError('smtp/refused', { reply, refused, temporary: reply.code < 500 });

/** Our own words where the server is not asked. */
const noUtf8 = toReply(553, ['5.6.7 This server does not take addresses with letters beyond ASCII']);
/** RFC 1870 §6.4; kilobytes as people are told of them. */
const overSize = (bytes: number, limit: number): Reply => {
  const kB = (size: number): string => `${Math.ceil(size / 1000).toLocaleString('en')} kB`;
  return toReply(552, [`5.3.4 The letter has ${kB(bytes)}, this server takes ${kB(limit)} at most`]);
};
const noRecipients = toReply(554, ['5.5.1 No valid recipients']);

// oxlint-disable-next-line no-control-regex
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** "<" mailbox ">"; what could end the path or the line is taken out, so that the server refuses what is left. */
// oxlint-disable-next-line no-control-regex
const path = ({ email }: EnvelopeAddress): string => `<${email.replace(/[\x00-\x20\x7f<>]/g, '')}>`;

const mailParameters = (message: Buffer, able: Able, utf8: boolean): string => {
  return [
    able.has('SIZE') ? ` SIZE=${message.length}` : '',
    !isAsciiBytes(message) && able.has('8BITMIME') ? ' BODY=8BITMIME' : '',
    utf8 || (able.has('SMTPUTF8') && hasEightBitHeader(message)) ? ' SMTPUTF8' : '',
  ].join('');
};

const hasEightBitHeader = (message: Buffer): boolean => {
  const end = message.indexOf('\r\n\r\n');
  return !isAsciiBytes(end < 0 ? message : message.subarray(0, end));
};

/** esmtp-keyword ["=" esmtp-value]; what is neither is left out. */
const given = ({ parameters }: EnvelopeAddress): string =>
  Object.entries(parameters ?? {})
    .filter(([key, value]) => /^[A-Za-z\d][A-Za-z\d-]*$/.test(key) && (value === null || /^[!-<>-~]+$/.test(value)))
    .map(([key, value]) => (value === null ? ` ${key}` : ` ${key}=${value}`))
    .join('');

/** Postfix, Exim, Dovecot, Exchange. */
const queueIdOf = ({ words }: Reply): string | null =>
  /(?:queued as|\bid=|queued\.? \[?InternalId=)\s*([\w.<>@-]{4,100})/i.exec(words)?.[1] ?? null;
