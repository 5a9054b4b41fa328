import { useId } from 'preact/hooks';
import type { Quota } from '#jmap/quota.ts';
import { roomWords } from '#model/accounts/quota.ts';
import './account-quota.css';

const Meter = ({ label, percent, words }: { label: string; percent: number; words: string }) => (
  <div
    class="quota-meter"
    role="meter"
    aria-label={label}
    aria-valuemin={0}
    aria-valuemax={100}
    aria-valuenow={percent}
    aria-valuetext={words}
  >
    <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect width={percent} height="1" />
    </svg>
  </div>
);

/** How full the account is at its server; nothing where the server does not tell. */
export const AccountQuota = ({ quotas }: { quotas: readonly Quota[] }) => {
  const id = useId();
  if (quotas.length === 0) return null;
  const several = new Set(quotas.map(({ name }) => name)).size > 1;
  return (
    <section class="acc-part" aria-labelledby={id}>
      <h2 id={id}>Room at the server</h2>
      <ul class="quotas">
        {quotas.map((quota) => {
          const { tone, title, detail, percent } = roomWords(quota);
          const what = quota.resourceType === 'octets' ? 'Space used' : 'Messages used';
          return (
            <li key={quota.id} class={`quota ${tone}`}>
              <p class="quota-h">
                <b>{title}</b>
                {several ? <span class="quota-root">{quota.name}</span> : null}
                <span>{percent} %</span>
              </p>
              <Meter label={several ? `${what}, ${quota.name}` : what} percent={percent} words={title} />
              {detail ? <p class="quota-detail">{detail}</p> : null}
            </li>
          );
        })}
      </ul>
    </section>
  );
};
