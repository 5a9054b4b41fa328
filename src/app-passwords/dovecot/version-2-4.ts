import { idLength, prefix } from '../password.ts';
import * as sql from './sql.ts';
import type { ConfigFile, DovecotWish } from './wish.ts';
import { mtas } from './mtas.ts';

/** In 2.4 a value is escaped after the last filter, so that cutting is safe by itself. */
const holes: sql.Holes = {
  id: `%{password | substr(${prefix.length}, ${idLength})}`,
  digest: '%{password | sha512 | hexlify}',
  user: '%{user}',
  local: '%{user | username}',
  domain: '%{user | domain}',
  service: '%{protocol}',
  remote: '%{remote_ip}',
  percent: '%',
};

const reach = ({ database, connect }: DovecotWish): string => {
  const { host, database: name, user, password, path } = connect;
  switch (database) {
    case 'sqlite':
      return `sql_driver = sqlite\nsqlite_path = ${path}\n`;
    case 'postgresql':
      return `sql_driver = pgsql\npgsql ${host} {\n  parameters {\n    user = ${user}\n    password = ${password}\n    dbname = ${name}\n  }\n}\n`;
    case 'mariadb':
    case 'mysql':
      return `sql_driver = mysql\nmysql ${host} {\n  user = ${user}\n  password = ${password}\n  dbname = ${name}\n}\n`;
  }
};

const passdb = (name: string, scheme: string, query: string, skip: 'never' | 'unauthenticated'): string =>
  `passdb ${name} {
  driver = sql
  default_password_scheme = ${scheme}
  query = ${query}
  skip = ${skip}
  result_success = continue-ok
  result_failure = continue
  result_internalfail = continue
}
`;

const confined = ({ web }: DovecotWish): string => {
  switch (web.by) {
    case 'everywhere':
      return '';
    case 'networks':
      return `  fields {\n    allow_nets = ${web.networks.join(',')}\n  }\n`;
    case 'port':
      return `  fields {\n    allow_nets = %{local_port | if('==', ${web.port}, '0.0.0.0/0,::/0', '192.0.2.255/32')}\n  }\n`;
  }
};

const main = (wish: DovecotWish): string => {
  const scheme = wish.main.kind === 'sql' ? '  default_password_scheme = SHA512-CRYPT\n' : '';
  const source =
    wish.main.kind === 'passwd-file'
      ? `  driver = passwd-file\n  passwd_file_path = ${wish.main.path}\n`
      : wish.main.kind === 'sql'
        ? `  driver = sql\n${scheme}  query = ${sql.usersQuery(holes)}\n`
        : '  driver = pam\n';
  return `passdb main {\n${source}  skip = authenticated\n${confined(wish)}}\n`;
};

const user = (wish: DovecotWish): string => {
  const { home, owner } = wish.mail;
  const path = home.replaceAll('%u', holes.user).replaceAll('%n', holes.local).replaceAll('%d', holes.domain);
  const source =
    wish.main.kind === 'passwd-file'
      ? `  driver = passwd-file\n  passwd_file_path = ${wish.main.path}\n`
      : wish.main.kind === 'sql'
        ? `  driver = sql\n  query = ${sql.userQuery(holes, { home: path, owner })}\n  iterate_query = ${sql.iterateQuery}\n`
        : '  driver = static\n';
  const fields =
    wish.main.kind === 'sql' ? '' : `  fields {\n    home = ${path}\n    uid = ${owner}\n    gid = ${owner}\n  }\n`;
  return `userdb main {\n${source}${fields}}\n`;
};

/** The configuration for Dovecot 2.4, after its documentation. */
export const dovecot24 = (wish: DovecotWish): ConfigFile[] => {
  const { database, folder } = wish;
  const writer = wish.lastUse ? sql.lastUseQuery(database, holes, wish.imported) : null;
  const blocks = [
    passdb('app-passwords', 'SSHA512', sql.passwordQuery(database, holes), 'never'),
    ...(wish.imported ? [passdb('imported', 'SHA512.HEX', sql.importedQuery(database, holes), 'never')] : []),
    ...(wish.classic ? [passdb('classic', 'PLAIN', sql.classicQuery(holes), 'never')] : []),
    ...(writer === null ? [] : [passdb('last-use', 'PLAIN', writer, 'unauthenticated')]),
    main(wish),
    user(wish),
  ];
  const text = `# Made by: postern app-passwords dovecot --dialect 2.4.
# NOT RUN: written after the documentation of Dovecot 2.4; no Dovecot 2.4 has been started with it.
# Try it with: postern app-passwords check USER
# Put "!include ${folder}/app-passwords.conf" at the end of dovecot.conf, and take every other passdb and userdb
# out of the configuration.

auth_mechanisms = plain login
auth_username_format = %{user | lower}
# Answers are kept for a minute. Postern flushes a user's when he revokes: doveadm auth cache flush USER.
auth_cache_size = 10 M
auth_cache_ttl = 1 min
auth_cache_negative_ttl = 1 min

${reach(wish)}
${blocks.join('\n')}${mtas(wish)}`;
  return [{ path: `${folder}/app-passwords.conf`, mode: 0o600, text }];
};
