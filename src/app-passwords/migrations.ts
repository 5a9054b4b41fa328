/** `mysql` is MariaDB and MySQL. */
export type DatabaseKind = 'mysql' | 'postgres' | 'sqlite';

interface Words {
  /** ASCII, compared byte by byte. */
  code: (length: number) => string;
  /** Unicode, compared byte by byte. */
  text: (length: number) => string;
  int: string;
  counter: string;
  end: string;
}

const words: Record<DatabaseKind, Words> = {
  mysql: {
    code: (length) => `VARCHAR(${length}) CHARACTER SET ascii COLLATE ascii_bin`,
    text: (length) => `VARCHAR(${length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    int: 'BIGINT',
    counter: 'BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY',
    end: 'ENGINE=InnoDB',
  },
  postgres: {
    code: (length) => `VARCHAR(${length}) COLLATE "C"`,
    text: (length) => `VARCHAR(${length}) COLLATE "C"`,
    int: 'BIGINT',
    counter: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
    end: '',
  },
  sqlite: {
    code: () => 'TEXT',
    text: () => 'TEXT',
    int: 'INTEGER',
    counter: 'INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL',
    end: 'STRICT',
  },
};

export interface Migration {
  statements: (kind: DatabaseKind) => readonly string[];
  /** The oldest schema version whose Postern still works on a database migrated by this. */
  safeBackTo: number;
}

const first = (kind: DatabaseKind): readonly string[] => {
  const { code, text, int, counter, end } = words[kind];
  return [
    `CREATE TABLE app_password (
      id ${code(6)} NOT NULL PRIMARY KEY, username ${text(255)} NOT NULL, label ${text(200)} NOT NULL,
      program ${code(40)} NOT NULL, protocols ${code(100)} NOT NULL, networks ${code(1000)} NOT NULL,
      expires ${int}, state ${code(10)} NOT NULL, hash ${code(255)} NOT NULL, finder ${code(128)},
      created ${int} NOT NULL, origin ${code(40)} NOT NULL, replaced_by ${code(6)}, overlap_until ${int},
      ended ${int}, uncut ${int} NOT NULL, seq ${int} NOT NULL
    ) ${end}`,
    'CREATE INDEX app_password_by_user ON app_password (username, state)',
    'CREATE UNIQUE INDEX app_password_finder ON app_password (username, finder)',
    'CREATE INDEX app_password_uncut ON app_password (uncut)',
    `CREATE TABLE app_password_use (
      id ${code(6)} NOT NULL PRIMARY KEY, used_at ${int} NOT NULL, protocol ${code(40)} NOT NULL, network ${code(64)} NOT NULL
    ) ${end}`,
    `CREATE TABLE app_password_user (username ${text(255)} NOT NULL PRIMARY KEY, seq ${int} NOT NULL) ${end}`,
    `CREATE TABLE app_password_audit (
      n ${counter}, at ${int} NOT NULL, username ${text(255)} NOT NULL, id ${code(6)} NOT NULL,
      event ${code(20)} NOT NULL, actor ${code(20)} NOT NULL
    ) ${end}`,
    'CREATE INDEX app_password_audit_by_user ON app_password_audit (username, at)',
  ];
};

/** When the main password was found changed and the user has not said yet what becomes of his app passwords. */
const second = (kind: DatabaseKind): readonly string[] => [
  `ALTER TABLE app_password_user ADD COLUMN asked_at ${words[kind].int}`,
];

export const versionTable = (kind: DatabaseKind): string =>
  `CREATE TABLE IF NOT EXISTS app_password_version (
    id ${words[kind].int} NOT NULL PRIMARY KEY, version ${words[kind].int} NOT NULL, safe_back_to ${words[kind].int} NOT NULL
  ) ${words[kind].end}`;

/** In order; the number of a version is its place. Once shipped, one is never changed. */
export const migrations: readonly Migration[] = [
  { statements: first, safeBackTo: 1 },
  { statements: second, safeBackTo: 1 },
];
