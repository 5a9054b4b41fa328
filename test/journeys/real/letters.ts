import { ImapFlow } from 'imapflow';
import type { Village } from '#village/dovecot.ts';
import type { Person } from './world.ts';

/** A red point, 1 × 1. */
export const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export interface LetterFacts {
  from?: string;
  to?: string;
  cc?: string;
  subject: string;
  id?: string;
  inReplyTo?: string;
  date?: Date;
  /** Whole body with its Content-Type line; plain text otherwise. */
  type?: string;
  body?: string;
}

const idOf = (subject: string): string => `<${subject.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-')}@elsewhere.test>`;

/** A letter as it comes from outside. */
export const letter = (facts: LetterFacts): string =>
  [
    `From: ${facts.from ?? 'Bob Burns <bob@village.test>'}`,
    `To: ${facts.to ?? 'alice@village.test'}`,
    ...(facts.cc ? [`Cc: ${facts.cc}`] : []),
    `Subject: ${facts.subject}`,
    `Message-ID: ${facts.id ?? idOf(facts.subject)}`,
    ...(facts.inReplyTo ? [`In-Reply-To: ${facts.inReplyTo}`, `References: ${facts.inReplyTo}`] : []),
    `Date: ${(facts.date ?? new Date()).toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    `Content-Type: ${facts.type ?? 'text/plain; charset=utf-8'}`,
    '',
    facts.body ?? 'Hello Alice,\r\n\r\nhow are you?\r\n\r\nBob',
    '',
  ].join('\r\n');

/** HTML with an image in its text, a file, a script and a remote image. */
export const richBody = (file: Buffer): { type: string; body: string } => ({
  type: 'multipart/mixed; boundary=outer',
  body: [
    '--outer',
    'Content-Type: multipart/related; boundary=inner',
    '',
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<p style="color:#333">The <b>plan</b> for <a href="https://example.org/plan">Friday</a>:</p><ul><li>boats</li><li>oars</li></ul>',
    '<p><img src="cid:map@x" alt="map" width="40" height="40"></p><img src="https://tracker.example/x.png"><script>document.title = "run"</script>',
    '--inner',
    'Content-Type: image/png; name=map.png',
    'Content-ID: <map@x>',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: inline; filename=map.png',
    '',
    png.toString('base64'),
    '--inner--',
    '--outer',
    'Content-Type: application/octet-stream; name="plan für Freitag.bin"',
    `Content-Disposition: attachment; filename*=utf-8''plan%20f%C3%BCr%20Freitag.bin`,
    'Content-Transfer-Encoding: base64',
    '',
    file.toString('base64').replaceAll(/.{76}/gu, '$&\r\n'),
    '--outer--',
  ].join('\r\n'),
});

export interface Stored {
  uid: number;
  flags: string[];
  subject: string;
  messageId: string;
  source: Buffer;
}

/** What lies in a mailbox of the mail server, by IMAP; nothing of Postern has a hand in it. */
export const mailbox = async (village: Village, who: Person, path: string): Promise<Stored[]> => {
  const client = new ImapFlow({
    host: village.host,
    port: village.imapPort,
    secure: false,
    auth: { user: who.address, pass: who.password },
    logger: false,
  });
  await client.connect();
  try {
    await client.mailboxOpen(path, { readOnly: true });
    if (client.mailbox && client.mailbox.exists === 0) return [];
    const all = await client.fetchAll('1:*', { uid: true, flags: true, envelope: true, source: true });
    return all.map((each) => ({
      uid: each.uid,
      flags: [...(each.flags ?? [])].toSorted(),
      subject: each.envelope?.subject ?? '',
      messageId: each.envelope?.messageId ?? '',
      source: each.source ?? Buffer.alloc(0),
    }));
  } finally {
    await client.logout().catch(() => client.close());
  }
};

export const subjects = async (village: Village, who: Person, path: string): Promise<string[]> =>
  (await mailbox(village, who, path)).map((each) => each.subject).toSorted();
