import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Fresh } from '#model/app-passwords.ts';
import { protocolName, untilWords } from '#model/app-passwords-words.ts';
import { inGroups, type SetupParts } from '#model/app-passwords-setup.ts';
import { hostWords } from '#model/settings/words.ts';
import type { MailHost } from '#jmap/keep.ts';
import { Icon } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { useModel } from '../model.ts';
import { SetupHelp } from './app-passwords-setup.tsx';

const Host = ({ title, host }: { title: string; host: MailHost }) => {
  const words = hostWords(host);
  return (
    <span>
      {title} <b>{host.host}</b>
      {words.slice(host.host.length)}
    </span>
  );
};

const Servers = ({ item }: { item: Fresh['item'] }) => {
  const { setup, protocols } = item;
  const has = (protocol: (typeof protocols)[number]): boolean => protocols.includes(protocol);
  return (
    <p class="ap-servers">
      {has('imap') ? <Host title="Incoming" host={setup.imap} /> : null}
      {has('pop3') && setup.pop3 ? (
        <Host title={has('imap') ? 'Or by POP' : 'Incoming, POP'} host={setup.pop3} />
      ) : null}
      {has('submission') ? <Host title="Outgoing" host={setup.smtp} /> : null}
      {has('sieve') && setup.sieve ? <Host title={`Filters, ${protocolName('sieve')}`} host={setup.sieve} /> : null}
      <span>
        User <b>{setup.username}</b>
      </span>
    </p>
  );
};

/** The letters in groups, and what copies them. Copied they have no spaces, also by hand. */
const Secret = (props: { id: string; password: string; onTook(): void; children: ComponentChildren }) => {
  const { id, password, onTook } = props;
  const { toasts } = useModel();
  const [copied, setCopied] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const code = useRef<HTMLElement>(null);
  useEffect(() => {
    setCopied(false);
    button.current?.focus();
    button.current?.scrollIntoView({ block: 'nearest' });
  }, [id]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(password);
      setCopied(true);
      toasts.say('Copied');
      onTook();
    } catch {
      // The browser keeps the clipboard to itself: the text is selected, Ctrl+C takes it.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      toasts.say('Selected. Copy it with Ctrl+C.');
    }
  };
  return (
    <div class="ap-secret">
      <code
        ref={code}
        onCopy={(event) => {
          event.preventDefault();
          event.clipboardData?.setData('text/plain', getSelection()?.toString().replaceAll(/\s/gu, '') ?? '');
          onTook();
        }}
      >
        {inGroups(password).map((group, at) => (
          <span key={at}>{group} </span>
        ))}
      </code>
      <button ref={button} type="button" class="btn" onClick={() => void copy()}>
        <Icon name={copied ? 'check' : 'copy'} size="s" />
        {copied ? 'Copied' : 'Copy'}
      </button>
      {props.children}
    </div>
  );
};

/** How long the one that was replaced goes on working. */
const overlapWords = ({ replaces }: Fresh, now: Date): string => {
  if (!replaces) return '';
  const until = replaces.worksUntil === null ? 'for 24 hours' : `until ${untilWords(replaces.worksUntil, now)}`;
  return ` The old one works ${until}, so that there is time for it.`;
};

/** Shown once. It stays until it is put away or the page is left. */
export const FreshPassword = (props: {
  fresh: Fresh;
  person: string;
  account: string;
  onTook(): void;
  onClose(): void;
}) => {
  const { clock } = useModel();
  const { item, replaces } = props.fresh;
  const [helped, setHelped] = useState(false);
  useEffect(() => setHelped(false), [item.id]);
  const parts: SetupParts = {
    setup: item.setup,
    protocols: item.protocols,
    person: props.person,
    account: props.account,
    password: item.password,
  };
  return (
    <section class="set-card ready ap-fresh" aria-labelledby="ap-fresh-title">
      <header>
        <h2 id="ap-fresh-title">
          {replaces ? 'New password' : 'Password'} for “{item.name}” is ready
        </h2>
        <IconButton icon="x" label="I have saved it, close" size="sm" onClick={props.onClose} />
      </header>
      <p>
        Type or paste it into the mail program now. Postern does not keep it and cannot show it again.
        {overlapWords(props.fresh, new Date(clock.now()))}
      </p>
      <Secret id={item.id} password={item.password} onTook={props.onTook}>
        <button
          type="button"
          class="btn quiet"
          aria-expanded={helped}
          aria-controls="ap-setup"
          onClick={() => setHelped(!helped)}
        >
          {helped ? 'Hide setup code' : 'Show setup code'}
        </button>
      </Secret>
      <Servers item={item} />
      <div id="ap-setup">
        {helped ? <SetupHelp parts={parts} program={item.program} onTook={props.onTook} /> : null}
      </div>
    </section>
  );
};
