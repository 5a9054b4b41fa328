import { alphabet, idLength, prefix } from '../password.ts';
import { mtas } from './mtas.ts';
import * as sql from './sql.ts';
import type { ConfigFile, DovecotDatabase, DovecotWish, Main, Web } from './wish.ts';

/**
 * Dovecot escapes a variable first and cuts it to length afterwards, so that a quote at the edge would lose its escape. Only what is
 * made of our letters alone is cut; everything else becomes `-`, which no row has. The secret half never reaches SQL or its log.
 */
const id = `%{if;%w;~;^${prefix}[${alphabet}]*$;%${prefix.length}.${idLength}w;-}`;

const holes: sql.Holes = {
  id,
  digest: '%{sha512:password}',
  user: '%u',
  local: '%n',
  domain: '%d',
  service: '%s',
  remote: '%r',
  percent: '%%',
};

const drivers: Record<DovecotDatabase, string> = {
  mariadb: 'mysql',
  mysql: 'mysql',
  postgresql: 'pgsql',
  sqlite: 'sqlite',
};

const head = ({ database, connect }: DovecotWish, scheme: string): string => {
  const { host, database: name, user, password, path } = connect;
  const way = database === 'sqlite' ? path : `host=${host} dbname=${name} user=${user} password=${password}`;
  return `driver = ${drivers[database]}\nconnect = ${way}\ndefault_pass_scheme = ${scheme}\n`;
};

/** Those of the main password: whoever comes from elsewhere is refused, whatever he types. */
const confined = (web: Web): string => {
  switch (web.by) {
    case 'everywhere':
      return '';
    case 'networks':
      return `  override_fields = allow_nets=${web.networks.join(',')}\n`;
    case 'port':
      return `  override_fields = allow_nets=%{if;%{lport};==;${web.port};0.0.0.0/0,::/0;192.0.2.255/32}\n`;
  }
};

const mainPassdb = (main: Main, folder: string, web: Web): string => {
  const [driver, args] =
    main.kind === 'passwd-file'
      ? ['passwd-file', `username_format=%u ${main.path}`]
      : main.kind === 'sql'
        ? ['sql', `${folder}/main.conf.ext`]
        : ['pam', 'dovecot'];
  return `# The main password of a user${web.by === 'everywhere' ? '' : ', for the web alone'}.
passdb {
  driver = ${driver}
  args = ${args}
  skip = authenticated
${confined(web)}}
`;
};

const userdb = ({ main, folder, mail }: DovecotWish): string => {
  const [driver, args, more] =
    main.kind === 'passwd-file'
      ? [
          'passwd-file',
          `username_format=%u ${main.path}`,
          `  default_fields = home=${mail.home} uid=${mail.owner} gid=${mail.owner}\n`,
        ]
      : main.kind === 'sql'
        ? ['sql', `${folder}/main.conf.ext`, '']
        : ['static', `home=${mail.home} uid=${mail.owner} gid=${mail.owner}`, ''];
  return `# Where a user's mail is, however he signed in.\nuserdb {\n  driver = ${driver}\n  args = ${args}\n${more}}\n`;
};

const sqlPassdb = (file: string, comment: string): string => `# ${comment}
passdb {
  driver = sql
  args = ${file}
  result_success = continue-ok
  result_failure = continue
  result_internalfail = continue
}
`;

const lastUsePassdb = (
  file: string,
): string => `# Writes down the last use, after a password above was accepted. What happens here changes nothing about the login.
passdb {
  driver = sql
  args = ${file}
  skip = unauthenticated
  result_success = continue-ok
  result_failure = continue
  result_internalfail = continue
}
`;

/** The finished configuration for Dovecot 2.3, tested with 2.3.19. */
export const dovecot23 = (wish: DovecotWish): ConfigFile[] => {
  const { database, folder, imported, classic, lastUse, main, web } = wish;
  const ext = (name: string, scheme: string, lines: readonly string[]): ConfigFile => ({
    path: `${folder}/${name}.conf.ext`,
    mode: 0o600,
    text: `${head(wish, scheme)}${lines.join('\n')}\n`,
  });
  const files = [ext('app-passwords', 'SSHA512', [`password_query = ${sql.passwordQuery(database, holes)}`])];
  const blocks = [
    sqlPassdb(`${folder}/app-passwords.conf.ext`, 'App passwords: the row is found by the id inside the password.'),
  ];
  if (imported) {
    files.push(ext('imported', 'SHA512.HEX', [`password_query = ${sql.importedQuery(database, holes)}`]));
    blocks.push(sqlPassdb(`${folder}/imported.conf.ext`, 'Passwords taken over from the classic table.'));
  }
  if (classic) {
    files.push(ext('classic', 'PLAIN', [`password_query = ${sql.classicQuery(holes)}`]));
    blocks.push(sqlPassdb(`${folder}/classic.conf.ext`, 'The classic table itself.'));
  }
  const writer = lastUse ? sql.lastUseQuery(database, holes, imported) : null;
  if (writer !== null) {
    files.push(ext('last-use', 'PLAIN', [`password_query = ${writer}`]));
    blocks.push(lastUsePassdb(`${folder}/last-use.conf.ext`));
  }
  if (main.kind === 'sql')
    files.push(
      ext('main', 'SHA512-CRYPT', [
        `password_query = ${sql.usersQuery(holes)}`,
        `user_query = ${sql.userQuery(holes, wish.mail)}`,
        `iterate_query = ${sql.iterateQuery}`,
      ]),
    );
  const conf = `# Made by: postern app-passwords dovecot --dialect 2.3. Tested with Dovecot 2.3.19.
# Put "!include ${folder}/app-passwords.conf" at the end of dovecot.conf, and take every other passdb and userdb
# out of the configuration (in Debian: the line "!include auth-system.conf.ext" in conf.d/10-auth.conf).

auth_mechanisms = plain login
auth_username_format = %Lu
# Answers are kept for a minute. Postern flushes a user's when he revokes: doveadm auth cache flush USER.
auth_cache_size = 10 M
auth_cache_ttl = 1 min
auth_cache_negative_ttl = 1 min
auth_cache_verify_password_with_worker = no

${[...blocks, mainPassdb(main, folder, web), userdb(wish)].join('\n')}
${mtas(wish)}`;
  return [{ path: `${folder}/app-passwords.conf`, mode: 0o644, text: conf }, ...files];
};
