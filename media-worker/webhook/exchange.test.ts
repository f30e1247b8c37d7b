import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { createOutgoing } from '../outgoing/client.ts';
import { CookieJar } from '../outgoing/cookies.ts';
import { closedPort, type Handler, pem, serve, serveTcp } from '../outgoing/testing/servers.ts';
import { ExchangeLimiter } from './limiter.ts';
import { factsOf, failed, settingsOf, startCall, succeeded } from './testing/call.ts';

const TWIML = '<Response><Say>Hi</Say></Response>';
const twiml: Handler = (_seen, reply) => reply.setHeader('content-type', 'text/xml').end(TWIML);
const status =
  (code: number, body = TWIML): Handler =>
  (_seen, reply) =>
    reply.writeHead(code, { 'content-type': 'text/xml' }).end(body);

const events = (span: ReadableSpan | undefined, name: string): string[] =>
  (span?.events ?? [])
    .filter((event) => event.name === name)
    .map((event) => String(event.attributes?.['pivot.error.code']));

test('11.2 custom header X-Key: present on every exchange to the same host, on none to another', async (t) => {
  const server = await serve(t, twiml);
  const call = startCall(t);
  const settings = settingsOf({ voice_url: `${server.origin}/a`, custom_request_headers: { 'X-Key': '1' } });
  await call.exchange(settings);
  await call.exchange(settings, { url: `${server.origin}/b`, method: 'POST' });
  await call.exchange(settings, { url: `http://localhost:${server.port}/c` });
  assert.deepEqual(
    server.seen.map((seen) => seen.headers['x-key']),
    ['1', '1', undefined],
  );
});

test('11.2 http://u:p%40ss@h/: Authorization Basic of u:p@ss, credentials absent from the trace', async (t) => {
  const server = await serve(t, twiml);
  const call = startCall(t);
  const settings = settingsOf({ voice_url: `http://u:p%40ss@127.0.0.1:${server.port}/a`, debug: true });
  const { documentUrl } = succeeded(await call.exchange(settings));
  // A relative action keeps the origin, and with it the credentials that the resource's author wrote.
  await call.exchange(settings, { url: new URL('b', documentUrl).href });
  const basic = `Basic ${Buffer.from('u:p@ss').toString('base64')}`;
  assert.deepEqual(
    server.seen.map((seen) => seen.headers.authorization),
    [basic, basic],
  );
  const trace = JSON.stringify(call.spans.map((span) => [span.attributes, span.events]));
  for (const secret of ['p%40ss', 'p@ss', basic.slice(6)]) assert.ok(!trace.includes(secret), secret);
  assert.equal(documentUrl, `${server.origin}/a`);
});

test('3.2 headers of every request', async (t) => {
  const server = await serve(t, twiml);
  const call = startCall(t);
  await call.exchange(settingsOf({ voice_url: server.origin, method: 'post' }));
  const headers = server.seen[0]?.headers;
  assert.equal(headers?.['user-agent'], 'Pivot/1.2.3');
  assert.equal(headers?.['accept'], 'application/json, application/xml, text/xml');
  assert.equal(headers?.['content-type'], 'application/x-www-form-urlencoded');
  assert.equal(headers?.['x-pivot-idempotency-key'], 'abc@10.0.0.5/1/main');
  const [span] = call.spans;
  assert.equal(headers?.['traceparent'], `00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`);
});

for (const [row, code] of [
  ['204', webhookCodes.noContent],
  ['404', webhookCodes.statusClient],
  ['500', webhookCodes.statusServer],
] as const) {
  test(`11.3 ${row}: failed exchange within the deadline`, async (t) => {
    const server = await serve(t, status(Number(row), row === '204' ? '' : TWIML));
    const call = startCall(t);
    const outcome = failed(await call.exchange(settingsOf({ voice_url: server.origin })), code);
    assert.equal(outcome.exchange, 1);
    const [span] = call.spans;
    assert.equal(span?.attributes['http.response.status_code'], Number(row));
    assert.equal(span?.attributes['error.type'], code.code);
    assert.equal(span?.status.code, SpanStatusCode.ERROR);
  });
}

test('11.3 refused, DNS, TLS, slow: failed exchange within the deadline', async (t) => {
  const call = startCall(t);
  const started = performance.now();
  failed(
    await call.exchange(settingsOf({ voice_url: `http://127.0.0.1:${await closedPort()}/` })),
    webhookCodes.refused,
  );
  const tls = await serve(t, twiml, 'localhost.crt');
  failed(await call.exchange(settingsOf({ voice_url: tls.origin })), webhookCodes.tls);
  const slow = await serve(t, () => {});
  failed(await call.exchange(settingsOf({ voice_url: slow.origin, req_timeout_ms: 80 })), webhookCodes.deadline);
  const outgoing = createOutgoing({ policy: {}, lookup: () => Promise.reject(new Error('ENOTFOUND')) });
  t.after(() => outgoing.close());
  failed(
    await startCall(t, { outgoing }).exchange(settingsOf({ voice_url: 'http://nowhere.test/' })),
    webhookCodes.dns,
  );
  assert.ok(performance.now() - started < 3000);
});

test('11.1 {voice_url:"http://localhost/"}: refused by the default address policy', async (t) => {
  const outgoing = createOutgoing({ policy: {} });
  t.after(() => outgoing.close());
  failed(
    await startCall(t, { outgoing }).exchange(settingsOf({ voice_url: 'http://localhost/' })),
    webhookCodes.addressPrivate,
  );
});

test('11.3 302 → 200: followed; later relative URLs are resolved against the final URL', async (t) => {
  const server = await serve(t, (seen, reply) => {
    if (seen.path === '/b/c?x=1') twiml(seen, reply, undefined as never);
    else reply.writeHead(302, { location: '/b/c?x=1' }).end();
  });
  const call = startCall(t);
  const { documentUrl } = succeeded(await call.exchange(settingsOf({ voice_url: `${server.origin}/a` })));
  assert.equal(documentUrl, `${server.origin}/b/c?x=1`);
  assert.deepEqual(call.spans[0]?.attributes['pivot.webhook.redirects'], [`302 ${server.origin}/b/c`]);
});

test('11.3 6 redirects: failed exchange', async (t) => {
  const server = await serve(t, (seen, reply) =>
    reply.writeHead(302, { location: `${seen.path.split('?')[0]}x` }).end(),
  );
  failed(await startCall(t).exchange(settingsOf({ voice_url: `${server.origin}/` })), webhookCodes.tooManyRedirects);
});

test('11.3 <Response/>: no error', async (t) => {
  const server = await serve(t, status(200, '<Response/>'));
  const { body } = succeeded(await startCall(t).exchange(settingsOf({ voice_url: server.origin })));
  assert.equal(body.format === 'twiml' && body.document.verbs.length, 0);
});

test('5.12 the base of relative URLs has none of the parameters that Pivot adds', async (t) => {
  const server = await serve(t, twiml);
  const { documentUrl } = succeeded(
    await startCall(t).exchange(settingsOf({ voice_url: `${server.origin}/a?lang=de#f` })),
  );
  assert.equal(documentUrl, `${server.origin}/a?lang=de`);
});

test('4.8 the 11th exchange within 10 s and the 101st of a call are refused', async (t) => {
  const server = await serve(t, twiml);
  let now = 0;
  const call = startCall(t, { limiter: new ExchangeLimiter(() => now) });
  const settings = settingsOf({ voice_url: server.origin });
  for (let count = 0; count < 10; count += 1) succeeded(await call.exchange(settings));
  failed(await call.exchange(settings), webhookCodes.exchangeRate);
  now = 10_000;
  for (let count = 10; count < 100; count += 1) {
    now += 1001;
    succeeded(await call.exchange(settings));
  }
  now += 60_000;
  const outcome = failed(await call.exchange(settings), webhookCodes.exchangeTotal);
  assert.match(outcome.fault.message, /loop limit/);
  assert.equal(server.seen.length, 100);
});

test('a failed request is repeated as the settings say, with the same idempotency key', async (t) => {
  const server = await serve(t, (seen, reply, request) =>
    (server.seen.length < 3 ? status(503) : twiml)(seen, reply, request),
  );
  const call = startCall(t);
  const settings = settingsOf({ voice_url: server.origin, retries: { attempts: 2, on: ['5xx'] } });
  succeeded(await call.exchange(settings));
  assert.equal(new Set(server.seen.map((seen) => seen.headers['x-pivot-idempotency-key'])).size, 1);
  assert.deepEqual(
    call.spans.map((span) => span.attributes['http.request.resend_count']),
    [undefined, 1, 2],
  );
  assert.deepEqual(
    call.spans.map((span) => span.attributes['pivot.exchange']),
    [1, 1, 1],
  );
  assert.equal(new Set(call.spans.map((span) => span.spanContext().spanId)).size, 3);
  const repeated = events(call.root(), 'pivot.warning').filter((code) => code === webhookCodes.attemptFailed.code);
  assert.equal(repeated.length, 2, 'each repetition is a warning');
});

test('what the settings do not name is not repeated', async (t) => {
  const server = await serve(t, status(503));
  const settings = settingsOf({ voice_url: server.origin, retries: { attempts: 2, on: ['connect', 'timeout'] } });
  failed(await startCall(t).exchange(settings), webhookCodes.statusServer);
  const client = await serve(t, status(404));
  failed(
    await startCall(t).exchange(settingsOf({ voice_url: client.origin, retries: { attempts: 2 } })),
    webhookCodes.statusClient,
  );
  assert.deepEqual([server.seen.length, client.seen.length], [1, 1]);
});

test('connect and timeout are repeated too', async (t) => {
  let count = 0;
  const server = await serveTcp(t, (socket) => {
    count += 1;
    if (count === 1) socket.once('data', () => socket.destroy());
    if (count === 3) socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${TWIML}`));
  });
  const settings = settingsOf({ voice_url: server.origin, req_timeout_ms: 150, retries: { attempts: 2 } });
  succeeded(await startCall(t).exchange(settings));
  assert.equal(count, 3);
});

test('fallback_url is asked after the retries, with ErrorCode and ErrorUrl', async (t) => {
  const main = await serve(t, status(500));
  const backup = await serve(t, twiml);
  const call = startCall(t);
  const settings = settingsOf({
    voice_url: `http://u:p@127.0.0.1:${main.port}/voice`,
    method: 'post',
    fallback_url: `${backup.origin}/backup`,
    retries: { attempts: 1 },
  });
  const outcome = succeeded(await call.exchange(settings));
  assert.deepEqual([outcome.fallback, outcome.documentUrl, main.seen.length], [true, `${backup.origin}/backup`, 2]);
  const parameters = new URLSearchParams(backup.seen[0]?.body);
  assert.equal(parameters.get('ErrorCode'), webhookCodes.statusServer.code);
  assert.equal(parameters.get('ErrorUrl'), `${main.origin}/voice`);
  assert.equal(parameters.get('ErrorTraceId'), call.root()?.spanContext().traceId);
  assert.equal(parameters.get('Call-ID'), 'abc@10.0.0.5');
  assert.equal(backup.seen[0]?.headers['x-pivot-idempotency-key'], 'abc@10.0.0.5/1/fallback');
  assert.equal(call.spans[2]?.attributes['pivot.webhook.fallback'], true);
  assert.ok(events(call.root(), 'pivot.warning').includes(webhookCodes.fallbackUsed.code));
});

test('when fallback_url fails too, its fault counts', async (t) => {
  const main = await serve(t, status(500));
  const settings = settingsOf({ voice_url: main.origin, fallback_url: `http://127.0.0.1:${await closedPort()}/` });
  failed(await startCall(t).exchange(settings), webhookCodes.refused);
});

test('hanging up rejects with the reason, in a request and in a pause before a repetition', async (t) => {
  const controller = new AbortController();
  const server = await serve(t, () => controller.abort('hung up'));
  const call = startCall(t);
  await assert.rejects(
    call.exchange(settingsOf({ voice_url: server.origin }), { signal: controller.signal }),
    (error) => error === 'hung up',
  );
  await server.idle();
  assert.equal(call.spans[0]?.attributes['pivot.webhook.aborted'], true);

  const later = new AbortController();
  const failing = await serve(t, (seen, reply, request) => {
    reply.on('close', () => setImmediate(() => later.abort('hung up')));
    status(500)(seen, reply, request);
  });
  const settings = settingsOf({ voice_url: failing.origin, retries: { attempts: 5 } });
  await assert.rejects(call.exchange(settings, { signal: later.signal }), (error) => error === 'hung up');
  assert.equal(failing.seen.length, 1);
});

test('the span of an attempt: a CLIENT named by the method, with HTTP conventions, and no values without debug', async (t) => {
  const server = await serve(t, twiml);
  const call = startCall(t);
  await call.exchange(settingsOf({ voice_url: `${server.origin}/a?lang=de` }), { parameters: { Digits: '4711' } });
  const [span] = call.spans;
  assert.deepEqual([span?.name, span?.kind], ['GET', SpanKind.CLIENT]);
  const attributes = span?.attributes ?? {};
  assert.equal(attributes['http.request.method'], 'GET');
  assert.equal(attributes['url.full'], `${server.origin}/a?lang=de`);
  assert.equal(attributes['server.address'], '127.0.0.1');
  assert.equal(attributes['server.port'], server.port);
  assert.equal(attributes['network.peer.address'], '127.0.0.1');
  assert.equal(attributes['http.response.status_code'], 200);
  assert.equal(attributes['http.response.body.size'], TWIML.length);
  assert.equal(attributes['pivot.exchange'], 1);
  assert.equal(attributes['pivot.webhook.translator'], 'twiml');
  assert.ok(
    typeof attributes['pivot.webhook.connect_ms'] === 'number' &&
      typeof attributes['pivot.webhook.total_ms'] === 'number',
  );
  const text = JSON.stringify(attributes);
  for (const absent of ['4711', '1001', 'request.body"', 'response.body"', 'headers'])
    assert.ok(!text.includes(absent), absent);
});

test('debug: bodies and headers, names in lower case, values as they were', async (t) => {
  const server = await serve(t, (_seen, reply) => {
    reply.writeHead(200, { 'Content-Type': 'Text/XML', 'X-Thing': 'MiXed', 'Set-Cookie': 'sid=s3cr3t' }).end(TWIML);
  });
  const call = startCall(t);
  await call.exchange(settingsOf({ voice_url: `${server.origin}/`, method: 'post', debug: true }));
  const attributes = call.spans[0]?.attributes ?? {};
  assert.match(String(attributes['pivot.webhook.request.body']), /^Account-ID=acme&.*Call-ID=abc%4010\.0\.0\.5/);
  assert.equal(attributes['pivot.webhook.response.body'], TWIML);
  const headers = JSON.parse(String(attributes['pivot.webhook.response.headers']));
  assert.deepEqual([headers['content-type'], headers['x-thing'], headers['set-cookie']], ['Text/XML', 'MiXed', '***']);
  assert.equal(JSON.parse(String(attributes['pivot.webhook.request.headers']))['user-agent'], 'Pivot/1.2.3');
  await call.exchange(settingsOf({ voice_url: `${server.origin}/`, debug: true }));
  assert.match(String(call.spans[1]?.attributes['url.full']), /\?Account-ID=acme&/);
});

test('debug: bodies are cut at 16 KiB without breaking a character; what is no text is marked', async (t) => {
  const long = `<Response><!--${'ü'.repeat(20_000)}--></Response>`;
  const server = await serve(t, (seen, reply, request) => {
    if (seen.path === '/long') status(200, long)(seen, reply, request);
    else reply.writeHead(200).end(Buffer.from([0x89, 0x50, 0, 1]));
  });
  const call = startCall(t);
  await call.exchange(settingsOf({ voice_url: `${server.origin}/long`, method: 'post', debug: true }));
  const cut = String(call.spans[0]?.attributes['pivot.webhook.response.body']);
  assert.equal(call.spans[0]?.attributes['pivot.webhook.response.body.truncated'], true);
  assert.equal(call.spans[0]?.attributes['pivot.webhook.request.body.truncated'], undefined);
  assert.ok(Buffer.byteLength(cut) <= 16_384 && Buffer.byteLength(cut) > 16_380 && long.startsWith(cut));
  failed(
    await call.exchange(settingsOf({ voice_url: `${server.origin}/png`, method: 'post', debug: true })),
    webhookCodes.badText,
  );
  assert.equal(call.spans[1]?.attributes['pivot.webhook.response.body'], '(binary, 4 bytes)');
  assert.equal(call.spans[1]?.attributes['pivot.webhook.response.body.binary'], true);
});

test('debug: nothing of secrets, signatures, authorization, cookies', async (t) => {
  const server = await serve(t, (seen, reply) => {
    reply.writeHead(200, {
      'content-type': 'text/xml',
      'x-echo': String(seen.headers['x-api-key']),
      'set-cookie': 'sid=c00kie',
    });
    reply.end(
      `<Response><!-- ${seen.headers['x-api-key']} ${encodeURIComponent('s3cr3t/+token')} --><Play>http://a:b4d@h/x</Play></Response>`,
    );
  });
  const call = startCall(t, { cookies: new CookieJar() });
  const ref = (key: string) => ({ secretKeyRef: { namespace: 'acme', name: 'app', key } });
  const settings = settingsOf(
    {
      voice_url: `http://u:passw0rd@127.0.0.1:${server.port}/`,
      method: 'post',
      debug: true,
      custom_request_headers: [{ name: 'X-Api-Key', value: ref('token') }],
      signing: ref('hmac'),
    },
    { 'acme/app/token': 's3cr3t/+token', 'acme/app/hmac': 'hm4ckey' },
  );
  await call.exchange(settings);
  await call.exchange(settings, {
    facts: factsOf({ recording: { url: 'http://x:pwd5@r/1', sid: 'R', durationSeconds: 1 } }),
  });
  assert.equal(server.seen[1]?.headers.cookie, 'sid=c00kie');
  const trace = JSON.stringify(call.spans.map((span) => [span.attributes, span.events, span.status]));
  for (const secret of [
    's3cr3t',
    'passw0rd',
    'hm4ckey',
    'c00kie',
    'b4d',
    'pwd5',
    String(server.seen[0]?.headers['x-twilio-signature']),
  ]) {
    assert.ok(!trace.includes(secret), secret);
  }
  assert.ok(trace.includes('***'));
});

test('sensitive: digits are *** in all that is recorded, but sent', async (t) => {
  const server = await serve(t, (seen, reply) => {
    const digits = new URLSearchParams(seen.body).get('Digits') ?? 'none';
    reply.setHeader('content-type', 'text/xml').end(`<Response><Say>${digits}</Say></Response>`);
  });
  const call = startCall(t);
  const settings = settingsOf({ voice_url: server.origin, method: 'post', debug: true });
  await call.exchange(settings, { sensitive: true, parameters: { Digits: '48219' } });
  await call.exchange(settings, { sensitive: true, facts: factsOf({ collections: { pin: '77312' } }), method: 'GET' });
  assert.match(server.seen[0]?.body ?? '', /Digits=48219/);
  assert.match(server.seen[1]?.path ?? '', /Digits\[pin\]=77312/);
  const trace = JSON.stringify(call.spans.map((span) => [span.attributes, span.events]));
  assert.ok(!trace.includes('48219') && !trace.includes('77312'));
  assert.ok(trace.includes('Digits=%2A%2A%2A') || trace.includes('Digits=***'));
});

test('errors and warnings are recorded without debug, each with its code', async (t) => {
  const server = await serve(t, (seen, reply) => {
    reply.setHeader('content-type', seen.path.startsWith('/x') ? 'text/xml' : 'application/json');
    reply.end(seen.path.startsWith('/x') ? '<Response><Foo/></Response>' : '{"module": oops}');
  });
  const call = startCall(t);
  await call.exchange(settingsOf({ voice_url: `${server.origin}/x` }), {
    facts: factsOf({ variables: { CallSid: 'x' } }),
  });
  assert.equal(events(call.spans[0], 'pivot.warning')[0], webhookCodes.variableReserved.code);
  assert.equal(events(call.spans[0], 'pivot.warning').length, 2);
  failed(await call.exchange(settingsOf({ voice_url: `${server.origin}/j` })), webhookCodes.badCallflow);
  const [, span] = call.spans;
  assert.deepEqual(events(span, 'pivot.error'), [webhookCodes.badCallflow.code]);
  assert.equal(events(span, 'pivot.webhook.invalid').length, 1);
  const json = span?.events.find((event) => event.name === 'pivot.webhook.json_error')?.attributes;
  assert.equal(json?.['before'], '{"module": ');
});

test('cookies are kept for the call and the host', async (t) => {
  const server = await serve(t, (seen, reply, request) => {
    reply.setHeader('set-cookie', 'PHPSESSID=1; path=/');
    twiml(seen, reply, request);
  });
  const call = startCall(t, { cookies: new CookieJar() });
  const settings = settingsOf({ voice_url: `${server.origin}/a` });
  await call.exchange(settings);
  await call.exchange(settings);
  await startCall(t).exchange(settings);
  assert.deepEqual(
    server.seen.map((seen) => seen.headers.cookie),
    [undefined, 'PHPSESSID=1', undefined],
  );
});

test('TLS: an authority of the resource holds for its hosts', async (t) => {
  const server = await serve(t, twiml, 'localhost.crt');
  const call = startCall(t);
  const data = {
    voice_url: server.origin,
    tls: { ca_secret_ref: { secretKeyRef: { namespace: 'a', name: 'b', key: 'ca' } } },
  };
  const settings = settingsOf(data, { 'a/b/ca': pem('localhost.crt') });
  succeeded(await call.exchange(settings));
  failed(await call.exchange(settings, { url: `https://localhost:${server.port}/` }), webhookCodes.tls);
});

test('callflow JSON', async (t) => {
  const server = await serve(t, (_seen, reply) =>
    reply.setHeader('content-type', 'application/json').end('{"module":"tts","data":{"text":"x"}}'),
  );
  const call = startCall(t);
  const { body } = succeeded(await call.exchange(settingsOf({ voice_url: server.origin })));
  assert.equal(body.format === 'callflow' && body.flow.module, 'tts');
  assert.equal(call.spans[0]?.attributes['pivot.webhook.translator'], 'callflow');
});

test('a URL that cannot be asked is a fault, not a throw', async (t) => {
  const call = startCall(t);
  const settings = settingsOf({ voice_url: 'http://127.0.0.1/' });
  failed(await call.exchange(settings, { url: 'mailto:x' }), webhookCodes.badUrl);
  failed(await call.exchange(settings, { url: '::' }), webhookCodes.badUrl);
});
