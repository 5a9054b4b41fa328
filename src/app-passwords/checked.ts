import { parseCidr } from '#config/networks.ts';
import { AppPasswordError } from './errors.ts';
import { protocols as known, type Protocol } from './types.ts';

/** Control characters, line and paragraph ends, marks that turn the direction of text, and halves of surrogate pairs. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;
const longestLabel = 100;
const mostNetworks = 20;

/** The label in NFC, without space around. @throws AppPasswordError `app-password/label` */
export const checkedLabel = (label: string): string => {
  if (label.length > 4 * longestLabel) throw new AppPasswordError('app-password/label', 'the name is too long');
  const text = label.normalize('NFC').trim();
  if (text === '') throw new AppPasswordError('app-password/label', 'there is no name');
  if (Array.from(text).length > longestLabel)
    throw new AppPasswordError('app-password/label', `the name is longer than ${longestLabel} characters`);
  if (unprintable.test(text))
    throw new AppPasswordError('app-password/label', 'the name holds a character that cannot be shown safely');
  return text;
};

/** No wildcards (`doveadm kick` takes a mask), no option (`-x`), nothing that a log or a terminal could stumble over. */
const address = /^(?!-)[^\s\p{C}"\\*?%,:;<>()[\]@]{1,64}@([^\s\p{C}"\\*?%,:;<>()[\]@/]{1,253})$/u;

/**
 * The user as Dovecot names him: lower case (`auth_username_format = %Lu`).
 * @throws AppPasswordError `app-password/user`; `app-password/domain` unless `domains` is empty or has it
 */
export const checkedUser = (user: string, domains: readonly string[]): string => {
  const found = user.length <= 255 ? address.exec(user.normalize('NFC').toLowerCase()) : null;
  const [whole, domain] = found ?? [];
  if (whole === undefined || domain === undefined)
    throw new AppPasswordError('app-password/user', 'this is not a full mail address that can have app passwords');
  if (domains.length > 0 && !domains.includes(domain))
    throw new AppPasswordError('app-password/domain', 'the domain of this address is not managed here');
  return whole;
};

/** In the order of the table, each once. @throws AppPasswordError `app-password/protocols` */
export const checkedProtocols = (wanted: readonly string[], allowed: readonly Protocol[]): Protocol[] => {
  const strange = wanted.find((one) => !known.some((protocol) => protocol === one));
  if (strange !== undefined) throw new AppPasswordError('app-password/protocols', 'there is an unknown protocol');
  const found = known.filter((protocol) => wanted.includes(protocol));
  if (found.length === 0) throw new AppPasswordError('app-password/protocols', 'no protocol is named');
  if (found.some((protocol) => !allowed.includes(protocol)))
    throw new AppPasswordError('app-password/protocols', `allowed are ${allowed.join(', ')}`);
  return found;
};

/** Addresses and networks as Dovecot's `allow_nets` takes them. @throws AppPasswordError `app-password/networks` */
export const checkedNetworks = (wanted: readonly string[]): string[] => {
  if (wanted.length > mostNetworks)
    throw new AppPasswordError('app-password/networks', `there may be ${mostNetworks} networks at most`);
  return wanted.map((word) => {
    const net = parseCidr(word.trim());
    if (!net || net.address.includes('%'))
      throw new AppPasswordError('app-password/networks', 'a network is not of the form 192.0.2.0/24 or 2001:db8::/32');
    return `${net.address}/${net.prefix}`;
  });
};
