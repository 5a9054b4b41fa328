import assert from 'node:assert/strict';
import type { TestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

export const identity = async (g: TestGateway): Promise<string> => (await g.one('Identity/get', {})).list[0].id;

export const newDraft = async (g: TestGateway, more: object = {}): Promise<string> => {
  const { created, notCreated } = await g.one('Email/set', {
    create: {
      d: {
        mailboxIds: { [mailboxId(g.box.drafts)]: true },
        keywords: { $draft: true },
        from: [{ name: 'Ana', email: 'ana@example.org' }],
        to: [{ name: null, email: 'bob@example.net' }],
        cc: [{ name: null, email: 'Bob@example.net' }],
        bcc: [{ name: null, email: 'hidden@example.net' }],
        subject: 'To send',
        bodyValues: { t: { value: 'text' } },
        textBody: [{ partId: 't' }],
        ...more,
      },
    },
  });
  assert.equal(notCreated, null);
  return created.d.id;
};

export const places = async (g: TestGateway, id: string) =>
  (await g.one('Email/get', { ids: [id], properties: ['mailboxIds', 'keywords'] })).list[0];

export const toSent = (g: TestGateway) => ({
  'keywords/$draft': null,
  [`mailboxIds/${mailboxId(g.box.drafts)}`]: null,
  [`mailboxIds/${mailboxId(g.box.sent)}`]: true,
});
