import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { initialise, openDatabase } from '#app-passwords/database.ts';
import { dovecotFiles } from '#app-passwords/dovecot/files.ts';
import type { RunningDovecot, SignInPlace } from './dovecot.ts';
import { dovecotDialect } from './dovecot-words.ts';

/** App passwords of the demo: kept in SQLite, checked by its Dovecot with exactly what `postern app-passwords dovecot` prints. */
export interface DemoAppPasswords {
  /** Who is let in, for Dovecot's configuration. */
  signIn(place: SignInPlace): string;
  /** How Postern manages them. */
  environment(dovecot: RunningDovecot, domain: string): Record<string, string>;
}

const driver = '/usr/lib/dovecot/modules/auth/libdriver_sqlite.so';

/** null where Dovecot has no driver for SQLite: the demo then knows one password a user. */
export const openDemoAppPasswords = async (data: string): Promise<DemoAppPasswords | null> => {
  if (!existsSync(driver)) return null;
  const path = resolve(data, 'demo-app-passwords.db');
  await using database = openDatabase(path);
  await initialise(database);
  return {
    signIn: ({ folder, users, mail }) => {
      const files = dovecotFiles({
        dialect: dovecotDialect(),
        database: 'sqlite',
        connect: { host: '', database: '', user: '', password: '', path },
        folder,
        web: { by: 'everywhere' },
        main: { kind: 'passwd-file', path: users },
        mail,
        imported: false,
        classic: false,
        lastUse: true,
        mtas: [],
      });
      for (const file of files) writeFileSync(file.path, file.text, { mode: file.mode });
      return `!include ${files[0]?.path ?? ''}`;
    },
    environment: (dovecot, domain) => ({
      POSTERN_APP_PASSWORDS_URL: `sqlite:${path}`,
      POSTERN_APP_PASSWORDS_DOMAINS: domain,
      POSTERN_APP_PASSWORDS_DOVEADM: `doveadm -c ${dovecot.configFile}`,
    }),
  };
};
