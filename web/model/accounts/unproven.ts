import type { MailAccount } from '#jmap/keep.ts';

/** What is said of a server whose certificate is not trusted: it answers, and gets no password. Null of any other. */
export const unproven = (account: MailAccount | null | undefined): string | null =>
  account?.status.at === 'away' && account.status.code === 'tls/certificate'
    ? `Postern cannot be sure this is ${account.imap.host}.`
    : null;
