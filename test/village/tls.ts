import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

export interface TestAuthority {
  /** PEM of the authority, for POSTERN_EXTRA_CA. */
  ca: string;
  caFile: string;
  folder: string;
  /** A certificate for these names or addresses; `days` may be negative for an expired one. */
  issue(names: readonly string[], days?: number): TestCertificate;
  /** One that is valid in two days and for ten. */
  issueEarly(names: readonly string[]): TestCertificate;
  /** One that nobody but its own key vouches for. */
  selfSigned(names: readonly string[]): TestCertificate;
}

const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** What `openssl ca` wants to know; only it can set the first day. */
const authorityConfig = (folder: string): string => `[ca]
default_ca = test
[test]
database = ${folder}/index.txt
new_certs_dir = ${folder}
rand_serial = yes
certificate = ${folder}/ca.pem
private_key = ${folder}/ca.key
default_md = sha256
policy = any
[any]
commonName = supplied
`;

/** A certificate authority of its own for one test run, made with the openssl command. */
export const openAuthority = (): TestAuthority => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ca-'));
  const at = (name: string): string => join(folder, name);
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '30',
    '-subj',
    '/CN=Postern test authority',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  );
  const subject = (names: readonly string[]): string[] => ['-subj', `/CN=${names[0] ?? 'nobody'}`];
  const altNames = (names: readonly string[]): string =>
    `subjectAltName=${names.map((name) => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',')}`;
  const read = (certFile: string, keyFile: string): TestCertificate => ({
    certFile,
    keyFile,
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
  });
  let n = 0;
  /** A key and a request for these names; paths by the ending of a file's name. */
  const requested = (names: readonly string[]): ((ending: string) => string) => {
    n += 1;
    const path = (ending: string): string => at(`${n}.${ending}`);
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', path('key'), '-out', path('csr'), ...subject(names));
    writeFileSync(path('ext'), `${altNames(names)}\n`);
    return path;
  };
  /** Valid between two days from now; only `openssl ca` can set both. */
  const spanning = (names: readonly string[], first: number, last: number): TestCertificate => {
    const path = requested(names);
    writeFileSync(at('ca.conf'), authorityConfig(folder));
    writeFileSync(at('index.txt'), '');
    const day = (n: number): string =>
      new Date(Date.now() + n * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
    const authority = ['-notext', '-batch', '-config', at('ca.conf')];
    const span = ['-startdate', day(first), '-enddate', day(last)];
    openssl('ca', ...authority, ...span, '-in', path('csr'), '-out', path('pem'), '-extfile', path('ext'));
    return read(path('pem'), path('key'));
  };
  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    caFile: at('ca.pem'),
    folder,
    issue: (names, days = 10) => {
      if (days < 0) return spanning(names, days - 10, days);
      const path = requested(names);
      const signing = [
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-set_serial',
        String(1000 + n),
        '-days',
        String(days),
      ];
      openssl('x509', '-req', '-in', path('csr'), ...signing, '-out', path('pem'), '-extfile', path('ext'));
      return read(path('pem'), path('key'));
    },
    issueEarly: (names) => spanning(names, 2, 12),
    selfSigned: (names) => {
      n += 1;
      const [certFile, keyFile] = [at(`${n}.pem`), at(`${n}.key`)];
      const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', certFile, '-days', '10'];
      openssl('req', '-x509', ...made, ...subject(names), '-addext', altNames(names));
      return read(certFile, keyFile);
    },
  };
};
