import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packPart, unpackPart } from './pack.ts';
import type { Part } from './types.ts';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

const { tree } = fc.letrec<{ tree: Part }>((tie) => ({
  tree: fc
    .record({
      section: fc.constantFrom('', '1', '2.TEXT', '1.2'),
      type: fc.constantFrom('text/plain', 'multipart/mixed', 'message/rfc822'),
      charset: maybe(fc.string()),
      encoding: fc.constantFrom('7bit', 'base64', ''),
      disposition: maybe(fc.constantFrom('inline' as const, 'attachment' as const)),
      name: maybe(fc.string()),
      cid: maybe(fc.string()),
      language: maybe(fc.array(fc.string())),
      location: maybe(fc.string()),
      encodedSize: fc.nat(),
      flow: fc.constantFrom(0, 1, 2),
      parts: fc.oneof({ maxDepth: 3 }, fc.constant<Part[]>([]), fc.array(tie('tree'), { maxLength: 3 })),
    })
    .map(({ flow, ...part }) => ({ ...part, flowed: flow > 0, delsp: flow > 1 })),
}));

test('a tree of parts survives packing', () => {
  fc.assert(fc.property(tree, (part) => assert.deepEqual(unpackPart(packPart(part)), part)));
});

test('a usual part takes few characters', () => {
  const usual = packPart({
    section: '1',
    type: 'text/plain',
    charset: 'utf-8',
    encoding: '7bit',
    disposition: null,
    name: null,
    cid: null,
    language: null,
    location: null,
    encodedSize: 1234,
    flowed: false,
    delsp: false,
    parts: [],
  });
  assert.equal(usual, '["1","text/plain",1234,"7bit","utf-8"]');
});
