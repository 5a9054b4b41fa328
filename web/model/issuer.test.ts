import assert from 'node:assert/strict';
import { test } from 'node:test';
import { returned } from './issuer.ts';

test('what an issuer sent back is read from the fragment, at its place alone', () => {
  assert.deepEqual(returned('/connect#state=s&code=c%2F1&iss=https%3A%2F%2Fid.test&other=x'), {
    state: 's',
    code: 'c/1',
    iss: 'https://id.test',
  });
  assert.deepEqual(returned('/connect#state=s&error=access_denied'), { state: 's', error: 'access_denied' });
  for (const url of ['/connect', '/connect#code=c', '/#state=s&code=c', '/connect?state=s&code=c'])
    assert.equal(returned(url), null, url);
});
