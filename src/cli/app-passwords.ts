import { check } from './app-passwords-check.ts';
import { classic, importing } from './app-passwords-classic.ts';
import { dovecot } from './app-passwords-dovecot.ts';
import { managing } from './app-passwords-manage.ts';
import { several } from './tasks.ts';

export const appPasswords = several(
  'app-passwords',
  'Makes, lists, revokes app passwords; prints and checks the configuration of Dovecot.',
  [
    'Passwords of their own for programs that read mail, kept in SQL and checked by Dovecot. USER is a mail address.',
    'Where they are kept and what is allowed is set by POSTERN_APP_PASSWORDS_URL and the options beside it',
    '(postern serve --help).',
  ],
  [...managing, dovecot, check, classic, importing],
);
