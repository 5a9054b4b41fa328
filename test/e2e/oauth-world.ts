import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dovecotDialect, openDovecot, type Village } from '#village/dovecot.ts';
import { type Issuer, openIssuer } from '#village/issuer.ts';
import { openAuthority } from '#village/tls.ts';

/** A Dovecot and a submission server that take the tokens of a small issuer, besides passwords. */
export interface OAuthVillage extends AsyncDisposable {
  village: Village;
  issuer: Issuer;
  /** The environment of a Postern whose operator registered a client there. */
  environment: Record<string, string>;
}

export const openOAuthVillage = async (): Promise<OAuthVillage> => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-oauth-village-'));
  // Dovecot's own user reads them.
  chmodSync(folder, 0o755);
  const authority = openAuthority();
  const issuer = await openIssuer(authority);
  const at = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  const ca = at('ca.pem', authority.ca);
  const checks = `introspection_mode = get
introspection_url = ${issuer.url}/introspect?token=
username_attribute = username
active_attribute = active
active_value = true
`;
  const mechanisms = 'oauthbearer xoauth2';
  const passdb = {
    '2.3': () =>
      `passdb {
  driver = oauth2
  mechanisms = ${mechanisms}
  args = ${at('oauth2.conf', `${checks}tls_ca_cert_file = ${ca}\n`)}
}`,
    '2.4': () => `passdb oauth2 {
  mechanisms_filter = ${mechanisms}
}
ssl_client_ca_file = ${ca}
${checks.replaceAll(/^(?=\w)/gmu, 'oauth2_')}`,
  };
  const village = await openDovecot({
    tls: true,
    // Dovecot's own patience with refused tokens would be waited for otherwise.
    extra: `service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
auth_mechanisms = plain login ${mechanisms}
${passdb[dovecotDialect()]()}
`,
    takesToken: (user, token) => issuer.takes(user, token),
  });
  const clients = [
    {
      id: 'house',
      name: 'House',
      issuer: issuer.url,
      clientId: issuer.client.id,
      clientSecret: issuer.client.secret,
      domains: ['village.test'],
    },
  ];
  return {
    village,
    issuer,
    environment: {
      POSTERN_OAUTH: at('oauth.json', JSON.stringify(clients)),
      POSTERN_EXTRA_CA: at('all.pem', `${authority.ca}\n${village.authority?.ca ?? ''}`),
      POSTERN_PRIVATE_SERVERS: '127.0.0.1,localhost',
      POSTERN_DOMAINS: `village.test=localhost:${village.imapsPort}:tls,127.0.0.1:${village.smtpPort}:none`,
    },
    [Symbol.asyncDispose]: async () => {
      await village[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
      rmSync(authority.folder, { recursive: true, force: true });
    },
  };
};
