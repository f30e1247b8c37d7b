import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inheritSettings } from './inherit.ts';
import { type PivotSettings, readPivotSettings } from './settings.ts';

const SECRETS = new Map([
  ['acme/app/hmac', 'signing-key'],
  ['acme/app/token', 'header-token'],
]);
const ref = (key: string) => ({ secretKeyRef: { namespace: 'acme', name: 'app', key } });

function settings(data: Parameters<typeof readPivotSettings>[0]): PivotSettings {
  const read = readPivotSettings(data, SECRETS);
  assert.ok(read.ok);
  return read.settings;
}

const declared = settings({
  voice_url: 'https://app.example.com/voice',
  fallback_url: 'https://backup.example.com/voice',
  signing: ref('hmac'),
  custom_request_headers: [
    { name: 'X-Api-Key', value: ref('token') },
    { name: 'X-Plan', value: 'gold' },
  ],
});

test('a chained action at the same origin is signed and carries the declared headers', () => {
  const chained = inheritSettings(settings({ voice_url: 'https://app.example.com/next' }), [declared]);
  assert.equal(chained.voiceUrl, 'https://app.example.com/next');
  assert.equal(chained.signingKey, 'signing-key');
  assert.deepEqual(chained.headers, declared.headers);
  assert.deepEqual(chained.secrets, declared.secrets, 'what is inherited is redacted as well');
});

test('the origin of fallback_url counts too', () => {
  assert.equal(
    inheritSettings(settings({ voice_url: 'https://backup.example.com/x' }), [declared]).signingKey,
    'signing-key',
  );
});

test('its own headers go before those it would inherit', () => {
  const chained = inheritSettings(
    settings({
      voice_url: 'https://app.example.com/next',
      custom_request_headers: [{ name: 'x-plan', value: 'silver' }],
    }),
    [declared],
  );
  assert.deepEqual(
    chained.headers.filter(({ name }) => name.toLowerCase() === 'x-plan'),
    [{ name: 'x-plan', value: 'silver' }],
  );
});

for (const url of ['https://other.example.com/x', 'http://app.example.com/x', 'https://app.example.com:8443/x']) {
  test(`${url} is another origin and gets nothing`, () => {
    const chained = inheritSettings(settings({ voice_url: url }), [declared]);
    assert.equal(chained.signingKey, undefined);
    assert.deepEqual(chained.headers, []);
    assert.deepEqual(chained.secrets, []);
  });
}
