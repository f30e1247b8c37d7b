import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from './node.ts';
import { type ValidateOptions, validateCallflow } from './validate.ts';

const URL = 'http://x/a';

function pivot(data: object, options?: ValidateOptions): JsonObject {
  const result = validateCallflow({ module: 'pivot', data, children: { _: { module: 'hangup' } } }, options);
  assert.ok(result.ok, JSON.stringify(result));
  return result.node.data;
}

function refusals(data: object, options?: ValidateOptions): string[] {
  const result = validateCallflow({ module: 'pivot', data }, options);
  return result.ok ? [] : result.faults.map((one) => `${one.code} ${one.place?.pointer}`);
}

function warnings(data: object, options?: ValidateOptions): string[] {
  const result = validateCallflow({ module: 'pivot', data, children: { _: { module: 'hangup' } } }, options);
  return result.warnings.map((one) => `${one.code} ${one.place?.pointer}`);
}

// The rows of spec pivot-behaviour, section 11.1, in their order.
test('11.1 a URL alone means GET, kazoo, form, 5000 ms, debug off', () => {
  assert.deepEqual(pivot({ voice_url: URL }), {
    voice_url: URL,
    method: 'get',
    req_format: 'kazoo',
    req_body_format: 'form',
    req_timeout_ms: 5000,
    debug: false,
    strict: false,
  });
});

test('11.1 POST in upper case means POST', () => {
  assert.equal(pivot({ voice_url: URL, method: 'POST' })['method'], 'post');
});

test('11.1 req_timeout "5" means 5000 ms and is pointed out', () => {
  assert.equal(pivot({ voice_url: URL, req_timeout: '5' })['req_timeout_ms'], 5000);
  assert.deepEqual(warnings({ voice_url: URL, req_timeout: '5' }), ['PV-1154 /data/req_timeout']);
  assert.equal(pivot({ voice_url: URL, req_timeout: 0.5 })['req_timeout_ms'], 500);
  assert.equal(pivot({ voice_url: URL, req_timeout: 30 })['req_timeout_ms'], 5000);
  assert.deepEqual(refusals({ voice_url: URL, req_timeout: 'soon' }), ['PV-1109 /data/req_timeout']);
});

test('11.1 req_timeout_ms wins over req_timeout', () => {
  assert.equal(pivot({ voice_url: URL, req_timeout: '2', req_timeout_ms: 900 })['req_timeout_ms'], 900);
});

test('11.1 a req_timeout_ms of 60000 is refused at admission and clamped at run time', () => {
  assert.deepEqual(refusals({ voice_url: URL, req_timeout_ms: 60000 }), ['PV-1109 /data/req_timeout_ms']);
  const options: ValidateOptions = { mode: 'runtime' };
  assert.equal(pivot({ voice_url: URL, req_timeout_ms: 60000 }, options)['req_timeout_ms'], 5000);
  assert.deepEqual(warnings({ voice_url: URL, req_timeout_ms: 60000 }, options), ['PV-1155 /data/req_timeout_ms']);
});

test('11.1 ftp, localhost and a missing URL are refused', () => {
  assert.deepEqual(refusals({ voice_url: 'ftp://x' }), ['PV-1110 /data/voice_url']);
  assert.deepEqual(refusals({ voice_url: 'http://localhost/' }), ['PV-1110 /data/voice_url']);
  assert.deepEqual(refusals({}), ['PV-1107 /data']);
});

test('11.1 PUT is refused at admission; at run time it counts as GET, as spec 2.5 says', () => {
  assert.deepEqual(refusals({ voice_url: URL, method: 'PUT' }), ['PV-1109 /data/method']);
  assert.equal(pivot({ voice_url: URL, method: 'PUT' }, { mode: 'runtime' })['method'], 'get');
});

test('11.1 skip_module is kept for the engine', () => {
  assert.equal(pivot({ voice_url: URL, skip_module: true })['skip_module'], true);
});

test('URLs that name this machine are refused unless the address policy allows them', () => {
  for (const url of [
    'http://127.0.0.1:80/',
    'http://0.0.0.0/',
    'http://2130706433/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://a.localhost.',
  ]) {
    assert.deepEqual(refusals({ voice_url: url }), ['PV-1110 /data/voice_url'], url);
    assert.deepEqual(refusals({ voice_url: url }, { allowLoopbackUrls: true }), [], url);
  }
  for (const url of [
    'http://169.254.169.254/latest',
    'http://',
    'http:///x',
    'https://a b/',
    'x.example/voice',
    '/voice',
  ]) {
    assert.deepEqual(refusals({ voice_url: url }, { allowLoopbackUrls: true }), ['PV-1110 /data/voice_url'], url);
  }
  assert.deepEqual(refusals({ voice_url: URL, fallback_url: 'http://localhost/', cdr_url: 'ftp://x' }), [
    'PV-1110 /data/fallback_url',
    'PV-1110 /data/cdr_url',
  ]);
});

test('debug may be the text "true"', () => {
  assert.equal(pivot({ voice_url: URL, debug: 'true' })['debug'], true);
  assert.deepEqual(refusals({ voice_url: URL, debug: 'yes' }), ['PV-1108 /data/debug']);
});

test('headers of Kazoo 5 become a list', () => {
  const headers = { 'X-A': '1', 'X-B': '2' };
  assert.deepEqual(pivot({ voice_url: URL, custom_request_headers: headers })['custom_request_headers'], [
    { name: 'X-A', value: '1' },
    { name: 'X-B', value: '2' },
  ]);
  assert.deepEqual(refusals({ voice_url: URL, custom_request_headers: { 'X-A': 1 } }), [
    'PV-1108 /data/custom_request_headers/X-A',
  ]);
});

test('headers that would break the request are refused', () => {
  for (const header of [
    { name: 'Host', value: 'x' },
    { name: 'X A', value: 'x' },
    { name: 'X-A', value: 'a\r\nX-B: b' },
  ]) {
    assert.deepEqual(refusals({ voice_url: URL, custom_request_headers: [header] }), [
      'PV-1117 /data/custom_request_headers/0',
    ]);
  }
  assert.deepEqual(refusals({ voice_url: URL, custom_request_headers: [{ name: 'X-A' }] }), [
    'PV-1109 /data/custom_request_headers/0',
  ]);
});

test('manifests may refer to Secrets, answers of web servers may not', () => {
  const data = {
    voice_url: URL,
    signing: { secretRef: { name: 'app', key: 'hmac' } },
    custom_request_headers: [{ name: 'X-A', valueFrom: { secretKeyRef: { name: 'app', key: 'token' } } }],
  };
  assert.deepEqual(refusals(data), []);
  assert.deepEqual(refusals(data, { mode: 'runtime' }).sort(), [
    'PV-1116 /data/custom_request_headers/0/valueFrom/secretKeyRef',
    'PV-1116 /data/signing/secretRef',
  ]);
});

test('voice_url and serverless exclude each other', () => {
  assert.deepEqual(refusals({ serverless: { flow_doc: '<Response/>' } }), []);
  assert.deepEqual(refusals({ voice_url: URL, serverless: { flow_doc: '<Response/>' } }), ['PV-1109 /data/serverless']);
});

test('retries are bounded and say what they are for', () => {
  assert.deepEqual(pivot({ voice_url: URL, retries: { attempts: 1 } })['retries'], {
    attempts: 1,
    on: ['connect', 'timeout', '5xx'],
  });
  assert.deepEqual(refusals({ voice_url: URL, retries: { attempts: 9 } }), ['PV-1109 /data/retries/attempts']);
  assert.deepEqual(refusals({ voice_url: URL, retries: { attempts: 1, on: ['4xx'] } }), ['PV-1109 /data/retries/on/0']);
});

test('retries.when is another name of retries.on', () => {
  const retries = { attempts: 1, when: ['5xx'] };
  assert.deepEqual(pivot({ voice_url: URL, retries })['retries'], { attempts: 1, on: ['5xx'] });
  const both = { attempts: 1, on: ['5xx'], when: ['5xx'] };
  assert.deepEqual(refusals({ voice_url: URL, retries: both }), ['PV-1109 /data/retries/when']);
  assert.deepEqual(refusals({ voice_url: URL, retries: { attempts: 1, when: 'x' } }), ['PV-1108 /data/retries/when']);
});
