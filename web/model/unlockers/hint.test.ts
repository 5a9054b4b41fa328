import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import { stillClock } from '#base/clock.testkit.ts';
import type { Mail } from '../mail.ts';
import type { Model } from '../model.ts';
import { settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { offerVault } from './hint.ts';

const open = (kinds: readonly string[], said?: Response) => {
  const clock = stillClock();
  const toasts = openToasts(clock);
  const mails = signal<readonly Mail[]>([]);
  const went: string[] = [];
  let kept: string | null = null;
  const fetch = (): Promise<Response> =>
    Promise.resolve(said ?? Response.json({ unlockers: kinds.map((kind) => ({ kind })) }));
  const model = {
    clock,
    toasts,
    mails,
    connection: { fetch },
    storage: { get: () => kept, set: (_key: string, text: string) => void (kept = text) },
    router: { go: ({ page }: { page: string }) => went.push(page) },
  } as unknown as Model;
  const start = (): (() => void) => offerVault(model);
  return { clock, toasts, mails, went, start };
};
const two = [{}, {}] as Mail[];

test('U9 a second account brings the offer of a vault, once', async () => {
  const { clock, toasts, mails, went, start } = open(['mail-password', 'mail-password']);
  start();
  mails.value = two.slice(1);
  clock.pass(10_000);
  await settled();
  assert.equal(toasts.current.peek(), null);
  mails.value = two;
  clock.pass(4_000);
  await settled();
  assert.match(toasts.current.peek()?.text ?? '', /One key/u);
  toasts.current.peek()?.actions[0]?.run();
  assert.deepEqual(went, ['vault']);
  start();
  clock.pass(10_000);
  await settled();
  assert.equal(toasts.current.peek(), null);
});

test('U9 who has a key is not asked', async () => {
  const { clock, toasts, mails, start } = open(['mail-password', 'passkey']);
  start();
  mails.value = two;
  clock.pass(4_000);
  await settled();
  assert.equal(toasts.current.peek(), null);
});

test('U9 an answer that is none says nothing, and breaks nothing', async () => {
  const { clock, toasts, mails, start } = open([], new Response('x'));
  start();
  mails.value = two;
  clock.pass(4_000);
  await settled();
  assert.equal(toasts.current.peek(), null);
});
