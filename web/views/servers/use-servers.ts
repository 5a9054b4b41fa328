import { useEffect, useState } from 'preact/hooks';
import type { FoundSettings } from '#jmap/auth/discovery.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { ServerWish } from '#jmap/auth/servers.ts';
import { isProblem } from '#model/asking.ts';
import { type ServerFields, toWish } from './by-hand.tsx';
import { type Discovery, useDiscovery } from './steps.tsx';

export interface BothServers {
  imap: ServerFields;
  smtp: ServerFields;
}

const empty: BothServers = {
  imap: { host: '', port: '993', security: 'tls', username: '' },
  smtp: { host: '', port: '465', security: 'tls', username: '' },
};

const filled = (settings: FoundSettings): BothServers => {
  const of = ({ host, port, security, username }: FoundSettings['imap']): ServerFields => ({
    host,
    port: String(port),
    security,
    username,
  });
  return { imap: of(settings.imap), smtp: of(settings.smtp) };
};

const looksComplete = (address: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/u.test(address.trim());

export interface Servers {
  /** The address is one, as far as one can see. */
  complete: boolean;
  discovery: Discovery;
  byHand: boolean;
  setByHand(yes: boolean): void;
  fields: BothServers;
  setFields(fields: BothServers): void;
  /** The servers of a wish, as entered or found, with the certificates that are trusted; none while nothing is known of them. */
  wish(found?: FoundSettings | null): { imap?: ServerWish; smtp?: ServerWish };
  /** The certificate of this server (`host:port`) is accepted, and no other. */
  trust(server: string, fingerprint: string): void;
  /** Grows with each certificate that is trusted: the same attempt may go on. */
  trusted: number;
}

/** The servers of an address: found while it is typed, or entered by hand. A problem that names them opens the fields. */
export const useServers = (address: string, problem: ProblemDocument | null): Servers => {
  const [byHand, setByHand] = useState(false);
  const [fields, setFields] = useState(empty);
  const [pins, setPins] = useState<Readonly<Record<string, string>>>({});
  const [trusted, setTrusted] = useState(0);
  const complete = looksComplete(address);
  const discovery = useDiscovery(complete && !byHand ? address.trim() : null);
  useEffect(() => {
    if (discovery.settings) setFields(filled(discovery.settings));
  }, [discovery.settings]);
  useEffect(() => {
    if ((['discovery-failed', 'host-not-allowed', 'not-imap'] as const).some((name) => isProblem(problem, name)))
      setByHand(true);
  }, [problem]);
  const pinned = (wish: ServerWish): ServerWish => {
    const pin = pins[`${wish.host}:${wish.port}`];
    return pin === undefined || wish.security === 'none' ? wish : { ...wish, pin };
  };
  return {
    complete,
    discovery,
    byHand,
    setByHand,
    fields,
    setFields,
    wish: (found = discovery.settings) => {
      const chosen = byHand ? fields : found ? filled(found) : null;
      return chosen ? { imap: pinned(toWish(chosen.imap)), smtp: pinned(toWish(chosen.smtp)) } : {};
    },
    trust: (server, fingerprint) => {
      setPins({ ...pins, [server]: fingerprint });
      setTrusted(trusted + 1);
    },
    trusted,
  };
};
