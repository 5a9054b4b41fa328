import SMTPConnection from 'nodemailer/lib/smtp-connection/index.js';
import { SMTPServer } from 'smtp-server';

/** A submission server for the demo and for tests: signs people in and delivers to users of its own, nowhere else. */
export interface SubmissionOptions {
  users: readonly { address: string; password: string }[];
  /** Asked for a password that is not in `users`. */
  takesPassword?: (user: string, password: string) => Promise<boolean>;
  /** Brings a message to its recipients. @throws Error when one of them does not get it */
  hand: (from: string, to: string[], raw: Buffer) => Promise<void>;
  /** Fixed port, or a free one. */
  port?: number;
  /** PEM texts; with them STARTTLS is offered, or implicit TLS when `secure`. */
  tls?: { cert: string; key: string; secure: boolean };
  /** With it XOAUTH2 is offered: whether this token is good for this user. */
  takesToken?: (user: string, token: string) => boolean;
  /** Called for each message taken, before it is delivered; throwing refuses it with the error's words and `responseCode`. */
  onMessage?: (message: { from: string; to: string[]; raw: Buffer }) => void;
}

export interface RunningSubmission extends AsyncDisposable {
  port: number;
  /** Messages taken since the start. */
  readonly taken: number;
}

/** Hands messages to Dovecot's LMTP. */
export const overLmtp =
  (port: number): SubmissionOptions['hand'] =>
  (from, to, raw) =>
    deliver(port, from, to, raw);

/** Hands one message to Dovecot's LMTP. @throws Error when any recipient is refused */
export const deliver = (lmtpPort: number, from: string, to: string[], raw: Buffer): Promise<void> =>
  new Promise((done, fail) => {
    const client = new SMTPConnection({
      host: '127.0.0.1',
      port: lmtpPort,
      lmtp: true,
      name: 'localhost',
      ignoreTLS: true,
    });
    const end = (error: Error | null): void => {
      client.quit();
      if (error) fail(error);
      else done();
    };
    client.once('error', (error) => fail(error));
    client.connect((failed) => {
      if (failed) return fail(failed);
      return client.send({ from, to }, raw, (error, info) => {
        if (error) return end(error);
        return end(info.rejected.length > 0 ? new Error('a recipient was refused') : null);
      });
    });
  });

const refusal = (words: string, responseCode: number): Error => Object.assign(new Error(words), { responseCode });

export const startSubmission = async (options: SubmissionOptions): Promise<RunningSubmission> => {
  const known = new Set(options.users.map((u) => u.address.toLowerCase()));
  let taken = 0;
  const server = new SMTPServer({
    ...(options.tls
      ? { cert: options.tls.cert, key: options.tls.key, secure: options.tls.secure }
      : { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }),
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN', ...(options.takesToken ? ['XOAUTH2'] : [])],
    size: 60 * 1024 * 1024,
    banner: 'Postern demo',
    disableReverseLookup: true,
    logger: false,
    onAuth: (auth, _session, callback) => {
      const user = options.users.find((u) => u.address.toLowerCase() === auth.username?.toLowerCase());
      const isRight = async (address: string): Promise<boolean> => {
        if (auth.method === 'XOAUTH2') return options.takesToken?.(address, auth.accessToken ?? '') ?? false;
        const password = auth.password ?? '';
        if (user?.password === password) return true;
        return (await options.takesPassword?.(address, password)) ?? false;
      };
      const check = async (): Promise<string> => {
        if (user && (await isRight(user.address))) return user.address;
        throw refusal('5.7.8 Authentication failed', 535);
      };
      check().then(
        (address) => callback(null, { user: address }),
        (error: unknown) => callback(error instanceof Error ? error : refusal('4.7.0 Try again later', 454)),
      );
    },
    onRcptTo: (address, _session, callback) => {
      if (known.has(address.address.toLowerCase())) callback();
      else callback(refusal(`5.1.1 <${address.address}> is not a mailbox of this demo`, 550));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
        const to = session.envelope.rcptTo.map((r) => r.address);
        const raw = Buffer.concat(chunks);
        const take = async (): Promise<void> => {
          options.onMessage?.({ from, to, raw });
          await options.hand(from, to, raw);
          taken += 1;
        };
        take().then(
          () => callback(null, '2.0.0 taken'),
          (error: unknown) =>
            callback(error instanceof Error && 'responseCode' in error ? error : refusal('4.3.0 delivery failed', 451)),
        );
      });
    },
  });
  // A client that goes away in the middle is its own affair.
  server.on('error', () => undefined);
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get taken() {
      return taken;
    },
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
};
