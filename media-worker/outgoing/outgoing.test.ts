import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { createOutgoing, type OutgoingOptions } from './client.ts';
import { CookieJar } from './cookies.ts';
import { closedPort, type Handler, pem, rawAnswer, serve, serveTcp } from './testing/servers.ts';
import type { Outgoing, OutgoingRequest, OutgoingResult } from './types.ts';

function outgoingFor(t: TestContext, options: Partial<OutgoingOptions> = {}): Outgoing {
  const outgoing = createOutgoing({ policy: { allowPrivate: true }, ...options });
  t.after(() => outgoing.close());
  return outgoing;
}

function ask(outgoing: Outgoing, url: string, more: Partial<OutgoingRequest> = {}): Promise<OutgoingResult> {
  return outgoing.request({ method: 'GET', url, timeoutMs: 2000, ...more });
}

function response(result: OutgoingResult): Extract<OutgoingResult, { ok: true }> {
  assert.ok(result.ok, result.ok ? '' : `${result.fault.code} ${result.fault.message}`);
  return result;
}

function failure(result: OutgoingResult, entry: { readonly code: string }): Extract<OutgoingResult, { ok: false }> {
  assert.ok(!result.ok);
  assert.equal(result.fault.code, entry.code, result.fault.message);
  return result;
}

const answer =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): Handler =>
  (_seen, reply) => {
    reply.writeHead(status, headers);
    reply.end(body);
  };

test('a request and its response, with timings and peer', async (t) => {
  const server = await serve(t, (seen, reply) => reply.end(`${seen.method} ${seen.path} ${seen.body}`));
  const outgoing = outgoingFor(t);
  const { response: got, trail } = response(
    await ask(outgoing, `${server.origin}/p?a=1#fragment`, { method: 'POST', body: 'x=1', headers: { 'X-A': 'b' } }),
  );
  assert.equal(got.status, 200);
  assert.equal(got.body.toString(), 'POST /p?a=1 x=1');
  assert.equal(server.seen[0]?.headers['x-a'], 'b');
  assert.equal(trail.url, `${server.origin}/p?a=1`);
  assert.deepEqual(trail.peer, { address: '127.0.0.1', port: server.port });
  assert.equal(trail.reused, false);
  assert.ok(
    trail.timings.connectMs !== undefined && trail.timings.firstByteMs !== undefined && trail.timings.totalMs > 0,
  );
});

test('a kept connection is used again', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const outgoing = outgoingFor(t);
  await ask(outgoing, server.origin);
  const { trail } = response(await ask(outgoing, server.origin));
  assert.equal(trail.reused, true);
  assert.equal(trail.timings.connectMs, undefined);
  assert.equal(server.connections, 1);
  assert.deepEqual(outgoing.stats, { busy: 0, idle: 1, waiting: 0 });
});

test('a kept connection that the server has closed is replaced without the caller noticing', async (t) => {
  let count = 0;
  const server = await serveTcp(t, (socket) => {
    count += 1;
    const mine = count;
    socket.on('data', () => {
      // The first connection answers once and resets on the second request.
      if (mine === 1 && socket.bytesWritten > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
    });
  });
  const outgoing = outgoingFor(t);
  response(await ask(outgoing, server.origin));
  const { trail } = response(await ask(outgoing, server.origin, { method: 'POST', body: 'a', replayable: true }));
  assert.equal(trail.reused, false);
  assert.equal(count, 2);
});

test('a POST that may not be replayed fails instead', async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.on('data', () => {
      if (socket.bytesWritten > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
    });
  });
  const outgoing = outgoingFor(t);
  response(await ask(outgoing, server.origin));
  const lost = failure(await ask(outgoing, server.origin, { method: 'POST', body: 'a' }), webhookCodes.lost);
  assert.deepEqual(lost.retryOn, ['connect']);
});

test('a slow host holds up only those who ask it', async (t) => {
  const slow = await serve(t, () => {});
  const quick = await serve(t, answer(200, {}, 'x'));
  const outgoing = outgoingFor(t, { connectionsPerOrigin: 2 });
  const waiting = [300, 300, 100, 100, 100].map((timeoutMs) => ask(outgoing, slow.origin, { timeoutMs }));
  response(await ask(outgoing, quick.origin, { timeoutMs: 100 }));
  const codes = (await Promise.all(waiting)).map((result) => (result.ok ? 'ok' : result.fault.code)).sort();
  const { deadline, queue } = webhookCodes;
  assert.deepEqual(codes, [deadline.code, deadline.code, queue.code, queue.code, queue.code]);
  assert.deepEqual(outgoing.stats, { busy: 0, idle: 1, waiting: 0 });
});

test('requests past the limit of connections wait their turn', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const outgoing = outgoingFor(t, { connectionsPerOrigin: 2 });
  const results = await Promise.all(Array.from({ length: 20 }, () => ask(outgoing, server.origin)));
  assert.ok(results.every((result) => result.ok));
  assert.equal(server.connections, 2);
});

test('URL credentials become Basic, percent-decoded, and appear nowhere else', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const url = `http://us%40er:p%3Aass%C3%A9@127.0.0.1:${server.port}/`;
  const { trail } = response(await ask(outgoingFor(t), url));
  assert.equal(server.seen[0]?.headers.authorization, `Basic ${Buffer.from('us@er:p:assé').toString('base64')}`);
  assert.equal(trail.url, `${server.origin}/`);
});

// Failures of the connection

test('refused', async (t) => {
  const port = await closedPort();
  const refused = failure(await ask(outgoingFor(t), `http://127.0.0.1:${port}/`), webhookCodes.refused);
  assert.deepEqual(refused.retryOn, ['connect']);
});

test('refused at every address of a name', async (t) => {
  const port = await closedPort();
  const lookup = async () => [
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.2', family: 4 },
  ];
  failure(await ask(outgoingFor(t, { lookup }), `http://web.test:${port}/`), webhookCodes.refused);
});

test('an address that refuses gives way to the next of the name', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const lookup = async () => [
    { address: '127.0.0.2', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ];
  assert.equal(
    response(await ask(outgoingFor(t, { lookup }), `http://web.test:${server.port}/`)).trail.peer?.address,
    '127.0.0.1',
  );
});

test('a name that does not exist', async (t) => {
  const lookup = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
  const result = failure(await ask(outgoingFor(t, { lookup }), 'http://nowhere.test/'), webhookCodes.dns);
  assert.match(result.fault.message, /nowhere\.test .*ENOTFOUND/);
  assert.deepEqual(result.retryOn, ['connect']);
});

test('a name server that never answers ends at the deadline', async (t) => {
  const result = await ask(outgoingFor(t, { lookup: () => new Promise(() => {}) }), 'http://slow.test/', {
    timeoutMs: 50,
  });
  assert.match(failure(result, webhookCodes.dns).fault.message, /within 50 ms/);
});

test('malformed URLs and other schemes', async (t) => {
  const outgoing = outgoingFor(t);
  for (const url of [
    'ftp://x/',
    'http://',
    '/relative',
    'http://[fe80::1%25eth0]/',
    'http://a b/',
    'file:///etc/passwd',
    'http://h:99999/',
  ]) {
    failure(await ask(outgoing, url), webhookCodes.badUrl);
  }
});

test('a header that HTTP does not allow', async (t) => {
  const server = await serve(t, answer(200));
  failure(await ask(outgoingFor(t), server.origin, { headers: { 'x-a': 'b\r\nc: d' } }), webhookCodes.badRequest);
});

// TLS

test('TLS with a certificate of an authority that the request names', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'), 'localhost.crt');
  const { trail } = response(await ask(outgoingFor(t), server.origin, { tls: { ca: pem('localhost.crt') } }));
  assert.ok(trail.timings.tlsMs !== undefined && trail.timings.tlsMs > 0);
});

test('TLS failures: unknown authority, wrong name, expired', async (t) => {
  const outgoing = outgoingFor(t);
  const selfSigned = await serve(t, answer(200), 'localhost.crt');
  assert.match(failure(await ask(outgoing, selfSigned.origin), webhookCodes.tls).fault.message, /self-signed/);
  const otherName = await serve(t, answer(200), 'other-name.crt');
  const wrong = await ask(outgoing, otherName.origin, { tls: { ca: pem('other-name.crt') } });
  assert.match(failure(wrong, webhookCodes.tls).fault.message, /altnames|ALTNAME/);
  const expired = await serve(t, answer(200), 'expired.crt');
  assert.match(
    failure(await ask(outgoing, expired.origin, { tls: { ca: pem('expired.crt') } }), webhookCodes.tls).fault.message,
    /expired/,
  );
});

test('TLS unverified only where the request says so, also after a connection that was not verified', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'), 'localhost.crt');
  const outgoing = outgoingFor(t);
  response(await ask(outgoing, server.origin, { tls: { insecure: true } }));
  failure(await ask(outgoing, server.origin), webhookCodes.tls);
});

test('a TLS connection is kept, and its session taken up by the next', async (t) => {
  const server = await serve(
    t,
    (seen, reply) => reply.setHeader('connection', seen.path === '/' ? 'keep-alive' : 'close').end('x'),
    'localhost.crt',
  );
  const outgoing = outgoingFor(t);
  const tls = { ca: pem('localhost.crt') };
  response(await ask(outgoing, `${server.origin}/`, { tls }));
  assert.equal(response(await ask(outgoing, `${server.origin}/close`, { tls })).trail.reused, true);
  assert.equal(response(await ask(outgoing, `${server.origin}/`, { tls })).trail.reused, false);
  assert.equal(server.connections, 2);
});

test('a reset within the TLS handshake', async (t) => {
  const server = await serveTcp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const result = failure(await ask(outgoingFor(t), `https://127.0.0.1:${server.port}/`), webhookCodes.tls);
  assert.deepEqual(result.retryOn, ['connect']);
});

test('https asked of a plain HTTP port', async (t) => {
  const server = await serve(t, answer(200));
  failure(await ask(outgoingFor(t), `https://127.0.0.1:${server.port}/`), webhookCodes.tls);
});

test('a TLS handshake that never ends is a connect timeout', async (t) => {
  const server = await serveTcp(t, () => {});
  failure(
    await ask(outgoingFor(t), `https://127.0.0.1:${server.port}/`, { timeoutMs: 80 }),
    webhookCodes.connectTimeout,
  );
});

// Hostile servers

test('never answering ends at the deadline, and the socket is gone', async (t) => {
  const server = await serve(t, () => {});
  const result = failure(await ask(outgoingFor(t), server.origin, { timeoutMs: 80 }), webhookCodes.deadline);
  assert.deepEqual(result.retryOn, ['timeout']);
  assert.ok(result.trail.timings.totalMs < 1000);
  await server.idle();
});

test('one byte at a time ends at the deadline', async (t) => {
  const server = await serveTcp(t, (socket) => {
    const bytes = `HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(1000)}`;
    let at = 0;
    const timer = setInterval(() => socket.write(bytes[at++] ?? 'x'), 2);
    socket.on('close', () => clearInterval(timer));
  });
  failure(await ask(outgoingFor(t), server.origin, { timeoutMs: 250 }), webhookCodes.deadline);
  await server.idle();
});

test('10 MB, declared or not, is refused past the limit and not read to its end', async (t) => {
  const block = Buffer.alloc(65_536, 0x20);
  let written = 0;
  const server = await serve(t, (seen, reply) => {
    if (seen.path === '/declared') reply.setHeader('content-length', 10 * 1024 * 1024);
    const more = (): void => {
      while (written < 10 * 1024 * 1024) {
        written += block.length;
        if (!reply.write(block)) {
          reply.once('drain', more);
          return;
        }
      }
      reply.end();
    };
    more();
  });
  const outgoing = outgoingFor(t);
  failure(await ask(outgoing, `${server.origin}/declared`), webhookCodes.tooLarge);
  written = 0;
  failure(await ask(outgoing, `${server.origin}/chunked`), webhookCodes.tooLarge);
  await server.idle();
  assert.ok(written < 10 * 1024 * 1024, `${written} bytes were taken`);
});

test('exactly the limit is fine', async (t) => {
  const server = await serve(t, answer(200, {}, Buffer.alloc(1000)));
  const { response: got } = response(await ask(outgoingFor(t), server.origin, { maxBytes: 1000 }));
  assert.equal(got.body.length, 1000);
  failure(await ask(outgoingFor(t), server.origin, { maxBytes: 999 }), webhookCodes.tooLarge);
});

for (const [name, encode] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
] as const) {
  test(`${name} is undone (${encode.name})`, async (t) => {
    const server = await serve(t, answer(200, { 'content-encoding': name }, encode(Buffer.from('<Response/>'))));
    const { response: got } = response(await ask(outgoingFor(t), server.origin));
    assert.equal(got.body.toString(), '<Response/>');
  });

  test(`a ${name} bomb is refused (${encode.name})`, async (t) => {
    const bomb = encode(Buffer.alloc(50 * 1024 * 1024));
    const server = await serve(t, answer(200, { 'content-encoding': name }, bomb));
    failure(await ask(outgoingFor(t), server.origin), webhookCodes.bomb);
  });
}

test('a bomb within a bomb, an unknown encoding and a corrupt body', async (t) => {
  const outgoing = outgoingFor(t);
  const nested = await serve(
    t,
    answer(200, { 'content-encoding': 'gzip, gzip' }, gzipSync(gzipSync(Buffer.alloc(50 * 1024 * 1024)))),
  );
  failure(await ask(outgoing, nested.origin), webhookCodes.bomb);
  const unknown = await serve(t, answer(200, { 'content-encoding': 'zstd' }, 'x'));
  failure(await ask(outgoing, unknown.origin), webhookCodes.unknownEncoding);
  const many = await serve(t, answer(200, { 'content-encoding': 'gzip, gzip, gzip' }, 'x'));
  failure(await ask(outgoing, many.origin), webhookCodes.unknownEncoding);
  const corrupt = await serve(t, answer(200, { 'content-encoding': 'gzip' }, '<Response/>'));
  failure(await ask(outgoing, corrupt.origin), webhookCodes.badEncoding);
  const short = await serve(t, answer(200, { 'content-encoding': 'gzip' }, gzipSync('<Response/>').subarray(0, 20)));
  failure(await ask(outgoing, short.origin), webhookCodes.badEncoding);
});

const HOSTILE: readonly [name: string, bytes: string, code: { readonly code: string }][] = [
  ['a body shorter than Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort', webhookCodes.truncated],
  [
    'a chunked body that stops',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    webhookCodes.truncated,
  ],
  ['a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n', webhookCodes.protocol],
  [
    'Content-Length and chunked together',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    webhookCodes.truncated,
  ],
  [
    'two different Content-Length',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    webhookCodes.truncated,
  ],
  ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', webhookCodes.protocol],
  ['a garbage header', 'HTTP/1.1 200 OK\r\n\x00\x01garbage\r\n\r\n', webhookCodes.protocol],
  [
    '16 KiB of headers',
    `HTTP/1.1 200 OK\r\n${`X-A: ${'a'.repeat(1000)}\r\n`.repeat(20)}\r\n`,
    webhookCodes.headersTooLarge,
  ],
  [
    '16 KiB of trailers',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n${`X-A: ${'a'.repeat(1000)}\r\n`.repeat(20)}\r\n`,
    webhookCodes.headersTooLarge,
  ],
  [
    'an upgrade that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    webhookCodes.protocol,
  ],
  ['an empty answer', '', webhookCodes.lost],
  ['half a status line', 'HTTP/1.1 2', webhookCodes.lost],
];
for (const [name, bytes, entry] of HOSTILE) {
  test(`hostile: ${name}`, async (t) => {
    const server = await serveTcp(
      t,
      bytes === '' ? (socket) => socket.once('data', () => socket.end()) : rawAnswer(bytes),
    );
    failure(await ask(outgoingFor(t), server.origin), entry);
    await server.idle();
  });
}

test('hostile: a reset before and within the response', async (t) => {
  const outgoing = outgoingFor(t);
  const before = await serveTcp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  failure(await ask(outgoing, before.origin), webhookCodes.lost);
  const within = await serveTcp(
    t,
    rawAnswer('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort', (socket) => socket.resetAndDestroy()),
  );
  const result = await ask(outgoing, within.origin);
  // A reset may overtake the bytes before it.
  assert.ok(!result.ok && [webhookCodes.truncated.code, webhookCodes.lost.code].includes(result.fault.code as never));
});

test('a body longer than Content-Length: what was declared counts, and the connection is not used again', async (t) => {
  const server = await serveTcp(
    t,
    rawAnswer('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n', () => {}),
  );
  const outgoing = outgoingFor(t);
  assert.equal(response(await ask(outgoing, server.origin)).response.body.toString(), 'hello');
  await server.idle();
  assert.equal(outgoing.stats.idle, 0);
});

test('interim responses are passed over', async (t) => {
  const bytes = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
  const server = await serveTcp(t, rawAnswer(bytes));
  assert.equal(response(await ask(outgoingFor(t), server.origin)).response.status, 200);
});

test('an error status is told although its body is too large or never ends', async (t) => {
  const server = await serve(t, (seen, reply) => {
    reply.writeHead(500);
    if (seen.path === '/large') reply.end(Buffer.alloc(1024 * 1024));
    else reply.write('half');
  });
  const outgoing = outgoingFor(t);
  const large = response(await ask(outgoing, `${server.origin}/large`));
  assert.deepEqual([large.response.status, large.response.partial], [500, true]);
  const slow = response(await ask(outgoing, `${server.origin}/slow`, { timeoutMs: 80 }));
  assert.deepEqual([slow.response.status, slow.response.partial, slow.response.body.toString()], [500, true, 'half']);
});

// Giving up

test('aborting rejects with the reason and destroys the socket', async (t) => {
  const controller = new AbortController();
  const reason = { cause: 'ORIGINATOR_CANCEL' };
  const server = await serve(t, () => controller.abort(reason));
  await assert.rejects(ask(outgoingFor(t), server.origin, { signal: controller.signal }), (error) => error === reason);
  await server.idle();
});

test('aborting while the body comes, while connecting and before the start', async (t) => {
  const outgoing = outgoingFor(t);
  const body = new AbortController();
  const server = await serve(t, (_seen, reply) => {
    reply.write('half', () => body.abort('gone'));
  });
  await assert.rejects(ask(outgoing, server.origin, { signal: body.signal }), (error) => error === 'gone');
  await server.idle();

  const handshake = new AbortController();
  const tls = await serveTcp(t, (socket) => socket.once('data', () => handshake.abort('gone')));
  const url = `https://127.0.0.1:${tls.port}/`;
  await assert.rejects(ask(outgoing, url, { signal: handshake.signal }), (error) => error === 'gone');
  await tls.idle();

  const resolving = new AbortController();
  const slow = outgoingFor(t, {
    lookup: () => {
      resolving.abort('gone');
      return new Promise(() => {});
    },
  });
  await assert.rejects(ask(slow, 'http://slow.test/', { signal: resolving.signal }), (error) => error === 'gone');
  await assert.rejects(
    ask(outgoing, server.origin, { signal: AbortSignal.abort('gone') }),
    (error) => error === 'gone',
  );
  assert.deepEqual([outgoing.stats.busy, slow.stats.busy], [0, 0]);
});

test('nothing is left of a hundred requests that were given up at every stage', async (t) => {
  const count = (): number =>
    process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TLS|Timeout/.test(kind)).length;
  const silent = await serveTcp(t, (socket) => socket.resume());
  const outgoing = createOutgoing({
    policy: { allowPrivate: true },
    connectionsPerOrigin: 5,
    lookup: () => new Promise(() => {}),
  });
  const before = count();
  const urls = [`${silent.origin}/`, `https://127.0.0.1:${silent.port}/`, 'http://never.test/', 'https://never.test/'];
  const requests = Array.from({ length: 100 }, (_, index) => {
    const signal = AbortSignal.timeout(20 + index);
    return ask(outgoing, urls[index % urls.length]!, index % 2 === 0 ? { timeoutMs: 20 + index } : { signal }).catch(
      () => {},
    );
  });
  await Promise.all(requests);
  await silent.idle();
  assert.deepEqual(outgoing.stats, { busy: 0, idle: 0, waiting: 0 });
  await outgoing.close();
  // A destroyed socket leaves the event loop in one of its next turns.
  for (let turn = 0; turn < 1000 && count() > before; turn += 1) await nextTurn();
  assert.ok(count() <= before, process.getActiveResourcesInfo().join(' '));
});

test('closing ends what is under way and refuses what comes after', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const server = await serve(t, () => resolve());
  const outgoing = outgoingFor(t);
  const pending = ask(outgoing, server.origin);
  await asked;
  await outgoing.close();
  failure(await pending, webhookCodes.closed);
  failure(await ask(outgoing, server.origin), webhookCodes.closed);
  await server.idle();
});

// Redirects

for (const [status, method, expected, body] of [
  [301, 'GET', 'GET', ''],
  [302, 'POST', 'GET', ''],
  [303, 'POST', 'GET', ''],
  [307, 'GET', 'GET', ''],
  [307, 'POST', 'POST', 'a=1'],
  [308, 'POST', 'POST', 'a=1'],
] as const) {
  test(`${status} to ${method} is followed with ${expected}`, async (t) => {
    const server = await serve(t, (seen, reply) => {
      if (seen.path === '/dir/b?x=1') reply.end('x');
      else reply.writeHead(status, { location: 'b?x=1#f' }).end('moved');
    });
    const more =
      method === 'POST' ? { body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } } : {};
    const { trail } = response(await ask(outgoingFor(t), `${server.origin}/dir/a`, { method, ...more }));
    assert.deepEqual([server.seen[1]?.method, server.seen[1]?.body], [expected, body]);
    assert.equal(
      server.seen[1]?.headers['content-type'],
      body === '' ? undefined : 'application/x-www-form-urlencoded',
    );
    assert.deepEqual(trail.redirects, [{ status, from: `${server.origin}/dir/a`, to: `${server.origin}/dir/b?x=1` }]);
    assert.equal(trail.url, `${server.origin}/dir/b?x=1`);
    assert.equal(trail.method, expected);
    assert.equal(server.connections, 1);
  });
}

test('a stream is sent anew after 307', async (t) => {
  const server = await serve(t, (seen, reply) => {
    if (seen.path === '/b') reply.end();
    else reply.writeHead(307, { location: '/b' }).end();
  });
  const body = () => Readable.from([Buffer.from('one '), Buffer.from('two')]);
  response(await ask(outgoingFor(t), `${server.origin}/a`, { method: 'PUT', body }));
  assert.deepEqual(
    server.seen.map((seen) => `${seen.method} ${seen.body}`),
    ['PUT one two', 'PUT one two'],
  );
});

test('five redirects are followed, six are not; a circle is told from a long way', async (t) => {
  const server = await serve(t, (seen, reply) => {
    const [, kind, count] = /^\/(way|circle)(\d+)$/.exec(seen.path) ?? [];
    if (count === '0') reply.end('x');
    else
      reply
        .writeHead(302, { location: kind === 'way' ? `/way${Number(count) - 1}` : `/circle${count === '1' ? 2 : 1}` })
        .end();
  });
  const outgoing = outgoingFor(t);
  assert.equal(response(await ask(outgoing, `${server.origin}/way5`)).trail.redirects.length, 5);
  const six = failure(await ask(outgoing, `${server.origin}/way6`), webhookCodes.tooManyRedirects);
  assert.equal(six.trail.redirects.length, 6);
  failure(await ask(outgoing, `${server.origin}/circle1`), webhookCodes.redirectLoop);
});

test('redirects without a usable Location', async (t) => {
  const outgoing = outgoingFor(t);
  for (const headers of [{}, { location: 'ftp://x/' }, { location: 'http://' }]) {
    const server = await serve(t, answer(302, headers));
    failure(await ask(outgoing, server.origin), webhookCodes.badRedirect);
  }
});

test('custom headers, authorization, signatures and cookies stay at the first origin', async (t) => {
  const other = await serve(t, answer(200, {}, 'x'));
  const first = await serve(t, (seen, reply) => {
    if (seen.path === '/a') reply.writeHead(307, { location: '/b', 'set-cookie': 'sid=1' }).end();
    else reply.writeHead(307, { location: `${other.origin}/c` }).end();
  });
  const signed: string[] = [];
  const { trail } = response(
    await ask(outgoingFor(t), `http://u:p@127.0.0.1:${first.port}/a`, {
      headers: { 'x-common': '1' },
      originHeaders: { 'x-key': 'k' },
      sign: (hop) => {
        signed.push(hop.url);
        return { 'x-signature': 's' };
      },
      cookies: new CookieJar(),
    }),
  );
  const names = ['x-common', 'x-key', 'authorization', 'x-signature', 'cookie'] as const;
  const at = (headers: NodeJS.Dict<string | string[]> | undefined) => names.map((name) => headers?.[name]);
  assert.deepEqual(at(first.seen[0]?.headers), ['1', 'k', 'Basic dTpw', 's', undefined]);
  assert.deepEqual(at(first.seen[1]?.headers), ['1', 'k', 'Basic dTpw', 's', 'sid=1']);
  // Cookies are kept by host, as RFC 6265 says, and both servers are 127.0.0.1.
  assert.deepEqual(at(other.seen[0]?.headers), ['1', undefined, undefined, undefined, 'sid=1']);
  assert.deepEqual(signed, [`${first.origin}/a`, `${first.origin}/b`]);
  assert.ok(!JSON.stringify(trail.redirects).includes('u:p'));
});

test('the deadline covers all hops together', async (t) => {
  const server = await serve(t, (seen, reply) => {
    setTimeout(() => reply.writeHead(302, { location: `${seen.path}a` }).end(), 40);
  });
  const result = failure(await ask(outgoingFor(t), `${server.origin}/`, { timeoutMs: 100 }), webhookCodes.deadline);
  assert.ok(result.trail.redirects.length >= 1);
});

test('Retry-After is not obeyed', async (t) => {
  const server = await serve(t, answer(503, { 'retry-after': '1' }));
  assert.equal(response(await ask(outgoingFor(t), server.origin)).response.status, 503);
  assert.equal(server.seen.length, 1);
});

// Address policy on the way

test('addresses are judged as resolved, at connect time, and never resolved again', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  let lookups = 0;
  const lookup = async () => {
    lookups += 1;
    // A rebinding name server: the second answer differs.
    return [{ address: lookups === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }];
  };
  const outgoing = outgoingFor(t, { lookup });
  response(await ask(outgoing, `http://rebind.test:${server.port}/`));
  assert.equal(lookups, 1);
  await outgoing.close();
  failure(await ask(outgoingFor(t, { lookup }), `http://rebind.test:${server.port}/`), webhookCodes.addressForbidden);
});

test('of several addresses only the allowed ones are used', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const lookup = async () => [
    { address: '169.254.169.254', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ];
  const { trail } = response(await ask(outgoingFor(t, { lookup }), `http://web.test:${server.port}/`));
  assert.equal(trail.peer?.address, '127.0.0.1');
});

test('private addresses are refused unless allowed, by name, number and redirect', async (t) => {
  const server = await serve(t, answer(302, { location: 'http://169.254.169.254/latest/meta-data/' }));
  const closed = outgoingFor(t, { policy: {} });
  const { port } = server;
  for (const url of [
    `http://localhost:${port}/`,
    `http://127.0.0.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f.1:${port}/`,
    `http://0177.0.0.1:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://0:${port}/`,
  ]) {
    failure(await ask(closed, url), webhookCodes.addressPrivate);
  }
  assert.equal(server.connections, 0);
  const open = outgoingFor(t);
  const redirected = failure(await ask(open, server.origin), webhookCodes.redirectForbidden);
  assert.match(redirected.fault.message, /169\.254\.169\.254/);
  failure(
    await ask(outgoingFor(t, { policy: { allowPrivate: true, deny: ['127.0.0.0/8'] } }), server.origin),
    webhookCodes.addressDenied,
  );
});

test('a second request over a kept connection is judged by the same policy: the connection is to a judged address', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const outgoing = outgoingFor(t, { policy: { allow: ['127.0.0.1'] } });
  response(await ask(outgoing, server.origin));
  response(await ask(outgoing, server.origin));
  // The server is there for others, too.
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(server.port, '127.0.0.1', () => resolve());
  await promise;
  socket.destroy();
});

test('a policy that comes while connections are kept counts for the next request', async (t) => {
  const server = await serve(t, answer(200, {}, 'x'));
  const outgoing = outgoingFor(t);
  response(await ask(outgoing, server.origin));
  outgoing.setPolicy({ allowPrivate: true, deny: ['127.0.0.0/8'] });
  failure(await ask(outgoing, server.origin), webhookCodes.addressDenied);
  assert.throws(() => outgoing.setPolicy({ allow: ['not a network/'] }), RangeError);
  failure(await ask(outgoing, server.origin), webhookCodes.addressDenied);
  outgoing.setPolicy({ allowPrivate: true });
  response(await ask(outgoing, server.origin));
});
