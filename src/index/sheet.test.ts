import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { found } from './fixture.ts';
import { ready } from './ready.ts';
import { readySheet, sheetOf } from './sheet.ts';
import type { Address, Found } from './types.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const address: fc.Arbitrary<Address> = fc.record({ name: fc.option(text), email: text });
const addresses = fc.array(address, { maxLength: 2 });
const ids = fc.array(text, { maxLength: 3 });
const keyword = fc.constantFrom('$seen', '$flagged', '$draft', 'work', 'ümlaut');
const seconds = fc.integer({ min: 0, max: 2 ** 33 });

const anyFound: fc.Arbitrary<Found> = fc
  .record({
    uid: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    keywords: fc.uniqueArray(keyword, { maxLength: 3 }),
    deleted: fc.boolean(),
    modseq: fc.maxSafeNat().map(String),
    receivedAt: seconds,
    size: fc.nat(),
    structure: fc.option(text),
    hasAttachment: fc.boolean(),
    preview: fc.option(text),
    strongId: fc.option(text),
    strongThread: fc.option(text),
    envelope: fc.record({
      subject: text,
      from: addresses,
      sender: addresses,
      replyTo: addresses,
      to: addresses,
      cc: addresses,
      bcc: addresses,
      messageId: fc.option(text),
      inReplyTo: ids,
      references: ids,
      sentAt: fc.option(seconds),
      listId: fc.option(text),
      bulk: fc.constantFrom('none', 'list', 'auto', 'newsletter'),
    }),
  })
  .map(({ uid, ...patch }) => found(uid, patch));

test('S63 messages on their way to another thread arrive as they were', () => {
  fc.assert(
    fc.property(fc.array(anyFound, { maxLength: 5 }), (all) => {
      const messages = all.map(ready);
      assert.deepEqual(readySheet(structuredClone(sheetOf(messages))), messages);
    }),
    { numRuns: 300 },
  );
});
