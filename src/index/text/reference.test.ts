import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addMailbox, found, openTestIndex, query } from '../fixture.ts';
import type { EmailRow, Filter, Uid } from '../types.ts';

/** What an Email says, field by field, as the rules I35, I37 and I45 have it. */
interface Said {
  subject: string;
  from: string;
  to: string;
  cc: string;
  bcc: string;
  preview: string;
  body: string;
}

type Field = keyof Said;
type Name = Exclude<Field, 'preview'> | 'text';

const fieldsOf: Record<Name, readonly Field[]> = {
  text: ['subject', 'from', 'to', 'cc', 'bcc', 'preview', 'body'],
  from: ['from'],
  to: ['to'],
  cc: ['cc'],
  bcc: ['bcc'],
  subject: ['subject'],
  body: ['preview', 'body'],
};

const vocabulary = ['alpha', 'alphabet', 'beta', 'gamma', 'delta'];
const word = fc.constantFrom(...vocabulary);
const words = (least: number, most: number) =>
  fc.array(word, { minLength: least, maxLength: most }).map((list) => list.join(' '));

interface Mail {
  said: Said;
  /** When its preview comes: with the headers, after them, with the text, after that, or never. */
  preview: 'with' | 'after' | 'text' | 'late' | 'never';
  isRead: boolean;
}

const mail: fc.Arbitrary<Mail> = fc.record({
  said: fc.record({
    subject: words(0, 3),
    from: word,
    to: word,
    cc: words(0, 1),
    bcc: words(0, 1),
    preview: words(1, 3),
    body: words(0, 5),
  }),
  preview: fc.constantFrom('with', 'after', 'text', 'late', 'never'),
  isRead: fc.boolean(),
});

interface Phrase {
  tokens: string[];
  isPrefix: boolean;
}

interface Asked {
  name: Name;
  phrases: Phrase[];
}

/** Words and phrases; the last word, when it is none of a phrase, may be a beginning. */
const asked: fc.Arbitrary<Asked> = fc
  .record({
    name: fc.constantFrom<Name>('text', 'text', 'body', 'subject', 'from', 'to', 'cc', 'bcc'),
    phrases: fc.array(fc.array(word, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
    cut: fc.boolean(),
  })
  .map(({ name, phrases, cut }) => ({
    name,
    phrases: phrases.map((tokens, i) => {
      const isPrefix = cut && i === phrases.length - 1 && tokens.length === 1;
      return { tokens: isPrefix ? tokens.map((token) => token.slice(0, 3)) : tokens, isPrefix };
    }),
  }));

const typed = ({ phrases }: Asked): string =>
  phrases.map(({ tokens, isPrefix }) => (isPrefix ? tokens.join(' ') : `"${tokens.join(' ')}"`)).join(' ');

const stands = (text: string, { tokens, isPrefix }: Phrase): boolean => {
  const there = text.split(' ');
  return there.some((_, at) =>
    tokens.every((token, i) => (isPrefix ? (there[at + i] ?? '').startsWith(token) : there[at + i] === token)),
  );
};

const holds = (said: Said, { name, phrases }: Asked): boolean =>
  phrases.every((phrase) => fieldsOf[name].some((field) => stands(said[field], phrase)));

type Tree = Asked | { op: 'AND' | 'OR' | 'NOT'; of: Tree[] };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'tree' },
    asked,
    fc.record({
      op: fc.constantFrom('AND' as const, 'OR' as const, 'NOT' as const),
      of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));

const filterOf = (node: Tree): Filter =>
  'op' in node ? { op: node.op, of: node.of.map(filterOf) } : { op: 'is', [node.name]: typed(node) };

const isFound = (said: Said, node: Tree): boolean => {
  if (!('op' in node)) return holds(said, node);
  if (node.op === 'AND') return node.of.every((one) => isFound(said, one));
  const some = node.of.some((one) => isFound(said, one));
  return node.op === 'OR' ? some : !some;
};

const person = (name: string) => (name === '' ? [] : [{ name, email: 'x@y.example' }]);

/** What can be found of it in the end. */
const known = ({ said, preview, isRead }: Mail): Said => {
  const isShown = preview === 'with' || preview === 'after' || preview === 'late' || (preview === 'text' && isRead);
  return { ...said, preview: isShown ? said.preview : '', body: isRead ? said.body : '' };
};

test('I35 I37 I45 two tables answer as one would: any filter, whatever of a message is known', () => {
  fc.assert(
    fc.property(
      fc.array(mail, { minLength: 1, maxLength: 8 }),
      fc.array(tree, { minLength: 1, maxLength: 6 }),
      (mails, filters) => {
        using t = openTestIndex();
        const { index } = t;
        const inbox = addMailbox(index, 'INBOX', 'inbox');
        const rows = index.write((w) => {
          w.add(
            inbox,
            mails.map(({ said, preview }, i) =>
              found(i + 1, {
                envelope: {
                  subject: said.subject,
                  from: person(said.from),
                  to: person(said.to),
                  cc: person(said.cc),
                  bcc: person(said.bcc),
                },
                preview: preview === 'with' ? said.preview : null,
              }),
            ),
          );
          return mails.map((_, i) => w.placement(inbox, (i + 1) as Uid)!.email);
        });
        index.write((w) => {
          for (const [i, { said, preview, isRead }] of mails.entries()) {
            const row = rows[i] as EmailRow;
            if (preview === 'after') w.preview(row, said.preview);
            if (isRead) w.bodyText(row, said.body, preview === 'text' ? said.preview : '');
            if (preview === 'late') w.preview(row, said.preview);
          }
        });
        const check = (): void => {
          for (const one of filters) {
            const asked = query({ filter: filterOf(one), calculateTotal: true });
            const { ids, total } = index.read((r) => r.query(asked));
            const got = index.read((r) => ids.map((id) => rows.indexOf(r.email(id)!.row)));
            const want = mails.flatMap((mail, i) => (isFound(known(mail), one) ? [i] : [])).reverse();
            assert.deepEqual([got, total], [want, want.length], JSON.stringify(filterOf(one)));
          }
        };
        check();
        while (index.write((w) => w.mergeText()));
        check();
      },
    ),
    { numRuns: 100 },
  );
});
