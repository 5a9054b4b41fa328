import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishedPeople, isWhole, parsePeople, spelledPerson } from './people.ts';

const spelled = (text: string): string[] => parsePeople(text).map(({ name, email }) => `${name ?? ''}|${email}`);

test('people stand between commas, semicolons, tabs and line ends', () => {
  assert.deepEqual(spelled('one@x.test\r\ntwo@x.test\n\nBo Ek <bo@x.test>; a@x.test\tb@x.test, c@x.test'), [
    '|one@x.test',
    '|two@x.test',
    'Bo Ek|bo@x.test',
    '|a@x.test',
    '|b@x.test',
    '|c@x.test',
  ]);
  assert.deepEqual(spelled('a@x.test b@x.test'), ['|a@x.test', '|b@x.test']);
  assert.deepEqual(spelled('Bob Ek\tbob@x.test\nAda\tada@x.test'), ['Bob Ek|bob@x.test', 'Ada|ada@x.test']);
});

test('E31 commas, digits and signs of other scripts, and what is not seen, are taken as they are meant', () => {
  assert.deepEqual(spelled('a@x.test，山田 太郎 <b@x.test>、鈴木 <c@x.test>；d@x.test، e@x.test؛'), [
    '|a@x.test',
    '山田 太郎|b@x.test',
    '鈴木|c@x.test',
    '|d@x.test',
    '|e@x.test',
  ]);
  assert.deepEqual(spelled('"株式会社、鈴木" <ｂｏｂ＠ｘ．ｔｅｓｔ>'), ['株式会社、鈴木|bob@x.test']);
  assert.deepEqual(spelled('\u202aAnn <\u200ea@x.test>\u202c; \ufeffb@x.test\u200b'), ['Ann|a@x.test', '|b@x.test']);
  assert.deepEqual(finishedPeople('a@x.test，b').items, [{ name: null, email: 'a@x.test' }]);
});

test('E31 one address among words is found; nothing that is not in it is sent to', () => {
  assert.deepEqual(spelled('Ann Lee (a@x.test); a@x.test (Ann Lee); "Ann Lee" a@x.test; Ann Lee <a@x.test'), [
    'Ann Lee|a@x.test',
    'Ann Lee|a@x.test',
    'Ann Lee|a@x.test',
    'Ann Lee|a@x.test',
  ]);
  assert.deepEqual(spelled('1. a@x.test\n• b@x.test\nc@x.test / d@x.test'), [
    '|a@x.test',
    '|b@x.test',
    '|c@x.test',
    '|d@x.test',
  ]);
  assert.deepEqual(spelled('<mailto:a@x.test>, mailto:b@x.test?subject=Hi'), ['|a@x.test', '|b@x.test']);
  // Two people of whom one would be lost are for their writer to mend.
  for (const text of ['Ann <a@x.test> Bo <b@x.test>', 'a@x.test>.', "'a@x.test'", '"very odd"@x.test']) {
    assert.equal(parsePeople(text).length, 1);
    assert.equal(isWhole(text), text.startsWith('a@'), text);
  }
  assert.deepEqual(spelled('a@x.test>'), ['|a@x.test']);
});

test('a group is its members, and one without members is nobody', () => {
  assert.deepEqual(spelled('friends: a@x.test, Bo <b@x.test>; c@x.test'), ['|a@x.test', 'Bo|b@x.test', '|c@x.test']);
  assert.deepEqual(spelled('undisclosed-recipients:;'), []);
  assert.deepEqual(spelled('mailto:a@x.test'), ['|a@x.test']);
});

test('quotes hold commas, and what is escaped in them is meant as it stands', () => {
  assert.deepEqual(spelled('"Doe, John" <doe@x.test>, "Al \\"Ace\\" Fox" <al@x.test>'), [
    'Doe, John|doe@x.test',
    'Al "Ace" Fox|al@x.test',
  ]);
  assert.deepEqual(spelled('Doe, John <doe@x.test>, Bo <bo@x.test>'), ['Doe, John|doe@x.test', 'Bo|bo@x.test']);
  assert.deepEqual(spelled('bob, ann@x.test'), ['|bob', '|ann@x.test']);
  for (const name of ['Doe, John', 'Al "Ace" Fox', 'Back\\slash: x', 'Åsa Berg'])
    assert.deepEqual(parsePeople(spelledPerson({ name, email: 'a@x.test' })), [{ name, email: 'a@x.test' }]);
});

test('a separator finishes addresses, not names and not what stands in open quotes', () => {
  const of = (text: string) => {
    const { items, rest } = finishedPeople(text);
    return [items.map(({ email }) => email), rest];
  };
  assert.deepEqual(of('bob@x.test,'), [['bob@x.test'], '']);
  assert.deepEqual(of('bob@x.test, al'), [['bob@x.test'], 'al']);
  assert.deepEqual(of('"Doe,'), [[], '"Doe,']);
  assert.deepEqual(of('Doe,'), [[], 'Doe,']);
  assert.deepEqual(of('"Doe, John" <doe@x.test>,'), [['doe@x.test'], '']);
  assert.deepEqual(of('bob'), [[], 'bob']);
});

test('an address is whole as soon as it could be one', () => {
  assert.ok(isWhole('bob@demo.te') && isWhole('Bob <bob@demo.test>'));
  assert.ok(!isWhole('bob') && !isWhole('bob@demo') && !isWhole('Bob <bob') && !isWhole(''));
});
