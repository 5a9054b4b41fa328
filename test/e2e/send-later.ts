import assert from 'node:assert/strict';
import type { Browser } from './browser.ts';

/** Writes a letter that goes out in so many seconds; the id of its submission. */
export const sendLater = async (
  browser: Browser,
  accountId: string,
  from: string,
  to: string,
  seconds: number,
): Promise<string> => {
  const { identityId, drafts } = await browser.until(
    async () => {
      const [identities, boxes] = await browser.jmap([
        ['Identity/get', { accountId }],
        ['Mailbox/get', { accountId }],
      ]);
      return {
        identityId: ((identities?.['list'] ?? []) as { id: string }[])[0]?.id,
        drafts: ((boxes?.['list'] ?? []) as { id: string; role: string }[]).find(({ role }) => role === 'drafts')?.id,
      };
    },
    (found) => found.identityId !== undefined && found.drafts !== undefined,
  );
  const mailFrom = { email: from, parameters: { HOLDFOR: String(seconds) } };
  const letter = {
    mailboxIds: { [drafts ?? '']: true },
    from: [{ email: from }],
    to: [{ email: to }],
    subject: 'while away',
    bodyValues: { t: { value: 'Hello' } },
    textBody: [{ partId: 't', type: 'text/plain' }],
  };
  const submission = { identityId, emailId: '#l', envelope: { mailFrom, rcptTo: [{ email: to }] } };
  const answers = await browser.jmap([
    ['Email/set', { accountId, create: { l: letter } }],
    ['EmailSubmission/set', { accountId, create: { s: submission } }],
  ]);
  const made = (answers[1]?.['created'] as { s?: { id: string } } | null)?.s;
  assert.ok(made, JSON.stringify(answers));
  return made.id;
};
