import { fresh, join, wipe } from './bytes.ts';
import type { Dialogue } from './dialogue.ts';
import { cleanWords, VaultError } from './errors.ts';
import { imapRefusal, isTooMany } from './refusal.ts';
import { isSendable, knownMechanisms, scramName, type Mechanism } from './sasl.ts';

interface Greeting {
  /** The text for people, without status and response code. */
  text: string;
  capabilities: string[] | null;
}

interface Status {
  status: 'OK' | 'NO' | 'BAD' | 'PREAUTH' | 'BYE';
  code: string | null;
  capabilities: string[] | null;
  text: string;
}

const words = (text: string): string[] => text.trim().split(/ +/).filter(Boolean);

/** resp-cond = status SP ["[" code "]" SP] text – RFC 9051 §7.1 */
const parseStatus = (line: string): Status | null => {
  const match = /^(OK|NO|BAD|PREAUTH|BYE)\b ?(?:\[([^\]\s]+)(?: ([^\]]*))?\] ?)?(.*)$/i.exec(line);
  if (!match) return null;
  const [, status = '', code, detail = '', text = ''] = match;
  const name = code?.toUpperCase() ?? null;
  return {
    status: status.toUpperCase() as Status['status'],
    code: name,
    capabilities: name === 'CAPABILITY' ? words(detail) : null,
    text,
  };
};

/** @throws VaultError `proto/not-imap`, `limit/connections`, `net/unreachable` (the server says goodbye) */
export const readImapGreeting = async (dialogue: Dialogue, ms: number): Promise<Greeting & { preauth: boolean }> => {
  const line = await dialogue.line(ms);
  const said = line.startsWith('* ') ? parseStatus(line.slice(2)) : null;
  if (!said || said.status === 'NO' || said.status === 'BAD')
    throw new VaultError('proto/not-imap', 'the greeting is not of IMAP', { words: cleanWords(line) });
  if (said.status === 'BYE') {
    const code = isTooMany(said.text) ? 'limit/connections' : 'net/unreachable';
    throw new VaultError(code, 'the server says goodbye', { words: cleanWords(said.text) });
  }
  return { text: said.text, capabilities: said.capabilities, preauth: said.status === 'PREAUTH' };
};

/** The SASL mechanisms among capabilities, in capitals. */
export const saslOf = (capabilities: readonly string[]): Set<string> =>
  new Set(capabilities.flatMap((word) => (/^AUTH=/i.test(word) ? [word.slice(5).toUpperCase()] : [])));

interface Answer extends Status {
  /** The last CAPABILITY heard, untagged or as a response code. */
  heard: string[] | null;
}

/** The commands of a sign-in, one after another, each with its own tag. */
export class ImapSignIn {
  readonly #dialogue: Dialogue;
  readonly #ms: number;
  #count = 0;
  /** The server refused SCRAM before it asked anything; with success by other means: it has no SCRAM secrets. */
  scramRefused = false;

  constructor(dialogue: Dialogue, ms: number) {
    this.#dialogue = dialogue;
    this.#ms = ms;
  }

  #tag(): string {
    this.#count += 1;
    return `k${this.#count}`;
  }

  /** Reads until the tagged answer; `onContinue` answers `+` lines. */
  async #answer(tag: string, onContinue: (text: string) => Promise<void>): Promise<Answer> {
    let heard: string[] | null = null;
    for (;;) {
      const line = await this.#dialogue.line(this.#ms);
      if (line.startsWith('+')) {
        await onContinue(line.slice(1).trim());
        continue;
      }
      const mark = line.startsWith('* ') ? '*' : line.startsWith(`${tag} `) ? tag : null;
      if (mark === null) continue;
      const rest = line.slice(mark.length + 1);
      if (/^CAPABILITY /i.test(rest)) heard = words(rest.slice(11));
      const said = parseStatus(rest);
      heard = said?.capabilities ?? heard;
      if (said && mark === tag) return { ...said, heard };
      if (said?.status === 'BYE') throw imapRefusal(said.code, said.text);
    }
  }

  async #command(text: string): Promise<Answer> {
    const tag = this.#tag();
    await this.#dialogue.send(`${tag} ${text}\r\n`);
    return this.#answer(tag, async () => {
      throw new VaultError('proto/not-imap', 'the server asks for more of a complete command');
    });
  }

  async capabilities(): Promise<string[]> {
    return (await this.#command('CAPABILITY')).heard ?? [];
  }

  /** RFC 2971: names the visitor's address to a server that trusts us; what it answers is its business. */
  async identify(from: string): Promise<void> {
    const address = quote(Buffer.from(from.replaceAll(/[^\x21-\x7e]/g, ''))).toString('latin1');
    await this.#command(`ID ("name" "Postern" "x-originating-ip" ${address})`);
  }

  /** @throws VaultError `tls/none`, `tls/injection` */
  async startTls(): Promise<void> {
    const answer = await this.#command('STARTTLS');
    if (answer.status !== 'OK')
      throw new VaultError('tls/none', 'the server refused STARTTLS', { words: cleanWords(answer.text) });
    if (this.#dialogue.pending > 0) throw new VaultError('tls/injection', 'bytes behind the answer to STARTTLS');
  }

  /**
   * Signs in by the best way offered but those in `useless`. Resolves with the capabilities afterwards.
   * @throws VaultError `auth/refused`, `auth/no-mechanism`, `auth/server-unproven`, `limit/connections`, `server/unavailable`
   */
  async signIn(
    username: string,
    password: Uint8Array,
    capabilities: readonly string[],
    useless: ReadonlySet<string>,
  ): Promise<string[]> {
    if (!isSendable(password)) throw new VaultError('auth/refused', 'no server takes such a password');
    const have = new Set(capabilities.map((word) => word.toUpperCase()));
    for (const name of useless) have.delete(`AUTH=${name}`);
    const answer = await this.#tryAll(username, password, have);
    return answer.heard ?? (await this.capabilities());
  }

  /**
   * Signs in by this mechanism alone. Resolves with the capabilities afterwards.
   * @throws VaultError as {@link ImapSignIn.signIn}
   */
  async present(mechanism: Mechanism, capabilities: readonly string[]): Promise<string[]> {
    const early = capabilities.some((word) => word.toUpperCase() === 'SASL-IR');
    const { answer } = await this.#authenticate(mechanism, early);
    if (answer.status !== 'OK') throw imapRefusal(answer.code, answer.text);
    return answer.heard ?? (await this.capabilities());
  }

  async #tryAll(username: string, password: Uint8Array, have: ReadonlySet<string>): Promise<Answer> {
    const offered = saslOf([...have]);
    // SASL LOGIN is left out: the LOGIN command does the same everywhere.
    offered.delete('LOGIN');
    for (const make of knownMechanisms(offered)) {
      const mechanism = make(username, password);
      const { answer, challenged } = await this.#authenticate(mechanism, have.has('SASL-IR'));
      if (answer.status === 'OK') return answer;
      // A server that refuses SCRAM before it asked anything has no SCRAM secret of this user; one that does not
      // understand the command (BAD) has not judged the password either. Only then is the next way tried.
      const judged = answer.status === 'NO' && (challenged || mechanism.name !== scramName);
      const refusal = imapRefusal(answer.code, answer.text);
      if (judged || refusal.code !== 'auth/refused') throw refusal;
      this.scramRefused ||= mechanism.name === scramName;
    }
    if (have.has('LOGINDISABLED')) throw new VaultError('auth/no-mechanism', 'no way to sign in that we know');
    const answer = await this.#login(username, password, have);
    if (answer.status !== 'OK') throw imapRefusal(answer.code, answer.text);
    return answer;
  }

  async #authenticate(mechanism: Mechanism, early: boolean): Promise<{ answer: Answer; challenged: boolean }> {
    const tag = this.#tag();
    let initial = mechanism.initial;
    let challenged = false;
    const start = Buffer.from(`${tag} AUTHENTICATE ${mechanism.name}`);
    try {
      if (early && initial) {
        await this.#dialogue.sendEncoded(join(start, Buffer.from(' ')), initial);
        initial = null;
      } else await this.#dialogue.send(`${start.toString()}\r\n`);
      const answer = await this.#answer(tag, async (text) => {
        if (initial) {
          await this.#dialogue.sendEncoded(fresh(0), initial);
          initial = null;
          return;
        }
        challenged = true;
        await this.#dialogue.sendEncoded(fresh(0), await mechanism.respond(Buffer.from(text, 'base64')));
      });
      if (answer.status === 'OK') mechanism.finish();
      return { answer, challenged };
    } finally {
      mechanism.wipe();
    }
  }

  /** LOGIN with quoted strings; what cannot be quoted goes as a literal (RFC 9051 §4.3, RFC 7888). */
  async #login(username: string, password: Uint8Array, have: ReadonlySet<string>): Promise<Answer> {
    const tag = this.#tag();
    const pieces: Buffer[] = [fresh(0)];
    const add = (bytes: Uint8Array): void => {
      const last = pieces.length - 1;
      const before = pieces[last] ?? fresh(0);
      pieces[last] = join(before, bytes);
      wipe(before);
    };
    add(Buffer.from(`${tag} LOGIN`));
    for (const argument of [Buffer.from(username, 'utf8'), password]) {
      add(Buffer.from(' '));
      if (isQuotable(argument)) {
        const text = quote(argument);
        add(text);
        wipe(text);
        continue;
      }
      const atOnce = have.has('LITERAL+') || (have.has('LITERAL-') && argument.length <= 4096);
      add(Buffer.from(`{${argument.length}${atOnce ? '+' : ''}}\r\n`));
      if (!atOnce) pieces.push(fresh(0));
      add(argument);
    }
    add(Buffer.from('\r\n'));
    const sendNext = async (): Promise<void> => {
      const piece = pieces.shift();
      if (!piece) throw new VaultError('proto/not-imap', 'the server asks for more of a complete command');
      await this.#dialogue.send(piece);
      wipe(piece);
    };
    try {
      await sendNext();
      return await this.#answer(tag, sendNext);
    } finally {
      wipe(...pieces);
    }
  }
}

/** QUOTED-CHAR without 8-bit – RFC 9051 §9 */
const isQuotable = (bytes: Uint8Array): boolean => bytes.every((byte) => byte >= 0x20 && byte < 0x7f);

const quote = (bytes: Uint8Array): Buffer => {
  const escaped = (byte: number): boolean => byte === 0x22 || byte === 0x5c;
  const out = fresh(2 + bytes.reduce((sum, byte) => sum + (escaped(byte) ? 2 : 1), 0));
  let at = 0;
  out[at++] = 0x22;
  for (const byte of bytes) {
    if (escaped(byte)) out[at++] = 0x5c;
    out[at++] = byte;
  }
  out[at] = 0x22;
  return out;
};
