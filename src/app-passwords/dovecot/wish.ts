/** What the operator asks `postern app-passwords dovecot` for. */
export interface DovecotWish {
  dialect: '2.3' | '2.4';
  database: DovecotDatabase;
  /** How Dovecot reaches the database. `path` is of SQLite. */
  connect: { host: string; database: string; user: string; password: string; path: string };
  /** Where the files go. */
  folder: string;
  /** From where the main password is taken. `everywhere` does not confine it. */
  web: Web;
  /** Where users and their main passwords are today. */
  main: Main;
  /** Home of a user in Dovecot's variables, and the system account that owns the mail. */
  mail: { home: string; owner: string };
  /** Passwords taken over from a classic table go on working. */
  imported: boolean;
  /** The classic table `applications` itself is asked too. */
  classic: boolean;
  /** Whether Dovecot writes down the last use. */
  lastUse: boolean;
  /** Mail servers that ask Dovecot by SASL: the socket each is given. `owner` is the account it runs as. */
  mtas: readonly { kind: 'postfix' | 'exim'; socket: string; owner: string }[];
}

export type DovecotDatabase = 'mariadb' | 'mysql' | 'postgresql' | 'sqlite';
export type Web = { by: 'networks'; networks: readonly string[] } | { by: 'port'; port: number } | { by: 'everywhere' };
export type Main = { kind: 'passwd-file'; path: string } | { kind: 'sql' } | { kind: 'pam' };

export interface ConfigFile {
  path: string;
  mode: 0o600 | 0o644;
  text: string;
}
