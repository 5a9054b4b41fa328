import type { SettingsSource } from '#jmap/auth/discovery.ts';
import type { ServerAddress } from '#config/servers.ts';
import type { Who } from './address.ts';
import type { Provider } from './providers.ts';

/** What one source proposes for a domain; nothing of it is proven yet. */
export interface Offer {
  source: SettingsSource;
  /** Best first. Empty: the source knows that there is none. */
  imap: readonly ServerAddress[];
  smtp: readonly ServerAddress[];
  /** The login, with `%EMAILADDRESS%`, `%EMAILLOCALPART%` and `%EMAILDOMAIN%` to be filled in. */
  login: string;
  /** The source says nothing of the login. */
  loginUnsure: boolean;
  provider: Provider | null;
  /** OAuth2 issuer that the source names. */
  issuer: string | null;
}

export const wholeAddress = '%EMAILADDRESS%';

/** Servers fold the case of a login; one mailbox must not become two users of ours. */
export const loginOf = (template: string, who: Who): string =>
  template
    .replaceAll('%EMAILADDRESS%', who.address)
    .replaceAll('%EMAILLOCALPART%', who.local)
    .replaceAll('%EMAILDOMAIN%', who.domain)
    .toLowerCase();

/** A login as a stranger's document may name it. */
export const isLogin = (template: string): boolean =>
  // eslint-disable-next-line no-control-regex
  template.length > 0 && template.length <= 256 && !/[\u0000-\u001f\u007f]/.test(template);
