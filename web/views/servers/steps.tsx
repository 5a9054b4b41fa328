import { useEffect, useRef, useState } from 'preact/hooks';
import { never } from '#base/must.ts';
import type { DiscoveryStep, FoundSettings, ProblemDocument } from '#jmap/auth.ts';
import { discover } from '#model/signing-in.ts';
import { Icon } from '#parts/icon.tsx';

type Found = Exclude<DiscoveryStep, { step: 'result' | 'failed' | 'via' }>;

export interface Discovery {
  settings: FoundSettings | null;
  failed: Extract<DiscoveryStep, { step: 'failed' }> | null;
  steps: Partial<Record<Found['step'], Found>>;
  busy: boolean;
  /** Resolves when the search has ended, one way or the other. */
  settled(): Promise<void>;
}

const nothing = { settings: null, failed: null, steps: {}, busy: false } as const;
/** UX 5.1: the search begins when the address has rested this long. */
const rest = 250;

/** Looks for the servers of the address while the password is typed. */
export const useDiscovery = (address: string | null): Discovery => {
  const [found, setFound] = useState<Omit<Discovery, 'settled'>>(nothing);
  const waiting = useRef<(() => void)[]>([]);

  useEffect(() => {
    if (address === null) {
      setFound(nothing);
      return undefined;
    }
    const abort = new AbortController();
    const steps: Discovery['steps'] = {};
    let settings: Discovery['settings'] = null;
    let failed: Discovery['failed'] = null;
    setFound({ ...nothing, busy: true });
    const look = async (): Promise<void> => {
      for await (const step of discover((url, init) => fetch(url, init), address, abort.signal)) {
        if (abort.signal.aborted) return;
        if (step.step === 'result') ({ settings } = step);
        else if (step.step === 'failed') failed = step;
        else if (step.step === 'via') continue;
        else if (step.step === 'settings' || step.state === 'proven' || steps[step.step]?.state !== 'proven')
          (steps as Record<string, Found>)[step.step] = step;
        setFound({ settings, failed, steps: { ...steps }, busy: true });
      }
      if (abort.signal.aborted) return;
      setFound({ settings, failed, steps: { ...steps }, busy: false });
      for (const done of waiting.current.splice(0)) done();
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

const settingsTitle = (settings: FoundSettings | null, looking: boolean): string => {
  if (!settings) return looking ? 'Looking for your mail servers' : 'No settings found';
  switch (settings.source) {
    case 'operator':
      return 'Settings of this Postern';
    case 'provider':
    case 'ispdb':
      return `Settings of ${settings.provider?.name ?? 'your provider'}`;
    case 'pacc':
    case 'autoconfig':
      return 'Published settings';
    case 'srv':
      return 'Servers named in the DNS';
    case 'mx':
      return `Settings of ${settings.provider?.name ?? 'whoever takes in your mail'}`;
    case 'guess':
      return 'Servers at the usual names';
    default:
      return never(settings.source);
  }
};

const signInDetail = (settings: FoundSettings | null): string => {
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
        title={settingsTitle(settings, looking)}
        detail={
          settings?.foreign
            ? `Your password goes to ${settings.imap.host}`
            : settings?.source === 'guess'
              ? 'Found by trying, and confirmed by their certificates'
              : settled
                ? 'Enter the servers by hand'
                : 'Confirmed before your password is sent'
        }
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
