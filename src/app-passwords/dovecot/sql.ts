import type { DovecotDatabase } from './wish.ts';

/** Expressions of a dialect of Dovecot that stand inside the statements, already escaped by it. */
export interface Holes {
  /** The six letters of the id, or `-`. */
  id: string;
  /** Hex SHA-512 of the password. */
  digest: string;
  user: string;
  local: string;
  domain: string;
  service: string;
  remote: string;
  /** How a `%` is written. */
  percent: string;
}

/** Milliseconds since the epoch, by the database's clock. */
const now = (database: DovecotDatabase, percent: string): string => {
  switch (database) {
    case 'postgresql':
      return '(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT';
    case 'sqlite':
      return `(1000 * CAST(strftime('${percent}s', 'now') AS INTEGER))`;
    case 'mariadb':
    case 'mysql':
      return '(1000 * UNIX_TIMESTAMP())';
  }
};

const byId = ({ id, user }: Holes): string => `id = '${id}' AND username = '${user}'`;
const byDigest = ({ digest, user }: Holes): string => `username = '${user}' AND finder = '${digest}'`;

/** State, times and the protocol that is being spoken. A service that is not listed matches nothing. */
const isGood = (database: DovecotDatabase, { service, percent }: Holes): string => {
  const time = now(database, percent);
  const cases = ['imap imap', 'pop3 pop3', 'submission submission', 'smtp submission', 'sieve sieve']
    .map((pair) => pair.split(' '))
    .map(([asked, kept]) => `WHEN '${asked}' THEN '${percent}${kept}${percent}'`)
    .join(' ');
  return `state = 'active' AND (expires IS NULL OR expires > ${time}) AND (overlap_until IS NULL OR overlap_until > ${time}) AND protocols LIKE CASE '${service}' ${cases} END`;
};

const fields = "hash AS password, NULLIF(networks, '') AS allow_nets";

/** One row at most: found by the public id inside the password. */
export const passwordQuery = (database: DovecotDatabase, holes: Holes): string =>
  `SELECT ${fields} FROM app_password WHERE ${byId(holes)} AND ${isGood(database, holes)}`;

/** One row at most: a password taken over from a classic table, found by its digest. */
export const importedQuery = (database: DovecotDatabase, holes: Holes): string =>
  `SELECT ${fields} FROM app_password WHERE ${byDigest(holes)} AND ${isGood(database, holes)}`;

/**
 * Writes the last use of the password that has just been accepted. Dovecot wants a row with columns from it. Null for MySQL, whose
 * INSERT answers none (MariaDB's does since 10.5).
 */
export const lastUseQuery = (database: DovecotDatabase, holes: Holes, imported: boolean): string | null => {
  if (database === 'mysql') return null;
  const { service, remote, percent } = holes;
  const which = imported ? `((${byId(holes)}) OR (${byDigest(holes)}))` : byId(holes);
  const insert = `INSERT INTO app_password_use (id, used_at, protocol, network) SELECT id, ${now(database, percent)}, '${service}', '${remote}' FROM app_password WHERE ${which}`;
  const update =
    database === 'mariadb'
      ? 'ON DUPLICATE KEY UPDATE used_at = VALUES(used_at), protocol = VALUES(protocol), network = VALUES(network)'
      : 'ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, protocol = excluded.protocol, network = excluded.network';
  return `${insert} ${update} RETURNING NULL AS password, 'Y' AS nopassword`;
};

/** The classic table: the digest is compared by the database, which sees no password. */
export const classicQuery = ({ local, domain, digest }: Holes): string =>
  `SELECT NULL AS password, 'Y' AS nopassword FROM applications WHERE username = '${local}' AND domain = '${domain}' AND password = '${digest}' LIMIT 1`;

export const usersQuery = ({ local, domain }: Holes): string =>
  `SELECT password FROM users WHERE username = '${local}' AND domain = '${domain}'`;

export const userQuery = ({ local, domain }: Holes, mail: { home: string; owner: string }): string =>
  `SELECT '${mail.home}' AS home, '${mail.owner}' AS uid, '${mail.owner}' AS gid FROM users WHERE username = '${local}' AND domain = '${domain}'`;

export const iterateQuery = 'SELECT username, domain FROM users';
