import type { DatabaseKind } from './migrations.ts';

interface Grant {
  table: string;
  rights: string;
}

/** What Postern itself needs: it never deletes, and never alters a table. */
const ours: readonly Grant[] = [
  { table: 'app_password', rights: 'SELECT, INSERT, UPDATE' },
  { table: 'app_password_user', rights: 'SELECT, INSERT, UPDATE' },
  { table: 'app_password_audit', rights: 'SELECT, INSERT' },
  { table: 'app_password_use', rights: 'SELECT' },
  { table: 'app_password_version', rights: 'SELECT' },
];

const readByDovecot = 'id, username, hash, finder, protocols, networks, expires, overlap_until, state';
/** What Dovecot needs: to check, and to write down the last use. */
const dovecots: readonly Grant[] = [
  { table: 'app_password', rights: `SELECT (${readByDovecot})` },
  { table: 'app_password_use', rights: 'SELECT, INSERT, UPDATE' },
];

const name = /^[a-z_][a-z0-9_]{0,30}$/;

/**
 * SQL for the database's administrator that makes two accounts with the least rights. Their passwords are left to be typed.
 * @param accounts names in lower-case letters, digits and underscores
 */
export const grantsSql = (
  kind: DatabaseKind,
  accounts: { postern: string; dovecot: string; database: string; host: string },
): string => {
  const { postern, dovecot, database, host } = accounts;
  if (![postern, dovecot, database].every((word) => name.test(word)) || !/^[\w.%:-]{1,60}$/.test(host))
    throw new RangeError('names of accounts are lower-case letters, digits and underscores');
  const each = (grants: readonly Grant[], line: (grant: Grant) => string): string[] => grants.map(line);
  switch (kind) {
    case 'sqlite':
      return [
        '-- SQLite has no accounts: the rights are those of the file.',
        '-- Postern and Dovecot must both read and write it and its folder; nobody else:',
        '--   chown postern:dovecot FOLDER FILE; chmod 2770 FOLDER; chmod 660 FILE',
        '',
      ].join('\n');
    case 'mysql':
      return [
        `CREATE USER '${postern}'@'${host}' IDENTIFIED BY 'CHANGE-ME-1';`,
        ...each(ours, (g) => `GRANT ${g.rights} ON ${database}.${g.table} TO '${postern}'@'${host}';`),
        `CREATE USER '${dovecot}'@'${host}' IDENTIFIED BY 'CHANGE-ME-2';`,
        ...each(dovecots, (g) => `GRANT ${g.rights} ON ${database}.${g.table} TO '${dovecot}'@'${host}';`),
        '',
      ].join('\n');
    case 'postgres':
      return [
        `CREATE ROLE ${postern} LOGIN PASSWORD 'CHANGE-ME-1';`,
        ...each(ours, (g) => `GRANT ${g.rights} ON ${g.table} TO ${postern};`),
        `CREATE ROLE ${dovecot} LOGIN PASSWORD 'CHANGE-ME-2';`,
        ...each(dovecots, (g) => `GRANT ${g.rights} ON ${g.table} TO ${dovecot};`),
        '',
      ].join('\n');
  }
};
