import { systemClock } from '#base/clock.ts';
import type { AuditEntry } from '#store/types.ts';
import { momentOf, oneUser, withStore } from './operator.ts';
import { read, single, textOf, WordsError } from './tasks.ts';

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `12h`, `7d` ago, or a date. @throws WordsError */
const sinceOf = (text: string, now: number): number => {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const at = count === undefined ? Date.parse(text) : now - Number(count) * (units[unit] ?? 0);
  if (!Number.isFinite(at)) throw new WordsError('--since is a time such as 12h or 7d, or a date such as 2030-12-31');
  return at;
};

// eslint-disable-next-line no-control-regex
const shown = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/gu, '?');

const lineOf = ({ at, kind, user, address, userAgent, facts }: AuditEntry, called: string): string =>
  [
    momentOf(at),
    kind.padEnd(17),
    called || user || '-',
    ...(address === '' ? [] : [address]),
    ...Object.entries(facts).map(([name, value]) => `${name}=${shown(String(value))}`),
    ...(userAgent === '' ? [] : [shown(userAgent)]),
  ].join('  ');

export const audit = single({
  name: 'audit',
  words: '[ADDRESS] [--since 7d] [--most 1000] [--json]',
  summary: 'Shows sign-ins, changes of unlockers and accounts, and what operators did; newest first.',
  details: [
    '--since is a time such as 90m, 12h or 7d, or a date; 7d unless it is said. --json prints a JSON array.',
    'ADDRESS is one of the user’s addresses, the name of the Postern sign-in, or the id; of a deleted user the id.',
    'There is no password, key or content of mail in it. Entries are kept for POSTERN_AUDIT_KEEP.',
  ],
  run: async (words, setting) => {
    const text = { type: 'string' } as const;
    const { words: found, values } = read(words, [0, 1], { since: text, most: text, json: { type: 'boolean' } });
    const since = sinceOf(textOf(values, 'since') ?? '7d', systemClock.now());
    const most = Number(textOf(values, 'most') ?? '1000');
    if (!Number.isSafeInteger(most) || most < 1) throw new WordsError('--most is a number of entries');
    const [name] = found;
    return withStore(setting, async (store) => {
      const isId = name !== undefined && /^[0-9a-f-]{36}$/.test(name);
      const user = name === undefined ? null : isId ? (name as AuditEntry['user']) : (await oneUser(store, name)).id;
      const entries = await store.auditOf(user, { since, most });
      if (values['json'] === true) setting.say(JSON.stringify(entries, null, 2));
      else {
        const names = new Map<string, string>();
        for (const id of new Set(entries.flatMap((entry) => entry.user ?? [])))
          names.set(id, (await store.accounts(id))[0]?.address ?? '');
        for (const entry of entries) setting.say(lineOf(entry, names.get(entry.user ?? '') ?? ''));
      }
      return 0;
    });
  },
});
