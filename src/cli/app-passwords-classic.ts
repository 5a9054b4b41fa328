import { systemClock } from '#base/clock.ts';
import { checkedProtocols } from '#app-passwords/checked.ts';
import { type Classic, openClassic, readClassic } from '#app-passwords/classic.ts';
import { openDatabase } from '#app-passwords/database.ts';
import { policyOf, severOf } from '#app-passwords/open.ts';
import { openAppPasswordStore } from '#app-passwords/store.ts';
import { listOf, opened } from './app-passwords-words.ts';
import { read, type Setting, type Task, textOf, WordsError } from './tasks.ts';

const withClassic = async (setting: Setting, work: (classic: Classic) => Promise<void>): Promise<number> => {
  const { config, secrets } = setting;
  const statements = readClassic(config.appPasswords.classic);
  const url = statements.database ?? secrets.appPasswordsUrl?.reveal();
  if (url === undefined)
    throw new WordsError('POSTERN_APP_PASSWORDS_URL is not set: app passwords are not managed here');
  await using database = openDatabase(url);
  const { doveadm } = config.appPasswords;
  const parts = {
    sever: severOf(doveadm, secrets.doveadmKey.reveal()),
    policy: policyOf(config.appPasswords),
    clock: systemClock,
  };
  await work(openClassic(database, statements, parts));
  return 0;
};

export const classic: Task = {
  name: 'classic',
  words: 'list USER | create USER NAME | revoke USER NAME',
  summary: 'Manages a table of unsalted SHA-512 passwords that is in use already.',
  details: [
    'Without POSTERN_APP_PASSWORDS_CLASSIC it is applications(username, domain, application, password, created).',
    'That option names a JSON file with the keys database, list, create, revoke, export; each but the first is one',
    'statement, in which {user} {local} {domain} {application} {password} {hash} {created} become bound values:',
    '  {"revoke": "DELETE FROM apps WHERE mailbox = {user} AND name = {application}"}',
    '{hash} is the SHA-512 of the password in hex. Leave quotes around placeholders away.',
  ],
  run: async (words, setting) => {
    const [verb, ...rest] = words;
    if (verb === 'list') {
      const [user = ''] = read(rest, 1).words;
      return withClassic(setting, async (table) => {
        for (const { application, created } of await table.list(user)) setting.say(`${created}  ${application}`);
      });
    }
    const [user = '', name = ''] = read(rest, 2).words;
    if (verb === 'create')
      return withClassic(setting, async (table) => {
        const password = await table.create(user, name);
        setting.say(password.toString('latin1'));
        password.fill(0);
      });
    if (verb !== 'revoke') throw new WordsError('classic is followed by list, create or revoke');
    return withClassic(setting, async (table) => {
      await table.revoke(user, name);
      setting.say('Revoked.');
    });
  },
};

export const importing: Task = {
  name: 'import',
  words: '[--protocols imap,pop3,submission,sieve]',
  summary: 'Takes a classic table over into the new one; its passwords go on working.',
  details: [
    'Print the configuration of Dovecot with --imported afterwards. The old table is only read; run it again at will.',
    '--protocols is what they are good for: all that are allowed, unless it is said.',
  ],
  run: async (words, setting) => {
    const { values } = read(words, 0, { protocols: { type: 'string' } });
    const { protocols } = setting.config.appPasswords;
    const wanted = textOf(values, 'protocols');
    const good = wanted === undefined ? protocols : checkedProtocols(listOf(wanted), protocols);
    await using here = opened(setting);
    const store = openAppPasswordStore(here.database, systemClock);
    return withClassic(setting, async (table) => {
      const { taken, known, refused } = await table.importInto(store, good.join(' '));
      setting.say(`${taken} taken over, ${known} known already, ${refused} not usable.`);
    });
  },
};
