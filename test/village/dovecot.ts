import { chownSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chmodSync } from 'node:fs';
import { type DovecotOptions, type RunningDovecot, startDovecot } from '#cli/demo/dovecot.ts';
import { deliver, overLmtp, startSubmission, type SubmissionOptions } from '#cli/demo/submission.ts';
import { openAuthority, type TestAuthority } from './tls.ts';

export { dovecotDialect, quotaOf } from '#cli/demo/dovecot-words.ts';

export interface Village extends AsyncDisposable {
  host: '127.0.0.1';
  /** Plain IMAP; with `tls` also STARTTLS. */
  imapPort: number;
  /** Implicit TLS; 0 without `tls`. Certificate for `localhost` and 127.0.0.1. */
  imapsPort: number;
  /** Submission that delivers to the village's own users (AUTH PLAIN, LOGIN). */
  smtpPort: number;
  users: readonly { address: string; password: string }[];
  authority: TestAuthority | null;
  dovecot: RunningDovecot;
  /** Messages the submission server took. */
  readonly taken: number;
  /** Delivers as the outside world does: LMTP into the user's INBOX. */
  deliver(address: string, raw: string | Buffer): Promise<void>;
  /**
   * Writes a message file into a Maildir folder, for what is there at the start: while several connections have the mailbox open,
   * Dovecot may overlook it for ever. Flags are Maildir letters (`S`, `F`, `R`).
   */
  put(address: string, mailbox: string, raw: string | Buffer, options?: { flags?: string; receivedAt?: number }): void;
}

export interface VillageOptions {
  users?: readonly { address: string; password: string }[];
  variant?: DovecotOptions['variant'];
  tls?: boolean;
  extra?: string;
  onMessage?: SubmissionOptions['onMessage'];
  takesToken?: SubmissionOptions['takesToken'];
}

let put = 0;

/** A port that was free a moment ago may be another test's by now. */
const startSomewhere = async (options: DovecotOptions): Promise<RunningDovecot> => {
  for (let left = 3; ; left -= 1) {
    try {
      return await startDovecot(options);
    } catch (error) {
      if (left === 0 || !String(error).includes('Address already in use')) throw error;
    }
  }
};

/** A real Dovecot with LMTP, and a submission server that delivers into it; alice and bob unless told otherwise. */
export const openDovecot = async (options: VillageOptions = {}): Promise<Village> => {
  const users = options.users ?? [
    { address: 'alice@village.test', password: 'alice-Käse 1' },
    { address: 'bob@village.test', password: 'bob-pass"2\\' },
  ];
  const mail = mkdtempSync(join(tmpdir(), 'postern-village-'));
  chmodSync(mail, 0o755);
  const authority = options.tls ? openAuthority() : null;
  const certificate = authority?.issue(['localhost', '127.0.0.1']);
  const dovecot = await startSomewhere({
    users,
    mail,
    ...(options.variant ? { variant: options.variant } : {}),
    ...(certificate ? { tls: { cert: certificate.certFile, key: certificate.keyFile } } : {}),
    ...(options.extra === undefined ? {} : { extra: options.extra }),
  });
  const submission = await startSubmission({
    users,
    hand: overLmtp(dovecot.lmtpPort),
    ...(options.onMessage ? { onMessage: options.onMessage } : {}),
    ...(options.takesToken ? { takesToken: options.takesToken } : {}),
  });
  const owned = (folder: string): void => {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, dovecot.owner.uid, dovecot.owner.gid);
  };
  return {
    host: '127.0.0.1',
    imapPort: dovecot.imapPort,
    imapsPort: dovecot.imapsPort,
    smtpPort: submission.port,
    users,
    authority,
    dovecot,
    get taken() {
      return submission.taken;
    },
    deliver: (address, raw) => deliver(dovecot.lmtpPort, 'outside@elsewhere.test', [address], Buffer.from(raw)),
    put: (address, mailbox, raw, { flags = '', receivedAt } = {}) => {
      const home = join(mail, address);
      const maildir = join(home, 'Maildir');
      const folder = mailbox === 'INBOX' ? maildir : join(maildir, `.${mailbox.replaceAll('/', '.')}`);
      for (const each of [home, maildir, folder, ...['cur', 'new', 'tmp'].map((name) => join(folder, name))])
        owned(each);
      put += 1;
      const at = receivedAt ?? Math.floor(Date.now() / 1000);
      const file = join(folder, 'cur', `${at}.P${put}.village:2,${flags.split('').sort().join('')}`);
      writeFileSync(file, raw);
      chownSync(file, dovecot.owner.uid, dovecot.owner.gid);
      utimesSync(file, at, at);
    },
    [Symbol.asyncDispose]: async () => {
      await submission[Symbol.asyncDispose]();
      await dovecot[Symbol.asyncDispose]();
      rmSync(mail, { recursive: true, force: true, maxRetries: 5 });
      if (authority) rmSync(authority.folder, { recursive: true, force: true });
    },
  };
};
