import { alphabet, idLength, prefix } from '../password.ts';
import * as sql from './sql.ts';
import type { ConfigFile, DovecotWish } from './wish.ts';
import { mtas } from './mtas.ts';

/**
 * A value is escaped after the last filter, so that cutting is safe by itself; but nothing can be cut out of what is too
 * short, and no other password shall leave six of its letters in a statement.
 */
const id = `%{password | if('~', '^${prefix}[${alphabet}]{${idLength},}$', password, '${'-'.repeat(prefix.length + idLength)}') | substr(${prefix.length}, ${idLength})}`;

const holes: sql.Holes = {
  id,
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
  sql_query = ${query}
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
        ? `  driver = sql\n${scheme}  sql_query = ${sql.usersQuery(holes)}\n`
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
        ? `  driver = sql\n  sql_query = ${sql.userQuery(holes, { home: path, owner })}\n  sql_iterate_query = ${sql.iterateQuery}\n`
        : '  driver = static\n';
  const fields =
    wish.main.kind === 'sql' ? '' : `  fields {\n    home = ${path}\n    uid = ${owner}\n    gid = ${owner}\n  }\n`;
  return `userdb main {\n${source}${fields}}\n`;
};

/** The finished configuration for Dovecot 2.4, tested with 2.4.1. */
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
  const text = `# Made by: postern app-passwords dovecot --dialect 2.4. Tested with Dovecot 2.4.1.
# Put "!include ${folder}/app-passwords.conf" at the end of dovecot.conf, and take every other passdb and userdb
# out of the configuration.

auth_mechanisms = plain login
auth_username_format = %{user | lower}
# Answers are kept for a minute. Postern flushes a user's when he revokes: doveadm auth cache flush USER.
# It must run doveadm for that: over HTTP the doveadm of 2.4.1 ends in a panic when it is told to flush.
auth_cache_size = 10 M
auth_cache_ttl = 1 min
auth_cache_negative_ttl = 1 min

${reach(wish)}
${blocks.join('\n')}${mtas(wish)}`;
  return [{ path: `${folder}/app-passwords.conf`, mode: 0o600, text }];
};
