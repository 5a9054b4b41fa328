import type { AppPasswordCapability } from '#jmap/app-password.ts';
import { Icon } from '#parts/icon.tsx';

type Provider = NonNullable<AppPasswordCapability['provider']>;

const isWeb = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === 'https:';

/** The provider makes app passwords on a page of its own; Postern cannot see or end them. */
export const AtProvider = ({ provider, account }: { provider: Provider; account: string }) => (
  <section class="ap-elsewhere" aria-label={`App passwords of ${account}`}>
    <h2>{provider.name} makes the app passwords of this account</h2>
    <p>
      Postern can neither see nor revoke them: you make, look through and revoke them at {provider.name}. They are for
      your other programs; what Postern itself uses stands below.
    </p>
    {provider.steps.length > 0 ? (
      <ol>
        {provider.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    ) : null}
    {provider.note === null ? null : <p class="ap-note">{provider.note}</p>}
    {provider.url !== null && isWeb(provider.url) ? (
      <a class="btn" href={provider.url} target="_blank" rel="noopener noreferrer">
        App passwords at {provider.name}
        <Icon name="external-link" size="s" />
        <span class="vh">, opens in a new tab</span>
      </a>
    ) : null}
  </section>
);

export const OnePassword = ({ account }: { account: string }) => (
  <section class="ap-elsewhere" aria-label={`App passwords of ${account}`}>
    <h2>This server knows one password only</h2>
    <p>
      Every program that reads this mail uses the same password, and the server cannot tell them apart. When a device is
      lost, change that password at the server, then in every program, and below in Postern.
    </p>
    <p>
      If you can, ask who runs the server whether it can take app passwords: Postern manages them for servers with
      Dovecot.
    </p>
  </section>
);
