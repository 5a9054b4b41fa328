import { useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { Icon } from '#parts/icon.tsx';

const paired = (fingerprint: string): string => fingerprint.toUpperCase().replaceAll(/(..)(?=.)/gu, '$1:');

/** What happened, why, what is safe and what to do; for a certificate also what it says, and for private servers a way to trust it. */
export const Failure = ({
  problem,
  trust,
}: {
  problem: ProblemDocument;
  /** The certificate of this server is accepted: `host:port`, as two servers of one host may have two. */
  trust(server: string, fingerprint: string): void;
}) => {
  const [details, setDetails] = useState(false);
  const { certificate, server, provider } = problem;
  const trustable = certificate && (certificate.reason === 'self-signed' || certificate.reason === 'unknown-issuer');
  return (
    <div class="failure" role="alert">
      <Icon name="circle-alert" />
      <div class="grow">
        <b>{problem.title}</b>
        <p>{problem.detail}</p>
        {problem.words ? <p class="words">The server said: {problem.words}</p> : null}
        {provider?.appPasswordUrl ? (
          <p>
            <a href={provider.appPasswordUrl} target="_blank" rel="noreferrer">
              Make an app password at {provider.name}
            </a>
          </p>
        ) : null}
        {certificate ? (
          <>
            <button type="button" class="link" aria-expanded={details} onClick={() => setDetails(!details)}>
              {details ? 'Hide details' : 'Show details'}
            </button>
            {details ? (
              <dl class="cert">
                <dt>For</dt>
                <dd>{certificate.altNames.join(', ') || certificate.subject}</dd>
                <dt>Signed by</dt>
                <dd>{certificate.issuer}</dd>
                <dt>Valid from</dt>
                <dd>{certificate.validFrom.slice(0, 10)}</dd>
                <dt>Valid until</dt>
                <dd>{certificate.validTo.slice(0, 10)}</dd>
                <dt>Fingerprint (SHA-256)</dt>
                <dd class="mono">{paired(certificate.fingerprint)}</dd>
              </dl>
            ) : null}
            {details && trustable && server ? (
              <>
                <p>Compare the fingerprint with the one the owner of the server gives you. Only if it is the same:</p>
                <button
                  type="button"
                  class="btn"
                  onClick={() => trust(`${server.host}:${server.port}`, certificate.fingerprint)}
                >
                  Trust this certificate
                </button>
              </>
            ) : null}
          </>
        ) : null}
      </div>
    </div>
  );
};
