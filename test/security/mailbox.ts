import { randomBytes } from 'node:crypto';
import type { Browser } from '../e2e/browser.ts';
import type { Village } from '#village/dovecot.ts';

/** What a mailbox holds that nobody else should read, by name. */
export type Secrets = Map<string, string>;

const word = (): string => randomBytes(9).toString('hex');

const letter = (n: number, secrets: Secrets): string => {
  const subject = `Kontoauszug ${word()}`;
  const person = `Zora Quint${word()}`;
  const address = `zora.${word()}@correspondent.example`;
  const body = `Die Parole heißt ${word()}`;
  secrets.set(`subject ${n}`, subject).set(`name ${n}`, person).set(`address ${n}`, address).set(`body ${n}`, body);
  // The words by themselves too: an index of words could hold them apart.
  for (const [what, text] of [
    ['subject', subject],
    ['name', person],
    ['body', body],
  ] as const)
    secrets.set(`${what} word ${n}`, text.slice(-18));
  secrets.set(`address word ${n}`, address.slice(5, 23));
  const id = `<${word()}@correspondent.example>`;
  secrets.set(`message-id ${n}`, id);
  const attachment = `file-${word()}.txt`;
  secrets.set(`attachment ${n}`, attachment);
  return [
    `From: ${person} <${address}>`,
    'To: Alice <alice@village.test>',
    `Subject: ${subject}`,
    `Message-ID: ${id}`,
    `Date: Sun, 22 Nov 2026 08:${String(n % 60).padStart(2, '0')}:00 +0000`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `${body}. Mehr steht nicht darin.`,
    '--b',
    `Content-Type: text/plain; name="${attachment}"`,
    `Content-Disposition: attachment; filename="${attachment}"`,
    '',
    'attached',
    '--b--',
    '',
  ].join('\r\n');
};

/** Puts `count` letters into a user's INBOX before anybody looks. */
export const fillMailbox = (village: Village, address: string, count: number): Secrets => {
  const secrets: Secrets = new Map();
  for (let n = 0; n < count; n += 1)
    village.put(address, 'INBOX', letter(n, secrets), { receivedAt: 1_795_000_000 + n * 60 });
  return secrets;
};

/** Id of the mailbox of a role, once it is known. */
export const boxOf = (browser: Browser, role: string): Promise<string> =>
  browser.until(
    async () => {
      const [answer] = await browser.jmap([['Mailbox/get', { properties: ['role'] }]]);
      const list = answer?.['list'] as { id: string; role: string | null }[] | undefined;
      return list?.find((box) => box.role === role)?.id ?? '';
    },
    (id) => id !== '',
  );

/** Waits until the whole mailbox is mirrored and searchable, and reads some of it. */
export const readMailbox = async (browser: Browser, count: number, known: string): Promise<void> => {
  const total = async (filter: object): Promise<number> => {
    const [answer] = await browser.jmap([['Email/query', { filter, calculateTotal: true, limit: 1 }]]);
    return Number(answer?.['total']);
  };
  await browser.until(
    () => total({}),
    (n) => n >= count,
    60_000,
  );
  await browser.until(
    () => total({ text: known }),
    (n) => n === 1,
    60_000,
  );
  const [, got] = await browser.jmap([
    ['Email/query', { limit: 30 }],
    [
      'Email/get',
      {
        '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' },
        properties: ['subject', 'from', 'preview', 'bodyValues', 'textBody'],
        fetchTextBodyValues: true,
      },
    ],
  ]);
  if ((got?.['list'] as unknown[] | undefined)?.length !== Math.min(30, count))
    throw new Error('the mails are not there');
};

/** Writes a draft, uploads a file and hands in a mail that is held back; all they say is added to `secrets`. */
export const writeMail = async (browser: Browser, secrets: Secrets): Promise<void> => {
  const say = (name: string): string => {
    const text = `Entwurf ${word()}`;
    secrets.set(name, text).set(`${name} word`, text.slice(-18));
    return text;
  };
  const drafts = await boxOf(browser, 'drafts');
  const to = `friend.${word()}@correspondent.example`;
  secrets.set('recipient', to).set('recipient word', to.slice(7, 25));
  const draft = (name: string): object => ({
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true },
    from: [{ name: 'Alice', email: 'alice@village.test' }],
    to: [{ name: say(`${name} person`), email: to }],
    subject: say(`${name} subject`),
    bodyValues: { t: { value: say(`${name} text`) } },
    textBody: [{ partId: 't', type: 'text/plain' }],
  });
  const [made] = await browser.jmap([['Email/set', { create: { d: draft('draft'), s: draft('held') } }]]);
  const created = made?.['created'] as Record<string, { id: string }> | null;
  if (!created?.['d'] || !created['s']) throw new Error(`no draft: ${JSON.stringify(made)}`);
  const [identities] = await browser.jmap([['Identity/get', {}]]);
  const identityId = (identities?.['list'] as { id: string }[] | undefined)?.[0]?.id;
  const envelope = {
    mailFrom: { email: 'alice@village.test', parameters: { HOLDFOR: '3600' } },
    rcptTo: [{ email: to }],
  };
  const [sent] = await browser.jmap([
    ['EmailSubmission/set', { create: { h: { identityId, emailId: created['s'].id, envelope } } }],
  ]);
  if (!(sent?.['created'] as Record<string, unknown> | null)?.['h'])
    throw new Error(`not held: ${JSON.stringify(sent)}`);
  const uploaded = await browser.fetch(`/jmap/upload/${browser.account}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: `${say('upload')} and ${say('upload end')}`,
  });
  if (uploaded.status !== 200) throw new Error(`not uploaded: ${uploaded.status}`);
};
