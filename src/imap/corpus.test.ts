import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { toPart } from './bodystructure.ts';
import { FetchParser, type Parsed } from './fetch.ts';
import { ResponseReader } from './wire/reader.ts';

/**
 * `test/corpus/imap/NAME.txt` is what a server sent, byte for byte; `NAME.json` what is read of it: one entry a response,
 * items that are absent left out, bytes as latin1 text.
 */
const folder = new URL('../../test/corpus/imap/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

const shown = (parsed: Parsed): unknown => {
  if (parsed.kind !== 'row') return parsed;
  const { header, bodystructure, sections, modseq, ...rest } = parsed.row;
  const plain = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    ...Object.fromEntries(plain),
    ...(modseq === '0' ? {} : { modseq }),
    ...(header === null ? {} : { header: header.toString('latin1') }),
    ...(bodystructure === undefined ? {} : { part: toPart(bodystructure) }),
    ...(sections.size === 0
      ? {}
      : { sections: Object.fromEntries([...sections].map(([name, bytes]) => [name, bytes.toString('latin1')])) }),
  };
};

const readAll = (chunks: readonly Buffer[]): unknown[] => {
  const parser = new FetchParser();
  const found: unknown[] = [];
  const reader = new ResponseReader({
    response: (bytes, start, end) => void found.push(shown(parser.parse(bytes, start, end))),
  });
  for (const chunk of chunks) reader.push(chunk);
  return JSON.parse(JSON.stringify(found)) as unknown[];
};

for (const name of names) {
  const wire = readFileSync(new URL(name, folder));

  test(`corpus: ${name}`, () => {
    const want: unknown = JSON.parse(readFileSync(new URL(name.replace(/txt$/, 'json'), folder), 'utf8'));
    assert.deepEqual(readAll([wire]), want);
  });

  test(`corpus: ${name}, however it is cut`, () => {
    const whole = readAll([wire]);
    const cuts = fc.array(fc.nat(wire.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (cuts) => {
        const ends = [...new Set([...cuts, wire.length])].sort((a, b) => a - b);
        const chunks = ends.map((end, i) => Buffer.from(wire.subarray(ends[i - 1] ?? 0, end)));
        assert.deepEqual(readAll(chunks), whole);
      }),
      { numRuns: 30 },
    );
  });
}

test('every answer of the corpus, byte by byte', () => {
  const wire = Buffer.concat(names.map((name) => readFileSync(new URL(name, folder))));
  assert.deepEqual(readAll(Array.from(wire, (byte) => Buffer.from([byte]))), readAll([wire]));
});
