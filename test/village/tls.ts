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
}

const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

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
  let n = 0;
  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    caFile: at('ca.pem'),
    folder,
    issue: (names, days = 10) => {
      n += 1;
      const [certFile, keyFile] = [at(`${n}.pem`), at(`${n}.key`)];
      openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        keyFile,
        '-out',
        at(`${n}.csr`),
        '-subj',
        `/CN=${names[0] ?? 'nobody'}`,
      );
      const alt = names.map((name) => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
      writeFileSync(at(`${n}.ext`), `subjectAltName=${alt}\n`);
      openssl(
        'x509',
        '-req',
        '-in',
        at(`${n}.csr`),
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-set_serial',
        String(1000 + n),
        '-out',
        certFile,
        '-days',
        String(days),
        '-extfile',
        at(`${n}.ext`),
      );
      return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    },
  };
};
