import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from './errors.ts';
import { readOAuth } from './oauth.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-oauth-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = (data: unknown): string => {
  const path = join(folder, 'oauth.json');
  writeFileSync(path, typeof data === 'string' ? data : JSON.stringify(data));
  return path;
};
const own = { id: 'house', name: 'House', issuer: 'https://id.house.test', clientId: 'postern' };

test('Google and Microsoft bring what is known of them; secrets stand apart and do not print', () => {
  const { issuers, secrets } = readOAuth(
    file([
      { id: 'google', clientId: 'g', clientSecret: 'hidden' },
      { id: 'microsoft', clientId: 'm', tenant: 'example.org' },
      { ...own, domains: ['House.Test'] },
    ]),
  );
  const [google, microsoft, house] = issuers;
  assert.equal(google?.scope, 'https://mail.google.com/');
  assert.deepEqual(google?.parameters, { access_type: 'offline', prompt: 'consent' });
  assert.equal(microsoft?.endpoints?.token, 'https://login.microsoftonline.com/example.org/oauth2/v2.0/token');
  assert.equal(microsoft?.issuerInAnswer, false);
  assert.deepEqual([house?.endpoints, house?.domains], [null, ['house.test']]);
  assert.deepEqual([...secrets.keys()], ['google']);
  assert.equal(secrets.get('google')?.reveal(), 'hidden');
  assert.equal(JSON.stringify({ issuers, secrets: [...secrets] }).includes('hidden'), false);
});

test('what is not right in the file is told, without its contents', () => {
  for (const data of [
    '{',
    {},
    [{ ...own, issuer: 'http://id.house.test' }],
    [{ ...own, id: 'House!' }],
    [{ ...own, clientSecrets: 'x' }],
    [own, own],
    [{ id: 'google' }],
  ])
    assert.throws(
      () => readOAuth(file(data)),
      (error: unknown) => error instanceof ConfigError && /POSTERN_OAUTH/.test(error.message),
    );
  assert.deepEqual(readOAuth(null).issuers, []);
});
