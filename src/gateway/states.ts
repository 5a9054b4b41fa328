import type { ChangeType } from '#index/types.ts';
import { mailAccountState } from './account/view.ts';
import { knownState } from './app-password/book.ts';
import type { OpenAccount } from './types.ts';

const types: readonly ChangeType[] = ['Mailbox', 'Email', 'Thread', 'Identity', 'EmailSubmission', 'Quota'];

/** The states push tells – RFC 8620 §7.1. */
export const statesOf = (open: OpenAccount): Record<string, string> => {
  const states = open.index.read((reader) => types.map((type): [string, string] => [type, reader.state(type)]));
  const appPasswords = knownState(open);
  return {
    ...Object.fromEntries(states),
    MailAccount: mailAccountState(open),
    ...(appPasswords === undefined ? {} : { AppPassword: appPasswords }),
  };
};
