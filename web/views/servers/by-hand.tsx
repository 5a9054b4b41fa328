import { useEffect, useRef } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { Security, ServerWish } from '#jmap/auth/servers.ts';

/** One server as it stands in the form. */
export interface ServerFields {
  host: string;
  port: string;
  security: Security;
  username: string;
}

export const toWish = ({ host, port, security, username }: ServerFields): ServerWish => ({
  host: host.trim(),
  port: Number(port),
  security,
  ...(username.trim() === '' ? {} : { username: username.trim() }),
});

const ports: Record<'imap' | 'smtp', Record<Security, string>> = {
  imap: { tls: '993', starttls: '143', none: '143' },
  smtp: { tls: '465', starttls: '587', none: '587' },
};

const usual = (kind: 'imap' | 'smtp', port: string): boolean =>
  port === '' || Object.values(ports[kind]).includes(port);

const Block = ({
  kind,
  title,
  fields,
  address,
  failing,
  change,
}: {
  kind: 'imap' | 'smtp';
  title: string;
  fields: ServerFields;
  address: string;
  failing: boolean;
  change(fields: ServerFields): void;
}) => (
  <fieldset class={`by-hand ${failing ? 'failing' : ''}`}>
    <legend>{title}</legend>
    <label class="host">
      <span>Server</span>
      <input
        required
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        placeholder={`${kind}.example.org`}
        value={fields.host}
        onInput={(event) => change({ ...fields, host: event.currentTarget.value })}
      />
    </label>
    <label class="port">
      <span>Port</span>
      <input
        required
        inputMode="numeric"
        pattern="[0-9]{1,5}"
        value={fields.port}
        onInput={(event) => change({ ...fields, port: event.currentTarget.value })}
      />
    </label>
    <label class="security">
      <span>Encryption</span>
      <select
        value={fields.security}
        onChange={(event) => {
          const security = event.currentTarget.value as Security;
          change({ ...fields, security, port: usual(kind, fields.port) ? ports[kind][security] : fields.port });
        }}
      >
        <option value="tls">TLS</option>
        <option value="starttls">STARTTLS</option>
        <option value="none">None</option>
      </select>
    </label>
    <label class="user">
      <span>User name</span>
      <input
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        placeholder={address || 'the address'}
        value={fields.username}
        onInput={(event) => change({ ...fields, username: event.currentTarget.value })}
      />
    </label>
  </fieldset>
);

/** Incoming and outgoing server as the person knows them. */
export const ServersByHand = ({
  servers,
  change,
  address,
  failing,
}: {
  servers: { imap: ServerFields; smtp: ServerFields };
  change(servers: { imap: ServerFields; smtp: ServerFields }): void;
  address: string;
  failing: ProblemDocument | null;
}) => {
  const own = useRef<HTMLDivElement>(null);
  useEffect(() => own.current?.querySelector('input')?.focus(), []);
  const fails = (kind: 'imap' | 'smtp'): boolean => {
    const { host, port } = servers[kind];
    const { server, protocol = kind } = failing ?? {};
    return server?.host === host && server.port === Number(port) && protocol === kind;
  };
  return (
    <div ref={own} class="both-hands">
      <Block
        kind="imap"
        title="Incoming mail (IMAP)"
        fields={servers.imap}
        address={address}
        failing={fails('imap')}
        change={(imap) => change({ ...servers, imap })}
      />
      <Block
        kind="smtp"
        title="Outgoing mail (SMTP)"
        fields={servers.smtp}
        address={address}
        failing={fails('smtp')}
        change={(smtp) => change({ ...servers, smtp })}
      />
    </div>
  );
};
