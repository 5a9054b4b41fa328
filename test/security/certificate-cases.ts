import { X509Certificate } from 'node:crypto';
import type { TestAuthority, TestCertificate } from '#village/tls.ts';
import type { Line, Recording } from './recording-server.ts';

/** What a mail server, or somebody between it and us, does to get a password. Each is played over IMAP and over SMTP. */
export interface Case {
  name: string;
  security: 'tls' | 'starttls';
  /** What the vault says of it. */
  code: 'tls/certificate' | 'tls/none' | 'tls/injection';
  reason: string | null;
  /** IMAP alone knows it. */
  imapOnly?: boolean;
  host?: string;
  pin?: string;
  tls?: TestCertificate;
  implicit?: boolean;
  manner?: Manner;
}

interface Manner {
  /** STARTTLS is not among what the server can do. */
  stripped?: boolean;
  refused?: boolean;
  /** What stands behind the answer to STARTTLS, before TLS. */
  injected?: string;
  preauth?: boolean;
}

/** A server that takes any password, by any way it is asked. */
export const imapTalk =
  ({ stripped, refused, injected = '', preauth }: Manner = {}) =>
  async (line: Line): Promise<void> => {
    line.send(preauth ? '* PREAUTH welcome\r\n' : '* OK hello\r\n');
    for (let secure = false; ;) {
      const text = await line.next();
      if (text === null) return;
      const [tag = '', command = ''] = text.split(' ');
      if (/^CAPABILITY$/i.test(command)) {
        const offer = secure || stripped ? '' : ' STARTTLS';
        line.send(`* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN${offer}\r\n${tag} OK done\r\n`);
      } else if (/^STARTTLS$/i.test(command)) {
        if (refused) line.send(`${tag} NO not today\r\n`);
        else {
          line.send(`${tag} OK begin\r\n${injected}`);
          line.startTls();
          secure = true;
        }
      } else if (/^AUTHENTICATE$/i.test(command) && text.split(' ').length < 4) {
        line.send('+ \r\n');
        await line.next();
        line.send(`${tag} OK in\r\n`);
      } else line.send(`${tag} OK done\r\n`);
    }
  };

export const smtpTalk =
  ({ stripped, refused, injected = '' }: Manner = {}) =>
  async (line: Line): Promise<void> => {
    line.send('220 mail.test ESMTP\r\n');
    for (let secure = false; ;) {
      const text = await line.next();
      if (text === null) return;
      if (/^EHLO/i.test(text)) {
        const offer = secure || stripped ? '' : '250-STARTTLS\r\n';
        line.send(`250-mail.test\r\n${offer}250 AUTH PLAIN LOGIN\r\n`);
      } else if (/^STARTTLS$/i.test(text)) {
        if (refused) line.send('454 TLS not available\r\n');
        else {
          line.send(`220 go\r\n${injected}`);
          line.startTls();
          secure = true;
        }
      } else line.send(/^AUTH/i.test(text) ? '235 in\r\n' : '250 fine\r\n');
    }
  };

export const fingerprintOf = ({ cert }: TestCertificate): string =>
  new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();

/** All of them; the right name is `localhost`, and `other` is an authority that nobody told Postern of. */
export const certificateCases = (authority: TestAuthority, other: TestAuthority): Case[] => {
  const good = authority.issue(['localhost']);
  const bad: [string, string, TestCertificate][] = [
    ['an expired certificate', 'expired', authority.issue(['localhost'], -1)],
    ['a certificate that is not valid yet', 'not-yet-valid', authority.issueEarly(['localhost'])],
    ['a certificate of another name', 'name', authority.issue(['elsewhere.test', '127.0.0.9'])],
    ['a self-signed certificate', 'self-signed', authority.selfSigned(['localhost'])],
    ['a certificate of an issuer nobody knows', 'unknown-issuer', other.issue(['localhost'])],
  ];
  const certificate = { code: 'tls/certificate' } as const;
  const none = { code: 'tls/none', reason: null } as const;
  return [
    ...(['tls', 'starttls'] as const).flatMap((security) => [
      ...bad.map(([name, reason, tls]) => ({
        ...certificate,
        name: `${name}, ${security}`,
        security,
        reason,
        tls,
        implicit: security === 'tls',
      })),
      {
        ...certificate,
        name: `a valid certificate that is not the pinned one, ${security}`,
        security,
        reason: 'pin',
        tls: good,
        pin: fingerprintOf(authority.issue(['localhost'])),
        implicit: security === 'tls',
      },
    ]),
    {
      ...none,
      name: 'STARTTLS stripped from what the server offers',
      security: 'starttls',
      manner: { stripped: true },
    },
    { ...none, name: 'STARTTLS refused', security: 'starttls', tls: good, manner: { refused: true } },
    {
      ...none,
      name: 'PREAUTH before STARTTLS',
      security: 'starttls',
      tls: good,
      manner: { preauth: true },
      imapOnly: true,
    },
    { ...none, name: 'a port of implicit TLS that speaks plain', security: 'tls', tls: good, implicit: false },
    {
      name: 'an answer injected before TLS',
      security: 'starttls',
      code: 'tls/injection',
      reason: null,
      tls: good,
      manner: { injected: '* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n250 AUTH PLAIN\r\n' },
    },
  ];
};

export const recordingOf = (protocol: 'imap' | 'smtp', { tls, implicit = false, manner }: Case): Recording => ({
  talk: (protocol === 'imap' ? imapTalk : smtpTalk)(manner),
  implicit,
  ...(tls ? { tls } : {}),
});
