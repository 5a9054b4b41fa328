import { fresh } from './bytes.ts';
import type { Dialogue } from './dialogue.ts';
import { cleanWords, VaultError } from './errors.ts';
import { smtpRefusal } from './refusal.ts';
import { isSendable, knownMechanisms, scramName, type Mechanism } from './sasl.ts';

interface Reply {
  status: number;
  lines: string[];
}

const mostLines = 200;

/** Mechanisms that the answer to EHLO offers. Lenient: "AUTH=PLAIN LOGIN" is how servers of before RFC 4954 put it. */
export const authOf = (keywords: readonly string[]): Set<string> => {
  const lists = keywords.filter((line) => /^AUTH[ =]/i.test(line));
  return new Set(lists.flatMap((line) => line.slice(5).toUpperCase().split(/[ =]+/)));
};

/** Replies and commands of a submission server until it is signed in (RFC 5321, RFC 3207, RFC 4954). */
export class SmtpSignIn {
  readonly #dialogue: Dialogue;
  readonly #ms: number;
  /** As of {@link ImapSignIn}. */
  scramRefused = false;

  constructor(dialogue: Dialogue, ms: number) {
    this.#dialogue = dialogue;
    this.#ms = ms;
  }

  async #reply(): Promise<Reply> {
    const lines: string[] = [];
    for (;;) {
      const match = /^(\d{3})(?:([ -])(.*))?$/.exec(await this.#dialogue.line(this.#ms));
      if (!match || lines.length > mostLines) throw new VaultError('proto/not-smtp', 'the answer is not of SMTP');
      lines.push(match[3] ?? '');
      if (match[2] !== '-') return { status: Number(match[1]), lines };
    }
  }

  async #command(text: string): Promise<Reply> {
    await this.#dialogue.send(`${text}\r\n`);
    return this.#reply();
  }

  /** The text of the greeting. @throws VaultError `proto/not-smtp`, `limit/connections`, `server/unavailable` */
  async greeting(): Promise<string> {
    const { status, lines } = await this.#reply();
    if (status === 220) return lines[0] ?? '';
    if (status >= 400 && status < 500) throw smtpRefusal(status, lines.join(' '));
    throw new VaultError('proto/not-smtp', 'the greeting is not of SMTP', { words: cleanWords(lines.join(' ')) });
  }

  /** The keyword lines of the answer to EHLO. */
  async ehlo(name: string): Promise<string[]> {
    const { status, lines } = await this.#command(`EHLO ${name}`);
    if (status === 250) return lines.slice(1);
    throw new VaultError('proto/not-smtp', 'the server does not know EHLO', { words: cleanWords(lines.join(' ')) });
  }

  /** @throws VaultError `tls/none`, `tls/injection` */
  async startTls(): Promise<void> {
    const { status, lines } = await this.#command('STARTTLS');
    if (status !== 220)
      throw new VaultError('tls/none', 'the server refused STARTTLS', { words: cleanWords(lines.join(' ')) });
    if (this.#dialogue.pending > 0) throw new VaultError('tls/injection', 'bytes behind the answer to STARTTLS');
  }

  /**
   * Signs in by the best way offered but those in `useless`.
   * @throws VaultError `auth/refused`, `auth/no-mechanism`, `auth/server-unproven`, `limit/connections`, `server/unavailable`
   */
  async signIn(
    username: string,
    password: Uint8Array,
    keywords: readonly string[],
    useless: ReadonlySet<string>,
  ): Promise<void> {
    if (!isSendable(password)) throw new VaultError('auth/refused', 'no server takes such a password');
    const offered = authOf(keywords);
    for (const name of useless) offered.delete(name);
    for (const make of knownMechanisms(offered)) {
      const mechanism = make(username, password);
      const { reply, challenged } = await this.#authenticate(mechanism);
      if (reply.status === 235) return;
      const refusal = smtpRefusal(reply.status, reply.lines.join(' '));
      // As in IMAP: not understood, or SCRAM refused before a challenge, is no judgement of the password.
      const unknown = reply.status === 504 || (reply.status >= 500 && reply.status <= 502);
      const judged = !unknown && (challenged || mechanism.name !== scramName);
      if (judged || (refusal.code !== 'auth/refused' && !unknown)) throw refusal;
      this.scramRefused ||= mechanism.name === scramName;
    }
    throw new VaultError('auth/no-mechanism', 'no way to sign in that we know');
  }

  /** Signs in by this mechanism alone. @throws VaultError as {@link SmtpSignIn.signIn} */
  async present(mechanism: Mechanism): Promise<void> {
    const { reply } = await this.#authenticate(mechanism);
    if (reply.status !== 235) throw smtpRefusal(reply.status, reply.lines.join(' '));
  }

  async #authenticate(mechanism: Mechanism): Promise<{ reply: Reply; challenged: boolean }> {
    let challenged = false;
    try {
      const head = Buffer.from(`AUTH ${mechanism.name}${mechanism.initial ? ' ' : ''}`);
      await this.#dialogue.sendEncoded(head, mechanism.initial ?? fresh(0));
      let reply = await this.#reply();
      while (reply.status === 334) {
        challenged = true;
        const challenge = Buffer.from(reply.lines[0] ?? '', 'base64');
        await this.#dialogue.sendEncoded(fresh(0), await mechanism.respond(challenge));
        reply = await this.#reply();
      }
      if (reply.status === 235) mechanism.finish();
      return { reply, challenged };
    } finally {
      mechanism.wipe();
    }
  }
}
