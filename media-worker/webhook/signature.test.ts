import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import twilio from 'twilio';
import { serve } from '../outgoing/testing/servers.ts';
import { formPairs } from './encode.ts';
import { pivotSignature, twilioSignature, verifySignature } from './signature.ts';
import { factsOf, settingsOf, startCall, succeeded } from './testing/call.ts';

const KEY = 'a secret';
const SIGNING = { signing: { secretKeyRef: { namespace: 'acme', name: 'app', key: 'hmac' } } };
const SECRETS = { 'acme/app/hmac': KEY };

/** As Express or PHP give a form to the application: one value per name, a list where there are several. */
function parsedForm(body: string): Record<string, string | string[]> {
  const parsed: Record<string, string | string[]> = {};
  const search = new URLSearchParams(body);
  for (const key of search.keys()) {
    const all = search.getAll(key);
    parsed[key] = all.length === 1 ? all[0]! : all;
  }
  return parsed;
}

for (const [method, bodyFormat, path] of [
  ['post', 'form', '/voice'],
  ['post', 'form', "/v?x=a%20b&q='(1)'&u=%C3%BC|"],
  ['post', 'json', '/voice?a=1'],
  ['get', 'form', '/voice?a=1'],
] as const) {
  test(`npm twilio accepts ${method} ${bodyFormat} to ${path}, and verifySignature too`, async (t) => {
    const results: [string, boolean][] = [];
    const server = await serve(t, (seen, reply) => {
      const url = `http://${seen.headers.host}${seen.path}`;
      const header = String(seen.headers['x-twilio-signature']);
      results.push([
        'twilio',
        bodyFormat === 'json'
          ? twilio.validateRequestWithBody(KEY, header, url, seen.body)
          : twilio.validateRequest(KEY, header, url, parsedForm(seen.body)),
      ]);
      const signed = {
        key: KEY,
        signature: String(seen.headers['x-pivot-signature']),
        method: seen.method,
        url,
        body: seen.body,
        nowSeconds: Date.now() / 1000,
      };
      results.push(['pivot', verifySignature(signed)], ['other key', verifySignature({ ...signed, key: 'x' })]);
      reply.setHeader('content-type', 'text/xml');
      reply.end('<Response/>');
    });
    const settings = settingsOf(
      {
        voice_url: `http://u:p@127.0.0.1:${server.port}${path}#f`,
        method,
        req_body_format: bodyFormat,
        req_format: 'kazoo',
        ...SIGNING,
      },
      SECRETS,
    );
    const facts = factsOf({
      userIds: ['u2', 'u1'],
      customApplicationVars: { 'a b': "é'*", list: ['y', 'x', 'y'] },
      callerIdName: 'Ünï & Co',
    });
    succeeded(await startCall(t).exchange(settings, { facts, parameters: { Digits: '*1#' } }));
    assert.deepEqual(results, [
      ['twilio', true],
      ['pivot', true],
      ['other key', false],
    ]);
  });
}

test('a request that was redirected is signed for where it goes', async (t) => {
  const valid: boolean[] = [];
  const server = await serve(t, (seen, reply) => {
    const header = String(seen.headers['x-twilio-signature']);
    valid.push(twilio.validateRequest(KEY, header, `http://${seen.headers.host}${seen.path}`, parsedForm(seen.body)));
    if (seen.path === '/b') reply.setHeader('content-type', 'text/xml').end('<Response/>');
    else reply.writeHead(seen.path === '/a' ? 307 : 302, { location: seen.path === '/a' ? '/c' : '/b' }).end();
  });
  const settings = settingsOf({ voice_url: `${server.origin}/a`, method: 'post', ...SIGNING }, SECRETS);
  succeeded(await startCall(t).exchange(settings));
  assert.deepEqual(valid, [true, true, true]);
});

test('property: npm twilio computes the same for any parameters and ports', () => {
  const parameters = fc.dictionary(
    fc.string(),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.array(fc.string(), { minLength: 1 })),
  );
  const origin = fc.constantFrom(
    'http://h.test',
    'https://h.test',
    'https://h.test:8443',
    'http://h.test:8080',
    'http://[::1]:81',
  );
  fc.assert(
    fc.property(parameters, origin, (object, base) => {
      const url = `${base}/p?x=1`;
      const pairs = formPairs(new Map(Object.entries(object)));
      const asParsed: Record<string, string | string[]> = {};
      for (const [name, value] of Object.entries(object)) asParsed[Array.isArray(value) ? `${name}[]` : name] = value;
      // `a` as a list and `a[]` as text have one name on the wire.
      fc.pre(Object.keys(asParsed).length === Object.keys(object).length && !('__proto__' in object));
      assert.ok(twilio.validateRequest(KEY, twilioSignature(KEY, url, pairs), url, asParsed));
    }),
  );
});

test('verifySignature refuses what is old, from the future, changed or malformed', () => {
  const signed = { key: KEY, method: 'POST', url: 'https://h/p', body: 'a=1', nowSeconds: 1000 };
  const signature = pivotSignature(KEY, 1000, 'POST', 'https://h/p', 'a=1');
  assert.match(signature, /^t=1000,v1=[0-9a-f]{64}$/);
  assert.ok(verifySignature({ ...signed, signature }));
  assert.ok(verifySignature({ ...signed, signature, nowSeconds: 1299 }));
  assert.ok(!verifySignature({ ...signed, signature, nowSeconds: 1301 }));
  assert.ok(!verifySignature({ ...signed, signature, nowSeconds: 600 }));
  assert.ok(verifySignature({ ...signed, signature, nowSeconds: 1500, toleranceSeconds: 500 }));
  for (const change of [{ method: 'GET' }, { url: 'https://h/q' }, { body: 'a=2' }, { key: 'b' }]) {
    assert.ok(!verifySignature({ ...signed, signature, ...change }));
  }
  for (const bad of [
    undefined,
    '',
    't=1000',
    signature.slice(0, -1),
    signature.replace('t=1000', 't=1001'),
    `${signature}0`,
  ]) {
    assert.ok(!verifySignature({ ...signed, signature: bad }));
  }
});
