import { useEffect, useRef, useState } from 'preact/hooks';
import { never } from '#base/must.ts';
import type { DiscoveryStep, FoundSettings } from '#jmap/auth/discovery.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { discover } from '#model/signing-in.ts';
import { Icon } from '#parts/icon.tsx';

type Found = Exclude<DiscoveryStep, { step: 'result' | 'failed' | 'via' }>;
type Via = Extract<DiscoveryStep, { step: 'via' }>;

export interface Discovery {
  settings: FoundSettings | null;
  failed: Extract<DiscoveryStep, { step: 'failed' }> | null;
  steps: Partial<Record<Found['step'], Found>>;
  /** Where each way of finding out stands. */
  vias: readonly Via[];
  /** Of the address. */
  domain: string;
  busy: boolean;
  /** Resolves when the search has ended, with what it found. */
  settled(): Promise<FoundSettings | null>;
}

const nothing = { settings: null, failed: null, steps: {}, vias: [], domain: '', busy: false } as const;
/** The search begins when the address has rested this long, milliseconds. */
const rest = 250;
/** Twice what the server takes at most, milliseconds. */
const patience = 16_000;

/** Looks for the servers of the address while the password is typed. */
export const useDiscovery = (address: string | null): Discovery => {
  const [found, setFound] = useState<Omit<Discovery, 'settled'>>(nothing);
  const waiting = useRef<((found: FoundSettings | null) => void)[]>([]);

  useEffect(() => {
    if (address === null) {
      setFound(nothing);
      return undefined;
    }
    const abort = new AbortController();
    const steps: Discovery['steps'] = {};
    const domain = address.slice(address.lastIndexOf('@') + 1);
    let vias: Discovery['vias'] = [];
    let settings: Discovery['settings'] = null;
    let failed: Discovery['failed'] = null;
    setFound({ ...nothing, domain, busy: true });
    const look = async (): Promise<void> => {
      // Whoever waits for it to sign in does not wait for ever.
      const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(patience)]);
      for await (const step of discover((url, init) => fetch(url, init), address, signal)) {
        if (abort.signal.aborted) return;
        if (step.step === 'result') ({ settings } = step);
        else if (step.step === 'failed') failed = step;
        else if (step.step === 'via') vias = [...vias.filter(({ source }) => source !== step.source), step];
        else if (step.step === 'settings' || step.state === 'proven' || steps[step.step]?.state !== 'proven')
          (steps as Record<string, Found>)[step.step] = step;
        setFound({ settings, failed, steps: { ...steps }, vias, domain, busy: true });
      }
      if (abort.signal.aborted) return;
      setFound({ settings, failed, steps: { ...steps }, vias, domain, busy: false });
      for (const done of waiting.current.splice(0)) done(settings);
    };
    const timer = setTimeout(() => void look(), rest);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [address]);

  return { ...found, settled: () => new Promise((done) => waiting.current.push(done)) };
};

type Mark = 'done' | 'now' | 'wait' | 'bad';

const Step = ({ mark, title, detail, ms }: { mark: Mark; title: string; detail: string; ms: number | null }) => (
  <li class={mark}>
    <span class="b">{mark === 'done' ? <Icon name="check" /> : mark === 'bad' ? <Icon name="x" /> : null}</span>
    <span class="grow">
      <b>{title}</b>
      <small>{detail}</small>
    </span>
    <time>{ms === null || ms < 50 ? '' : `${(ms / 1000).toFixed(1)} s`}</time>
  </li>
);

const security = {
  tls: 'encrypted',
  starttls: 'encrypted by STARTTLS',
  none: 'not encrypted, a private server',
} as const;

const Server = ({
  name,
  protocol,
  step,
  server,
  settled,
}: {
  name: string;
  protocol: string;
  step: Extract<Found, { step: 'incoming' | 'outgoing' }> | undefined;
  server: FoundSettings['imap'] | null;
  settled: boolean;
}) => {
  if (server)
    return (
      <Step
        mark="done"
        title={`${name}: ${server.host}`}
        detail={`${protocol}, port ${server.port}, ${security[server.security]}${server.proven && server.security !== 'none' ? ', certificate valid' : ''}`}
        ms={step?.ms ?? null}
      />
    );
  if (!step || settled)
    return <Step mark={settled ? 'bad' : 'wait'} title={name} detail={settled ? 'Not found' : protocol} ms={null} />;
  return (
    <Step mark="now" title={`${name}: ${step.host}`} detail={`Checking encryption on port ${step.port}`} ms={null} />
  );
};

const settingsTitle = ({ settings, busy, domain }: Discovery): string => {
  if (!settings) return busy ? 'Looking for your mail servers' : 'No settings found';
  switch (settings.source) {
    case 'operator':
      return 'Settings of this Postern';
    case 'provider':
      return `Settings of ${settings.provider?.name ?? 'your provider'}`;
    case 'pacc':
    case 'autoconfig':
    case 'srv':
      return `Settings published by ${domain}`;
    case 'ispdb':
      return `Known settings of ${domain}`;
    case 'mx':
      return `Settings of ${settings.provider?.name ?? `who takes in the mail of ${domain}`}`;
    case 'guess':
      return 'Servers at the usual names';
    default:
      return never(settings.source);
  }
};

/** How each way is named while it is being asked. */
const asked: Partial<Record<Via['source'], string>> = {
  pacc: 'its own settings',
  autoconfig: 'its own settings',
  ispdb: 'a list of providers',
  srv: 'DNS',
  mx: 'who takes in its mail',
  guess: 'the usual names',
};

const proofs: Record<FoundSettings['source'], string> = {
  operator: 'Set by the administrator',
  provider: 'Confirmed before your password is sent',
  pacc: 'Found on its website and confirmed by DNS',
  autoconfig: 'Found on its website and confirmed by the servers',
  ispdb: 'Found in a list of providers and confirmed by the servers',
  srv: 'Found in DNS and confirmed by their certificates',
  mx: 'Found in DNS and confirmed by their certificates',
  guess: 'Found by trying, and confirmed by their certificates',
};

const settingsDetail = ({ settings, vias, busy }: Discovery): string => {
  if (settings) return settings.foreign ? `Your password goes to ${settings.imap.host}` : proofs[settings.source];
  if (!busy) return 'Enter the servers by hand';
  const waiting = vias.flatMap(({ source, state }) => (state === 'looking' ? (asked[source] ?? []) : []));
  return waiting.length > 0 ? `Asking ${[...new Set(waiting)].join(', ')}` : 'Confirmed before your password is sent';
};

const signInDetail = (settings: FoundSettings | null): string => {
  const issuer = settings?.oauth;
  if (issuer && settings.provider?.auth === 'oauth') return `Sign-in with ${issuer.name}`;
  if (issuer)
    return `${settings.provider?.auth === 'app-password' ? 'An app password' : 'Password'}, or sign-in with ${issuer.name}`;
  switch (settings?.provider?.auth) {
    case 'app-password':
      return 'An app password';
    case 'oauth':
      return 'Sign-in with the provider';
    case 'password':
    case undefined:
      return 'Password';
  }
};

/** Where the search stands, a line each; the polite region reads them out. */
export const Steps = ({ discovery, problem }: { discovery: Discovery; problem: ProblemDocument | null }) => {
  const { settings, steps, busy } = discovery;
  const looking = busy && !settings;
  const settled = !busy && !settings;
  const of = (step: 'incoming' | 'outgoing') =>
    steps[step] as Extract<Found, { step: 'incoming' | 'outgoing' }> | undefined;
  return (
    <ol class="steps" aria-live="polite" aria-label="Looking for your mail servers">
      <Step
        mark={settings ? 'done' : looking ? 'now' : 'bad'}
        title={settingsTitle(discovery)}
        detail={settingsDetail(discovery)}
        ms={steps.settings?.ms ?? null}
      />
      <Server name="Incoming" protocol="IMAP" step={of('incoming')} server={settings?.imap ?? null} settled={settled} />
      <Server name="Outgoing" protocol="SMTP" step={of('outgoing')} server={settings?.smtp ?? null} settled={settled} />
      <Step
        mark={problem?.type.endsWith(':wrong-password') ? 'bad' : settings ? 'done' : 'wait'}
        title="Ways to sign in"
        detail={problem?.type.endsWith(':wrong-password') ? 'The password was not accepted' : signInDetail(settings)}
        ms={null}
      />
    </ol>
  );
};
