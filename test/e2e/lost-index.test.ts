import assert from 'node:assert/strict';
import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import type { Browser } from './browser.ts';
import { openCuttingProxy } from './cutting-proxy.ts';
import { openFolder } from './postern.ts';
import { eventually, serve } from './process.ts';

interface Thing {
  id: string;
  role?: string | null;
  undoStatus?: string;
}

const get = async (browser: Browser, noun: string, ids: string[] | null = null): Promise<Thing[]> => {
  const [answer] = await browser.jmap([[`${noun}/get`, { ids }]]);
  return answer?.['list'] as Thing[];
};

const roles = async (browser: Browser): Promise<Record<string, string>> =>
  Object.fromEntries((await get(browser, 'Mailbox')).map(({ role, id }) => [role ?? id, id]));

/** Of each letter the roles of the mailboxes in which it lies, and its keywords. */
const shown = async (browser: Browser): Promise<string> => {
  const ids = await roles(browser);
  const [, answer] = await browser.jmap([
    ['Email/query', {}],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' } }],
  ]);
  const list = answer?.['list'] as { mailboxIds: object; keywords: object }[];
  const inRoles = (boxes: object): string[] => Object.keys(ids).filter((role) => Object.hasOwn(boxes, ids[role] ?? ''));
  return list.map(({ mailboxIds, keywords }) => [...inRoles(mailboxIds), ...Object.keys(keywords)].join(' ')).join();
};

for (const atServer of [true, false])
  test(`O38 a letter went while the mail server was away, and the index is lost: it comes to Sent (${atServer ? 'a draft there' : 'a draft only here'})`, async () => {
    await using village = await openDovecot();
    using folder = openFolder();
    await using proxy = await openCuttingProxy(village.imapPort);
    const [alice, bob] = village.users;
    assert.ok(alice && bob);
    const servers = { imapPort: proxy.port, smtpPort: village.smtpPort };
    const lie = (mailbox: string): number =>
      village.dovecot.doveadm('search', '-u', alice.address, 'mailbox', mailbox, 'all').split('\n').filter(Boolean)
        .length;
    const away = (): void => {
      proxy.cut(/[^]/, 0, Infinity);
      proxy.cutAll();
    };
    let browser: Browser;
    {
      await using postern = await serve(servers, folder.path);
      browser = postern.browser;
      assert.equal((await browser.signIn(alice.address, alice.password)).status, 200);
      const { drafts, sent } = await browser.until(
        () => roles(browser),
        (ids) => ids['drafts'] !== undefined && ids['sent'] !== undefined,
      );
      if (!atServer) away();
      const letter = {
        mailboxIds: { [drafts ?? '']: true },
        keywords: { $draft: true },
        from: [{ email: alice.address }],
        to: [{ email: bob.address }],
        subject: 'gone',
        bodyValues: { t: { value: 'Hello' } },
        textBody: [{ partId: 't', type: 'text/plain' }],
      };
      const [made] = await browser.jmap([['Email/set', { create: { l: letter } }]]);
      const emailId = (made?.['created'] as { l: Thing } | undefined)?.l.id;
      if (atServer) {
        await eventually('the draft is at the server', () => lie('Drafts') === 1);
        away();
      }
      const identityId = (await get(browser, 'Identity'))[0]?.id;
      const patch = {
        'keywords/$draft': null,
        'keywords/$seen': true,
        [`mailboxIds/${drafts}`]: null,
        [`mailboxIds/${sent}`]: true,
      };
      const [submitted] = await browser.jmap([
        ['EmailSubmission/set', { create: { s: { identityId, emailId } }, onSuccessUpdateEmail: { '#s': patch } }],
      ]);
      const id = (submitted?.['created'] as { s: Thing } | undefined)?.s.id ?? '';
      await eventually('it went', async () => {
        const [row] = await get(browser, 'EmailSubmission', [id]);
        return village.taken === 1 && row?.undoStatus === 'final';
      });
      await postern.stop();
    }
    for (const file of globSync(join(folder.path, 'index', '*'))) rmSync(file);
    proxy.cut(/never/, 0, 0);
    await using postern = await serve(servers, folder.path);
    browser = browser.at(postern.url);
    assert.equal((await browser.post('/auth/unlock')).status, 200);
    await eventually('it is in Sent', () => lie('Sent') === 1);
    assert.equal(await shown(browser), 'sent $seen');
    assert.deepEqual([lie('Drafts'), village.taken], [0, 1]);
  });
