import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { answers, freePort } from '#cli/demo/ports.ts';
import { isHere, openPlace, type OtherServer, type OtherUser, usersOf } from './server.ts';

const programs = 'usr/lib/cyrus/bin';

export const cyrusIsHere = (): boolean => isHere('cyrus', join(programs, 'master'));

/** Says whether a password is right, as saslauthd does: four counted strings come, one goes back. */
const openPasswords = async (socket: string, users: readonly OtherUser[]): Promise<Server> => {
  const server = createServer({ allowHalfOpen: true }, (peer) => {
    let said = Buffer.alloc(0);
    peer.on('error', () => undefined);
    peer.on('data', (chunk) => {
      said = Buffer.concat([said, chunk]);
      const words: string[] = [];
      let at = 0;
      while (words.length < 4 && at + 2 <= said.length && at + 2 + said.readUInt16BE(at) <= said.length) {
        const end = at + 2 + said.readUInt16BE(at);
        words.push(said.toString('utf8', at + 2, end));
        at = end;
      }
      if (words.length < 4) return;
      const isRight = users.some(({ name, password }) => name === words[0] && password === words[1]);
      const answer = isRight ? 'OK' : 'NO';
      peer.end(Buffer.concat([Buffer.from([0, answer.length]), Buffer.from(answer)]));
    });
  });
  await new Promise<void>((done) => server.listen(socket, done));
  chmodSync(socket, 0o777);
  return server;
};

/** Cyrus 3.6: hierarchy below INBOX, OBJECTID, QRESYNC; its Archive has no role. */
export const openCyrus = async (names: readonly string[] = ['alice', 'bob']): Promise<OtherServer> => {
  const place = openPlace('cyrus');
  const { folder, root } = place;
  const users = usersOf(names);
  const isRoot = process.getuid?.() === 0;
  const self = isRoot ? 'mail' : userInfo().username;
  const own = (path: string): void => {
    mkdirSync(path, { recursive: true });
    if (isRoot) chownSync(path, 8, 8);
  };
  for (const name of ['', 'db', 'proc', 'socket', 'msg', 'log']) own(join(folder, 'conf', name));
  for (const name of ['spool', 'run', 'run/proc', 'run/lock']) own(join(folder, name));
  const imapPort = await freePort();
  const config = join(folder, 'imapd.conf');
  writeFileSync(
    config,
    `configdirectory: ${folder}/conf
defaultpartition: default
partition-default: ${folder}/spool
cyrus_user: ${self}
cyrus_group: ${self}
sasl_pwcheck_method: saslauthd
sasl_mech_list: PLAIN
sasl_saslauthd_path: ${folder}/run/mux
allowplaintext: yes
autocreate_quota: 0
autocreate_users: anyone
autocreate_inbox_folders: Sent | Drafts | Trash | Archive
xlist-sent: Sent
xlist-drafts: Drafts
xlist-trash: Trash
unixhierarchysep: yes
altnamespace: no
imapidlepoll: 1
idlesocket: ${folder}/run/idle
proc_path: ${folder}/run/proc
mboxname_lockpath: ${folder}/run/lock
`,
  );
  const program = (name: string): string => `${join(root, programs, name)} -C ${config}`;
  writeFileSync(
    join(folder, 'cyrus.conf'),
    `START {
  recover cmd="${program('ctl_cyrusdb')} -r"
  idled cmd="${program('idled')}"
}
SERVICES {
  imap cmd="${program('imapd')}" listen="127.0.0.1:${imapPort}" prefork=0 proto=tcp4
}
EVENTS {
}
`,
  );
  const passwords = await openPasswords(join(folder, 'run/mux'), users);
  const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'].map((path) => join(root, path)).join(':');
  const child: ChildProcess = spawn(
    join(root, programs, 'master'),
    ['-C', config, '-M', join(folder, 'cyrus.conf'), '-p', join(folder, 'run/master.pid'), '-D'],
    { stdio: 'ignore', detached: true, env: { ...process.env, LD_LIBRARY_PATH: libraries } },
  );
  let exited = false;
  child.once('exit', () => (exited = true));
  // Its children are in its process group, idled too.
  const end = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // They have ended.
    }
  };
  const leave = (): void => end('SIGKILL');
  process.once('exit', leave);
  for (let tries = 0; !(await answers(imapPort)); tries += 1) {
    if (exited || tries > 200) throw new Error('Cyrus did not start');
    await wait(50);
  }
  return {
    imapPort,
    users,
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', leave);
      end('SIGTERM');
      for (let tries = 0; !exited && tries < 100; tries += 1) await wait(20);
      end('SIGKILL');
      await new Promise((done) => passwords.close(done));
      place[Symbol.dispose]();
    },
  };
};
