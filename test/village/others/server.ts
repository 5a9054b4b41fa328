import { cpSync, existsSync, chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RawClient } from './raw-client.ts';

/** A real mail server that is not Dovecot, on loopback, with a free port and mailboxes of its own. */
export interface OtherServer extends AsyncDisposable {
  /** Plain IMAP. */
  imapPort: number;
  /** `name` is what they sign in with; it is not their address. */
  users: readonly OtherUser[];
}

export interface OtherUser {
  name: string;
  address: string;
  password: string;
}

export const usersOf = (names: readonly string[]): OtherUser[] =>
  names.map((name) => ({ name, address: `${name}@village.test`, password: `${name}-pass"2\\` }));

/** Where `scripts/needs.ts` has unpacked the packages of a server. */
const unpacked = (server: string): string => resolve('.cache/servers', server);

/** Whether the packages of the server are here. */
export const isHere = (server: string, program: string): boolean => existsSync(join(unpacked(server), program));

/** A folder of its own with the unpacked programs in `root`: readable for the user that the server becomes. */
export const openPlace = (server: string): { folder: string; root: string } & Disposable => {
  const folder = mkdtempSync(join(tmpdir(), `postern-${server}-`));
  chmodSync(folder, 0o755);
  const root = join(folder, 'root');
  cpSync(unpacked(server), root, { recursive: true, verbatimSymlinks: true });
  return { folder, root, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
};

/** Puts a message into a mailbox as another client does; into INBOX it is what a delivery looks like to IMAP. */
export const append = async (
  { imapPort }: Pick<OtherServer, 'imapPort'>,
  user: OtherUser,
  mailbox: string,
  raw: string | Buffer,
  flags: readonly string[] = [],
): Promise<void> => {
  await using client = await RawClient.open(imapPort, user);
  await client.append(mailbox, Buffer.from(raw), flags);
};
