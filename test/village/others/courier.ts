import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { isHere, openPlace, type OtherServer, type OtherUser, usersOf } from './server.ts';

const program = 'usr/bin/imapd';

export const courierIsHere = (): boolean => isHere('courier', program);

const capabilities = 'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE';

/** Its imapd as couriertcpd starts it for somebody who has signed in, on a Maildir of theirs. */
const serve = (root: string, folder: string, { name }: OtherUser): ChildProcess => {
  const home = join(folder, 'mail', name);
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(home, 'Maildir', part), { recursive: true });
  const libraries = ['usr/lib', 'usr/lib/courier-authlib', 'usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'];
  return spawn(join(root, program), ['Maildir'], {
    cwd: home,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      LD_LIBRARY_PATH: libraries.map((path) => join(root, path)).join(':'),
      AUTHENTICATED: name,
      AUTHENUSER: name,
      HOME: home,
      MAILDIR: './Maildir',
      IMAP_CAPABILITY: capabilities,
      IMAP_KEYWORDS: '1',
      IMAP_IDLE_TIMEOUT: '60',
      IMAP_ENHANCEDIDLE: '0',
      IMAP_TRASHFOLDERNAME: 'Trash',
      IMAP_EMPTYTRASH: '',
      IMAP_USELOCKS: '1',
      IMAP_CHECK_ALL_FOLDERS: '0',
      IMAP_OBSOLETE_CLIENT: '0',
      IMAP_UMASK: '022',
      IMAP_DISABLETHREADSORT: '0',
      IMAP_MAILBOX_SANITY_CHECK: '0',
      TCPREMOTEIP: '127.0.0.1',
      TCPREMOTEPORT: '1',
      TCPLOCALIP: '127.0.0.1',
      TCPLOCALPORT: '143',
    },
  });
};

const login = /^(\S+) LOGIN "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/i;
const bare = (quoted = ''): string => quoted.replaceAll(/\\(.)/g, '$1');

/** What Courier's own front says until somebody has signed in; then `start` takes over. */
const front = (socket: Socket, users: readonly OtherUser[], start: (user: OtherUser) => ChildProcess): void => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.write(`* OK [CAPABILITY ${capabilities}] Courier-IMAP ready. Copyright 1998-2018 Double Precision, Inc.\r\n`);
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk.toString('latin1');
    for (let end = said.indexOf('\r\n'); end >= 0; end = said.indexOf('\r\n')) {
      const line = said.slice(0, end);
      said = said.slice(end + 2);
      const tag = line.split(' ', 1)[0] ?? '*';
      const [, , name, password] = login.exec(line) ?? [];
      const user = users.find((one) => one.name === bare(name) && one.password === bare(password));
      if (user) {
        socket.off('data', hear);
        handOver(socket, start(user), tag, said);
        return;
      }
      if (/ CAPABILITY$/i.test(line))
        socket.write(`* CAPABILITY ${capabilities}\r\n${tag} OK CAPABILITY completed\r\n`);
      else if (/ LOGOUT$/i.test(line)) socket.end(`* BYE\r\n${tag} OK LOGOUT completed\r\n`);
      else if (login.test(line)) socket.write(`${tag} NO Login failed.\r\n`);
      else socket.write(`${tag} NO Error in IMAP command received by server.\r\n`);
    }
  };
  socket.on('data', hear);
};

/** The first line of the imapd stands for the OK of LOGIN. */
const handOver = (socket: Socket, child: ChildProcess, tag: string, already: string): void => {
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('no pipes');
  let greeting: string | null = '';
  stdout.on('data', (chunk: Buffer) => {
    if (greeting === null) {
      socket.write(chunk);
      return;
    }
    greeting += chunk.toString('latin1');
    const end = greeting.indexOf('\r\n');
    if (end < 0) return;
    socket.write(Buffer.from(`${tag} OK LOGIN Ok.\r\n${greeting.slice(end + 2)}`, 'latin1'));
    greeting = null;
  });
  stdin.on('error', () => undefined);
  stdin.write(already, 'latin1');
  socket.on('data', (chunk) => stdin.write(chunk));
  socket.on('close', () => stdin.end());
  child.on('exit', () => socket.end());
  child.on('error', () => socket.destroy());
};

/** Courier 5.0: mailboxes are `INBOX.…`; neither CONDSTORE nor MOVE nor SPECIAL-USE, no UIDNEXT, IDLE without notifications of the file system. */
export const openCourier = async (names: readonly string[] = ['alice', 'bob']): Promise<OtherServer> => {
  const place = openPlace('courier');
  const users = usersOf(names);
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    front(socket, users, (user) => {
      const child = serve(place.root, place.folder, user);
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const end = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', end);
  return {
    imapPort: (server.address() as AddressInfo).port,
    users,
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', end);
      for (const socket of sockets) socket.destroy();
      end();
      await new Promise((done) => server.close(done));
      place[Symbol.dispose]();
    },
  };
};
