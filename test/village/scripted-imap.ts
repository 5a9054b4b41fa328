import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/**
 * A tiny IMAP server that misbehaves on demand. It serves one INBOX of given messages well enough for sign-in and sync;
 * every command passes a hook first. It counts connections and logins.
 */
export interface ImapScript {
  /** Sent on connection; null: nothing at all. May be no IMAP (`HTTP/1.1 400 Bad Request\r\n`). */
  greeting?: string | null;
  capabilities?: readonly string[];
  /** Who may log in; default: anybody. */
  users?: readonly { address: string; password: string }[];
  /** PEM. Makes it serve TLS: from the first byte, or by STARTTLS. */
  tls?: { cert: string; key: string; starttls?: boolean };
  /** STARTTLS is offered and refused. */
  refuseStartTls?: boolean;
  /** Sent in clear together with the OK of STARTTLS: what an attacker on the wire would put there. */
  injectBeforeTls?: string;
  /** More connections than this get BYE. */
  maxConnections?: number;
  /** Output is cut into writes of so many bytes, one a tick. */
  slow?: number;
  /** Raw messages of INBOX; UIDs count from `firstUid` (1). */
  messages?: readonly (string | Buffer)[];
  firstUid?: number;
  uidvalidity?: number;
  /** Each command before it is answered; true: the hook has answered (or hung up, or keeps silent). */
  onCommand?: (command: ScriptedCommand) => boolean | void | Promise<boolean | void>;
}

export interface ScriptedCommand {
  tag: string;
  /** Upper-case, `UID FETCH` as one. */
  name: string;
  /** What follows the name, literals in place. */
  args: string;
  connection: ScriptedConnection;
}

export interface ScriptedConnection {
  /** Raw bytes; strings are latin1. */
  send(bytes: string | Buffer): void;
  ok(tag: string, text?: string): void;
  no(tag: string, text?: string): void;
  /** Hangs up once what was sent is out. */
  end(): void;
  /** Hangs up now. */
  drop(): void;
}

export interface ScriptedImap extends AsyncDisposable {
  host: '127.0.0.1';
  port: number;
  /** So that it can stand for a village where only IMAP matters. */
  imapPort: number;
  /** Connections ever made, and open now. */
  readonly connections: number;
  readonly open: number;
  /** LOGIN and AUTHENTICATE, accepted or not. */
  readonly attempts: number;
  readonly logins: number;
  /** Names of all commands in order. */
  readonly commands: string[];
  /** May be changed while it runs. */
  script: ImapScript;
  /** Sends to every connection that stands. */
  broadcast(bytes: string): void;
  /** Hangs up every connection that stands. */
  dropAll(): void;
}

const defaults = ['IMAP4rev1', 'LITERAL+', 'SASL-IR', 'AUTH=PLAIN', 'IDLE', 'UIDPLUS', 'ID', 'NAMESPACE', 'UNSELECT'];

export const openScriptedImap = async (script: ImapScript = {}): Promise<ScriptedImap> => {
  const state = { connections: 0, attempts: 0, logins: 0, commands: [] as string[] };
  const open = new Set<Talk>();
  const server: Server = createServer((socket) => {
    state.connections += 1;
    const talk = new Talk(socket, village, {
      login: (accepted) => {
        state.attempts += 1;
        if (accepted) state.logins += 1;
      },
      command: (name) => state.commands.push(name),
      closed: () => open.delete(talk),
    });
    open.add(talk);
    talk.greet(open.size);
  });
  const village: ScriptedImap = {
    host: '127.0.0.1',
    port: 0,
    imapPort: 0,
    get connections() {
      return state.connections;
    },
    get open() {
      return open.size;
    },
    get attempts() {
      return state.attempts;
    },
    get logins() {
      return state.logins;
    },
    commands: state.commands,
    script,
    broadcast: (bytes) => {
      for (const talk of open) talk.send(bytes);
    },
    dropAll: () => {
      for (const talk of open) talk.drop();
    },
    [Symbol.asyncDispose]: async () => {
      village.dropAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  village.port = village.imapPort = address.port;
  return village;
};

const beforeLogin = new Set(['CAPABILITY', 'STARTTLS', 'LOGIN', 'AUTHENTICATE', 'ID', 'NOOP', 'LOGOUT']);

interface Told {
  login(accepted: boolean): void;
  command(name: string): void;
  closed(): void;
}

class Talk implements ScriptedConnection {
  #stream: Socket;
  readonly #village: ScriptedImap;
  readonly #told: Told;
  #buffered = Buffer.alloc(0);
  #outgoing: Promise<void> = Promise.resolve();
  #busy = false;
  /** A command that waits for its next line: IDLE for DONE, AUTHENTICATE for the response. */
  #continues: ((line: string) => void) | null = null;
  #loggedIn = false;

  constructor(socket: Socket, village: ScriptedImap, told: Told) {
    this.#village = village;
    this.#told = told;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('close', () => told.closed());
    const { tls } = village.script;
    this.#stream = tls === undefined || tls.starttls ? socket : this.#secure(socket, tls);
    this.#listen();
  }

  get #script(): ImapScript {
    return this.#village.script;
  }

  greet(standing: number): void {
    const { greeting = `* OK [CAPABILITY ${this.#capabilities()}] scripted IMAP ready\r\n`, maxConnections } =
      this.#script;
    if (maxConnections !== undefined && standing > maxConnections) {
      this.send('* BYE Too many connections\r\n');
      this.end();
    } else if (greeting !== null) this.send(greeting);
  }

  send(bytes: string | Buffer): void {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    const size = this.#script.slow ?? all.length;
    this.#outgoing = this.#outgoing.then(async () => {
      for (let at = 0; at < all.length && !this.#stream.destroyed; at += size) {
        this.#stream.write(all.subarray(at, at + size));
        if (this.#script.slow !== undefined) await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  ok(tag: string, text = 'done'): void {
    this.send(`${tag} OK ${text}\r\n`);
  }

  no(tag: string, text = 'no'): void {
    this.send(`${tag} NO ${text}\r\n`);
  }

  end(): void {
    this.#outgoing = this.#outgoing.then(() => void this.#stream.end());
  }

  drop(): void {
    this.#stream.destroy();
  }

  #capabilities(): string {
    const { capabilities = defaults, tls, refuseStartTls } = this.#script;
    const inClear = (tls?.starttls || refuseStartTls) && !(this.#stream instanceof TLSSocket);
    return [...capabilities, ...(inClear ? ['STARTTLS'] : [])].join(' ');
  }

  #secure(socket: Socket, { cert, key }: { cert: string; key: string }): Socket {
    const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ cert, key }) });
    secure.on('error', () => socket.destroy());
    return secure;
  }

  #listen(): void {
    this.#stream.on('data', (chunk: Buffer) => {
      this.#buffered = Buffer.concat([this.#buffered, chunk]);
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let line = this.#nextLine(); line !== null; line = this.#nextLine()) {
      const continues = this.#continues;
      this.#continues = null;
      if (continues !== null) continues(line);
      else await this.#command(line);
    }
    this.#busy = false;
  }

  /** A whole command line with its literals in place, or null. */
  #nextLine(): string | null {
    const text = this.#buffered.toString('latin1');
    for (let from = 0; ;) {
      const lf = text.indexOf('\r\n', from);
      if (lf < 0) return null;
      const literal = /\{(\d+)(\+?)\}$/.exec(text.slice(from, lf));
      if (literal === null) {
        this.#buffered = this.#buffered.subarray(lf + 2);
        this.#asked = 0;
        return text.slice(0, lf);
      }
      from = lf + 2 + Number(literal[1]);
      if (literal[2] === '' && this.#asked < lf) {
        this.#asked = lf;
        this.send('+ go on\r\n');
      }
    }
  }
  /** Up to where literals have been asked for. */
  #asked = 0;

  async #command(line: string): Promise<void> {
    const match = /^(\S+) (UID \S+|\S+) ?([^]*)$/i.exec(line);
    if (match === null) return this.send('* BAD what?\r\n');
    const [, tag = '', name = '', args = ''] = match;
    const command = { tag, name: name.toUpperCase(), args, connection: this };
    this.#told.command(command.name);
    if ((await this.#script.onCommand?.(command)) === true) return;
    this.#answer(command);
  }

  #answer({ tag, name, args }: ScriptedCommand): void {
    const { messages = [], firstUid = 1, uidvalidity = 7 } = this.#script;
    if (!this.#loggedIn && !beforeLogin.has(name)) return this.send(`${tag} BAD log in first\r\n`);
    switch (name) {
      case 'CAPABILITY':
        this.send(`* CAPABILITY ${this.#capabilities()}\r\n`);
        return this.ok(tag);
      case 'STARTTLS':
        return this.#startTls(tag);
      case 'LOGIN':
        return this.#login(tag, strings(args));
      case 'AUTHENTICATE':
        return this.#authenticate(tag, args);
      case 'ID':
        this.send('* ID NIL\r\n');
        return this.ok(tag);
      case 'NAMESPACE':
        this.send('* NAMESPACE (("" "/")) NIL NIL\r\n');
        return this.ok(tag);
      case 'LIST':
        this.send('* LIST (\\HasNoChildren) "/" INBOX\r\n');
        return this.ok(tag);
      case 'STATUS': {
        const next = firstUid + messages.length;
        const items = `MESSAGES ${messages.length} UNSEEN 0 UIDNEXT ${next} UIDVALIDITY ${uidvalidity}`;
        this.send(`* STATUS INBOX (${items})\r\n`);
        return this.ok(tag);
      }
      case 'SELECT':
      case 'EXAMINE':
        this.send(
          `* FLAGS (\\Seen \\Deleted)\r\n* ${messages.length} EXISTS\r\n* OK [UIDVALIDITY ${uidvalidity}] ok\r\n`,
        );
        this.send(
          `* OK [UIDNEXT ${firstUid + messages.length}] ok\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] ok\r\n`,
        );
        return this.ok(tag, name === 'SELECT' ? '[READ-WRITE] done' : '[READ-ONLY] done');
      case 'FETCH':
      case 'UID FETCH':
        this.#fetch(name === 'UID FETCH', args);
        return this.ok(tag);
      case 'UID SEARCH':
        this.send(`* SEARCH ${messages.map((_, i) => firstUid + i).join(' ')}\r\n`);
        return this.ok(tag);
      case 'IDLE':
        this.send('+ idling\r\n');
        this.#continues = () => this.ok(tag);
        return undefined;
      case 'LOGOUT':
        this.send('* BYE bye\r\n');
        this.ok(tag);
        return this.end();
      default:
        return this.ok(tag);
    }
  }

  #startTls(tag: string): void {
    const { tls, injectBeforeTls = '', refuseStartTls } = this.#script;
    if (tls === undefined || refuseStartTls) return this.no(tag, 'not today');
    this.send(`${tag} OK begin\r\n${injectBeforeTls}`);
    this.#outgoing = this.#outgoing.then(() => {
      const plain = this.#stream;
      plain.removeAllListeners('data');
      this.#buffered = Buffer.alloc(0);
      this.#stream = this.#secure(plain, tls);
      this.#listen();
    });
  }

  #authenticate(tag: string, args: string): void {
    const [, initial] = args.split(' ');
    const finish = (response: string): void => {
      const [, user = '', password = ''] = Buffer.from(response, 'base64').toString('latin1').split('\0');
      this.#login(tag, [user, password]);
    };
    if (initial !== undefined) return finish(initial);
    this.send('+ \r\n');
    this.#continues = finish;
  }

  #login(tag: string, [user = '', password = '']: string[]): void {
    const { users } = this.#script;
    const [address, secret] = [user, password].map((text) => Buffer.from(text, 'latin1').toString('utf8'));
    const isKnown = users === undefined || users.some((one) => one.address === address && one.password === secret);
    this.#told.login(isKnown);
    this.#loggedIn ||= isKnown;
    if (isKnown) this.ok(tag, `[CAPABILITY ${this.#capabilities()}] welcome`);
    else this.no(tag, '[AUTHENTICATIONFAILED] wrong user name or password');
  }

  #fetch(byUid: boolean, args: string): void {
    const { messages = [], firstUid = 1 } = this.#script;
    const [set = '', ...rest] = args.split(' ');
    const items = rest.join(' ').toUpperCase();
    for (const [i, message] of messages.entries()) {
      const number = byUid ? firstUid + i : i + 1;
      if (!contains(set, number, byUid ? firstUid + messages.length - 1 : messages.length)) continue;
      this.send(fetchRow(i + 1, firstUid + i, Buffer.from(message as string, 'latin1'), items));
    }
  }
}

/** A plain-text message as a FETCH row with the items asked for. */
const fetchRow = (seq: number, uid: number, raw: Buffer, items: string): Buffer => {
  const blank = raw.indexOf('\r\n\r\n');
  const header = blank < 0 ? raw : raw.subarray(0, blank + 4);
  const body = blank < 0 ? Buffer.alloc(0) : raw.subarray(blank + 4);
  const lines = body.toString('latin1').split('\n').length - 1;
  const parts: Buffer[] = [Buffer.from(`* ${seq} FETCH (UID ${uid}`)];
  const add = (text: string): void => void parts.push(Buffer.from(` ${text}`, 'latin1'));
  if (items.includes('FLAGS')) add('FLAGS ()');
  if (items.includes('INTERNALDATE')) add('INTERNALDATE "06-Feb-2024 13:24:48 +0000"');
  if (items.includes('RFC822.SIZE')) add(`RFC822.SIZE ${raw.length}`);
  if (items.includes('BODYSTRUCTURE')) {
    add(`BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "8bit" ${body.length} ${lines} NIL NIL NIL NIL)`);
  }
  for (const match of items.matchAll(/BODY(?:\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?/g)) {
    const [, section = '', from, count] = match;
    const whole = section === '' ? raw : section.startsWith('HEADER') ? header : body;
    const value = from === undefined ? whole : whole.subarray(Number(from), Number(from) + Number(count));
    add(`BODY[${section}]${from === undefined ? '' : `<${from}>`} {${value.length}}\r\n`);
    parts.push(value);
  }
  return Buffer.concat([...parts, Buffer.from(')\r\n')]);
};

const contains = (set: string, number: number, last: number): boolean =>
  set.split(',').some((piece) => {
    const [a = 0, b = a] = piece.split(':').map((text) => (text === '*' ? last : Number(text)));
    return number >= Math.min(a, b) && number <= Math.max(a, b);
  });

/** The string arguments of a command: quoted, literal or bare. */
const strings = (args: string): string[] => {
  const found: string[] = [];
  for (let rest = args; rest !== '';) {
    const literal = /^\{(\d+)\+?\}\r\n/.exec(rest);
    const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest);
    const bare = /^\S*/.exec(rest)?.[0] ?? '';
    const used = literal === null ? (quoted?.[0] ?? bare).length : literal[0].length + Number(literal[1]);
    if (literal !== null) found.push(rest.slice(literal[0].length, used));
    else found.push(quoted?.[1]?.replace(/\\(.)/g, '$1') ?? bare);
    rest = rest.slice(used).trimStart();
  }
  return found;
};
