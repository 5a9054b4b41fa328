import { connect } from 'node:net';

/** Asks Dovecot as Postfix and Exim do: Dovecot's authentication protocol 1.1 over its Unix socket. */
export const askSasl = (
  socket: string,
  user: string,
  password: string | Buffer,
  remote = '127.0.0.1',
): Promise<'accepted' | 'refused'> =>
  new Promise((resolve, reject) => {
    const line = connect(socket);
    let seen = '';
    const resp = Buffer.concat([Buffer.from(`\0${user}\0`), Buffer.from(password)]).toString('base64');
    line.on('error', reject);
    line.on('connect', () => {
      line.write(`VERSION\t1\t1\nCPID\t${process.pid}\n`);
    });
    let asked = false;
    line.on('data', (data) => {
      seen += data.toString();
      if (!asked && seen.includes('DONE\n')) {
        asked = true;
        line.write(`AUTH\t1\tPLAIN\tservice=smtp\tnologin\trip=${remote}\tsecured\tresp=${resp}\n`);
      }
      const answer = /^(OK|FAIL)\t1/m.exec(seen);
      if (!answer) return;
      line.destroy();
      resolve(answer[1] === 'OK' ? 'accepted' : 'refused');
    });
  });
