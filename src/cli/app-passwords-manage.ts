import { initialise, kindOf, openDatabase } from '#app-passwords/database.ts';
import { grantsSql } from '#app-passwords/grants.ts';
import type { AppPasswords } from '#app-passwords/manager.ts';
import { grouped, idWithin, isPublicId } from '#app-passwords/password.ts';
import { type AppPassword, type Minted, programs, type PublicId } from '#app-passwords/types.ts';
import { listOf, oneOf, opened } from './app-passwords-words.ts';
import { read, type Setting, type Task, textOf, WordsError } from './tasks.ts';

const day = 86_400_000;
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** `90d` from now, or a date. @throws WordsError */
const momentOf = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const days = /^(\d{1,5})d$/.exec(text);
  const at = days ? Date.now() + Number(days[1]) * day : Date.parse(text);
  if (!Number.isFinite(at))
    throw new WordsError('--expires is a number of days such as 90d, or a date such as 2030-12-31');
  return at;
};

const idOf = (word: string): PublicId => {
  if (!isPublicId(word)) throw new WordsError('ID is the six letters that list shows');
  return word;
};

const lineOf = (entry: AppPassword): string => {
  const until = entry.status.at === 'replaced' ? ` until ${dateOf(entry.status.until)}` : '';
  const use = entry.lastUse
    ? `last ${dateOf(entry.lastUse.at)} ${entry.lastUse.protocol} ${entry.lastUse.network}`
    : 'never used';
  return [
    entry.id,
    `${entry.status.at}${until}`.padEnd(10),
    entry.protocols.join(','),
    entry.networks.length > 0 ? entry.networks.join(',') : 'anywhere',
    entry.expires === null ? 'no expiry' : `expires ${dateOf(entry.expires)}`,
    `made ${dateOf(entry.created)}`,
    use,
    entry.label,
  ].join('  ');
};

/** Shows the password once: the line alone on stdout, so that a script may take it; the rest on stderr. */
const hand = ({ entry, password }: Minted, say: Setting['say']): void => {
  process.stderr.write(`${entry.id}: shown once. On paper: ${grouped(password)}\n`);
  say(password.toString('latin1'));
  password.fill(0);
};

const withApp = async (setting: Setting, work: (app: AppPasswords) => Promise<void>): Promise<number> => {
  await using here = opened(setting);
  await work(here.app);
  return 0;
};

const init: Task = {
  name: 'init',
  words: '[--print-grants [--postern NAME] [--dovecot NAME] [--database NAME] [--host HOST]]',
  summary: 'Makes the tables, or brings them to this version.',
  details: [
    'Uses POSTERN_APP_PASSWORDS_OWNER_URL, an account that may make tables, else POSTERN_APP_PASSWORDS_URL.',
    '--print-grants prints SQL that makes the two accounts of least rights, for Postern and for Dovecot; nothing is run.',
  ],
  run: async (words, { secrets, say }) => {
    const text = { type: 'string' } as const;
    const { values } = read(words, 0, {
      'print-grants': { type: 'boolean' },
      postern: text,
      dovecot: text,
      database: text,
      host: text,
    });
    const url = (secrets.appPasswordsOwnerUrl ?? secrets.appPasswordsUrl)?.reveal();
    if (url === undefined) throw new WordsError('POSTERN_APP_PASSWORDS_OWNER_URL is not set');
    if (values['print-grants'] === true) {
      const named = kindOf(url) === 'sqlite' ? '' : new URL(url).pathname.slice(1);
      const accounts = {
        postern: textOf(values, 'postern') ?? 'postern',
        dovecot: textOf(values, 'dovecot') ?? 'dovecot',
        database: textOf(values, 'database') ?? (named === '' ? 'mail' : named),
        host: textOf(values, 'host') ?? 'localhost',
      };
      say(grantsSql(kindOf(url), accounts).trimEnd());
      return 0;
    }
    await using database = openDatabase(url);
    const added = await initialise(database);
    say(added === 0 ? 'The tables are up to date.' : 'The tables are made.');
    return 0;
  },
};

const create: Task = {
  name: 'create',
  words: 'USER --label NAME [--protocols imap,submission] [--program other] [--networks NETWORK,…] [--expires 90d]',
  summary: 'Makes an app password and prints it, once.',
  details: [
    '--protocols is of imap, pop3, submission, sieve.',
    `--program is one of ${programs.join(', ')}.`,
    '--networks is where it may be used from, such as 192.0.2.0/24,2001:db8::/32; anywhere unless it is said.',
    '--expires is a number of days or a date; the longest that POSTERN_APP_PASSWORDS_AGE allows unless it is said.',
  ],
  run: async (words, setting) => {
    const text = { type: 'string' } as const;
    const { words: found, values } = read(words, 1, {
      label: text,
      protocols: text,
      program: text,
      networks: text,
      expires: text,
    });
    const wish = {
      label: textOf(values, 'label') ?? '',
      program: oneOf(programs, textOf(values, 'program') ?? 'other', '--program'),
      protocols: listOf(textOf(values, 'protocols') ?? 'imap,submission') as never[],
      networks: listOf(textOf(values, 'networks') ?? ''),
      expires: momentOf(textOf(values, 'expires')),
    };
    return withApp(setting, async (app) =>
      hand(await app.create(found[0] ?? '', wish, { origin: 'command', actor: 'operator' }), setting.say),
    );
  },
};

const list: Task = {
  name: 'list',
  words: 'USER [--all] [--json]',
  summary: 'Lists the app passwords of a user, with their last use.',
  details: ['--all lists the revoked ones too. --json prints a JSON array. Passwords are never shown again.'],
  run: async (words, setting) => {
    const { words: found, values } = read(words, 1, { all: { type: 'boolean' }, json: { type: 'boolean' } });
    return withApp(setting, async (app) => {
      const entries = await app.list(found[0] ?? '');
      const shown = values['all'] === true ? entries : entries.filter((entry) => entry.status.at !== 'revoked');
      if (values['json'] === true) setting.say(JSON.stringify(shown, null, 2));
      else for (const entry of shown) setting.say(lineOf(entry));
    });
  },
};

/** A task on one app password of a user. */
const onOne = (
  name: string,
  summary: string,
  details: readonly string[],
  work: (app: AppPasswords, user: string, id: PublicId, say: Setting['say']) => Promise<void>,
): Task => ({
  name,
  words: 'USER ID',
  summary,
  details,
  run: async (words, setting) => {
    const [user = '', id = ''] = read(words, 2).words;
    return withApp(setting, (app) => work(app, user, idOf(id), setting.say));
  },
});

const pause = onOne(
  'pause',
  'Refuses it until it is resumed, and cuts open connections.',
  [],
  async (app, user, id, say) => say(lineOf(await app.pause(user, id, 'operator'))),
);
const resume = onOne('resume', 'Lets a paused one in again.', [], async (app, user, id, say) =>
  say(lineOf(await app.resume(user, id, 'operator'))),
);
const rotate = onOne(
  'rotate',
  'Makes a new password for the same purpose and prints it, once.',
  ['The old one works for 24 hours more.'],
  async (app, user, id, say) => hand(await app.rotate(user, id, 'operator'), say),
);

const rename: Task = {
  name: 'rename',
  words: 'USER ID NAME',
  summary: 'Gives it another name.',
  details: [],
  run: async (words, setting) => {
    const [user = '', id = '', label = ''] = read(words, 3).words;
    return withApp(setting, async (app) => setting.say(lineOf(await app.rename(user, idOf(id), label, 'operator'))));
  },
};

const revoke: Task = {
  name: 'revoke',
  words: 'USER ID… | USER --all',
  summary: 'Ends app passwords: the row, the cached login, the open connections.',
  details: [
    'When it returns, they open nothing. When Dovecot cannot be told, it says so; settle tells it again.',
    'A whole leaked password may stand in place of ID, in any spelling.',
  ],
  run: async (words, setting) => {
    const isAll = words.includes('--all');
    const [user = '', ...ids] = words.filter((word) => word !== '--all');
    if (isAll === ids.length > 0) throw new WordsError('revoke takes IDs or --all');
    const named = ids.map((word) => idOf(idWithin(word) ?? word));
    return withApp(setting, async (app) => {
      const ended = await app.revoke(user, isAll ? 'all' : named, 'operator');
      setting.say(ended.length === 0 ? 'There was none to revoke.' : `Revoked: ${ended.join(' ')}`);
    });
  },
};

const settle: Task = {
  name: 'settle',
  words: '',
  summary: 'Tells Dovecot what it could not be told when something was revoked or paused.',
  details: ['Made for a timer: it does nothing when nothing is left.'],
  run: async (words, setting) => {
    read(words, 0);
    return withApp(setting, async (app) => {
      const users = await app.settle();
      setting.say(users === 0 ? 'Nothing is left.' : `Told Dovecot about ${users} users.`);
    });
  },
};

const log: Task = {
  name: 'log',
  words: 'USER',
  summary: 'Prints what was done to the app passwords of a user, newest first.',
  details: [],
  run: async (words, setting) => {
    const [user = ''] = read(words, 1).words;
    return withApp(setting, async (app) => {
      for (const { at, id, event, actor } of await app.audit(user))
        setting.say([dateOf(at), id, event.padEnd(8), actor].join('  '));
    });
  },
};

export const managing: readonly Task[] = [init, create, list, rename, pause, resume, rotate, revoke, settle, log];
