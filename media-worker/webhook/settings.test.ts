import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../crds/callflow/node.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { readPivotSettings, type SettingsResult } from './settings.ts';

function read(data: JsonObject, secrets: Readonly<Record<string, string>> = {}): Extract<SettingsResult, { ok: true }> {
  const result = readPivotSettings(data, new Map(Object.entries(secrets)));
  assert.ok(result.ok, result.ok ? '' : result.fault.message);
  return result;
}

const codes = (result: Extract<SettingsResult, { ok: true }>): string[] =>
  result.warnings.map((warning) => warning.code);
const X = 'http://x/a';

test('11.1 {voice_url:"http://x/a"}: GET, kazoo, form, 5000 ms, debug off', () => {
  const result = read({ voice_url: X });
  assert.deepEqual(result.warnings, []);
  assert.deepEqual(result.settings, {
    voiceUrl: X,
    method: 'GET',
    format: 'kazoo',
    bodyFormat: 'form',
    timeoutMs: 5000,
    retries: { attempts: 0, on: ['connect', 'timeout', '5xx'] },
    debug: false,
    strict: false,
    headers: [],
    defaultActionMethod: 'POST',
    rejectCode: 603,
    tls: {},
    secrets: [],
  });
});

test('11.1 {method:"POST"}: POST form', () => {
  const { settings } = read({ voice_url: X, method: 'POST' });
  assert.deepEqual([settings.method, settings.bodyFormat], ['POST', 'form']);
});

test('11.1 {req_timeout:"5"}: 5000 ms and a deprecation note', () => {
  const result = read({ voice_url: X, req_timeout: '5' });
  assert.equal(result.settings.timeoutMs, 5000);
  assert.deepEqual(codes(result), [webhookCodes.timeoutLegacy.code]);
});

test('11.1 {req_timeout:"2", req_timeout_ms:900}: 900 ms', () => {
  assert.equal(read({ voice_url: X, req_timeout: '2', req_timeout_ms: 900 }).settings.timeoutMs, 900);
});

test('11.1 {req_timeout_ms:60000}: clamped to 5000 at run time', () => {
  const result = read({ voice_url: X, req_timeout_ms: 60_000 });
  assert.equal(result.settings.timeoutMs, 5000);
  assert.deepEqual(codes(result), [webhookCodes.timeoutClamped.code]);
  const raised = readPivotSettings({ voice_url: X, req_timeout_ms: 60_000 }, new Map(), { maxTimeoutMs: 15_000 });
  assert.equal(raised.ok && raised.settings.timeoutMs, 15_000);
});

test('11.1 {voice_url:"ftp://x"} and {}: rejected', () => {
  // "http://localhost/" is refused by the address policy when it is asked: see policy.test.ts and exchange.test.ts.
  for (const data of [
    { voice_url: 'ftp://x' },
    {},
    { voice_url: 7 },
    { voice_url: 'http://' },
    { voice_url: X, fallback_url: '/x' },
  ]) {
    const result = readPivotSettings(data, new Map());
    assert.equal(!result.ok && result.fault.code, webhookCodes.badSetting.code);
  }
});

test('11.1 {method:"PUT"}: rejected at admission, GET at run time', () => {
  const result = read({ voice_url: X, method: 'PUT' });
  assert.equal(result.settings.method, 'GET');
  assert.deepEqual(codes(result), [webhookCodes.settingIgnored.code]);
});

test('numeric strings, fractions of seconds and "true" are taken', () => {
  assert.equal(read({ voice_url: X, req_timeout_ms: '700' }).settings.timeoutMs, 700);
  assert.equal(read({ voice_url: X, req_timeout: 0.25 }).settings.timeoutMs, 250);
  assert.equal(read({ voice_url: X, debug: 'true' }).settings.debug, true);
});

test('references are replaced by the values of their Secrets', () => {
  const ref = (key: string): JsonObject => ({ secretKeyRef: { namespace: 'acme', name: 'app', key } });
  const { settings } = read(
    {
      voice_url: X,
      custom_request_headers: [
        { name: 'X-Plain', value: 'p' },
        { name: 'X-Api-Key', value: ref('token') },
      ],
      signing: ref('hmac'),
      tls: { ca_secret_ref: ref('ca') },
    },
    { 'acme/app/token': 't0ken', 'acme/app/hmac': 'hm4c', 'acme/app/ca': 'PEM' },
  );
  assert.deepEqual(settings.headers, [
    { name: 'X-Plain', value: 'p' },
    { name: 'X-Api-Key', value: 't0ken' },
  ]);
  assert.equal(settings.signingKey, 'hm4c');
  assert.deepEqual(settings.tls, { ca: 'PEM' });
  assert.deepEqual(settings.secrets, ['t0ken', 'hm4c']);
});

test('no other spelling of a reference is followed: an answer of a web server cannot read Secrets', () => {
  const bare = { namespace: 'acme', name: 'app', key: 'hmac' };
  const secrets = new Map([['acme/app/hmac', 'hm4c']]);
  for (const value of [bare, { secretRef: bare }, { valueFrom: { secretKeyRef: bare } }]) {
    const headers = readPivotSettings({ voice_url: X, custom_request_headers: [{ name: 'X-A', value }] }, secrets);
    assert.equal(!headers.ok && headers.fault.code, webhookCodes.badSetting.code);
    assert.ok(!readPivotSettings({ voice_url: X, signing: value }, secrets).ok);
  }
});

test('a missing Secret is a fault that names it', () => {
  const data = { voice_url: X, signing: { secretKeyRef: { namespace: 'acme', name: 'app', key: 'hmac' } } };
  const result = readPivotSettings(data, new Map());
  assert.ok(!result.ok);
  assert.equal(result.fault.code, webhookCodes.secretMissing.code);
  assert.match(result.fault.message, /"hmac" of Secret acme\/app/);
});

test('headers of Kazoo 5 are an object; those of the connection and of Pivot are not sent', () => {
  const result = read({
    voice_url: X,
    custom_request_headers: {
      'X-A': '1',
      Host: 'evil',
      'Content-Length': '5',
      'X-Twilio-Signature': 'x',
      'X\nB': '1',
      'X-C': 'a\r\nb',
    },
  });
  assert.deepEqual(result.settings.headers, [{ name: 'X-A', value: '1' }]);
  assert.deepEqual(codes(result), Array(5).fill(webhookCodes.headerIgnored.code));
});

test('retries and the rest keep within bounds', () => {
  const { settings } = read({ voice_url: X, retries: { attempts: 99, on: ['5xx', 'nonsense'] }, reject_code: 503 });
  assert.deepEqual(settings.retries, { attempts: 5, on: ['5xx'] });
  assert.equal(settings.rejectCode, 503);
  assert.equal(read({ voice_url: X, reject_code: 200 }).settings.rejectCode, 603);
  assert.deepEqual(codes(read({ voice_url: X, tls: { insecure_skip_verify: true } })), [webhookCodes.insecure.code]);
});
