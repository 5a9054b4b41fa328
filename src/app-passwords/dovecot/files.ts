import { dovecot23 } from './version-2-3.ts';
import { dovecot24 } from './version-2-4.ts';
import type { ConfigFile, DovecotWish } from './wish.ts';

/** The finished configuration files for what the operator asks. The first is the one to include. */
export const dovecotFiles = (wish: DovecotWish): ConfigFile[] =>
  wish.dialect === '2.3' ? dovecot23(wish) : dovecot24(wish);
