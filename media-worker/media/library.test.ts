import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { CallSpan } from '../telemetry/span.ts';
import type { Preparation } from './library.ts';
import { describeSound } from './sound.ts';
import { amplitudeAt, createRig, samplesOf, serve, sine, testdata } from './testing.ts';
import { writeWav } from './wav.ts';

const TONE = Buffer.from(writeWav(sine(440, 16_000, 0.5), 16_000));
const OTHER = Buffer.from(writeWav(sine(880, 16_000, 0.5), 16_000));

function done(result: Preparation): Extract<Preparation, { ok: true }> {
  assert.ok(result.ok, result.ok ? '' : `${result.fault.code} ${result.fault.message}`);
  return result;
}

function refused(result: Preparation, code: string, message?: RegExp): void {
  assert.ok(!result.ok, 'it was prepared');
  assert.equal(result.fault.code, code, result.fault.message);
  if (message !== undefined) assert.match(result.fault.message, message);
}

async function toneIn(reference: string): Promise<number> {
  const { samples, rate } = samplesOf(await readFile(reference));
  assert.equal(rate, 8000);
  return [440, 880, 1000].find((hertz) => amplitudeAt(samples, rate, hertz) > 0.3) ?? 0;
}

const codes = (result: Preparation): string[] => done(result).warnings.map(({ code }) => code);

test('a wav and an mp3 of a web server become files that FreeSWITCH can open', async (t) => {
  const mp3 = await testdata('tone-1000-stereo-44100-vbr.mp3');
  const server = await serve(t, (request, response) => response.end(request.url === '/a.mp3' ? mp3 : TONE));
  const rig = await createRig(t);
  const wav = done(await rig.prepare({ kind: 'url', url: `${server.url}/a.wav` }));
  assert.equal(await toneIn(wav.prepared.reference), 440);
  assert.deepEqual([wav.prepared.cached, wav.prepared.durationMs], [false, 500]);
  const second = done(await rig.prepare({ kind: 'url', url: `${server.url}/a.mp3` }));
  assert.equal(await toneIn(second.prepared.reference), 1000);
});

test('with a media URL the reference is an address instead of a path', async (t) => {
  const server = await serve(t, (_request, response) => response.end(TONE));
  const rig = await createRig(t, { mediaUrl: 'http://10.0.0.1:8080/sounds/' });
  const { prepared } = done(await rig.prepare({ kind: 'url', url: server.url }));
  assert.ok(prepared.reference.startsWith('http://10.0.0.1:8080/sounds/url-'));
  assert.ok(existsSync(join(rig.folder, basename(prepared.reference))));
});

test('a copy is used while it is fresh, then checked by its validators', async (t) => {
  let [body, tag] = [TONE, '"one"'];
  const server = await serve(t, (request, response) => {
    response.setHeader('etag', tag).setHeader('cache-control', 'max-age=60');
    if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
    else response.end(body);
  });
  let now = Date.now();
  const rig = await createRig(t, { now: () => now });
  const sound = { kind: 'url', url: `${server.url}/a.wav` } as const;
  const first = done(await rig.prepare(sound)).prepared;
  assert.equal(done(await rig.prepare(sound)).prepared.cached, true);
  assert.equal(server.requests.length, 1);

  now += 61_000;
  const checked = done(await rig.prepare(sound)).prepared;
  assert.deepEqual([checked.cached, checked.reference], [true, first.reference]);
  assert.deepEqual([server.requests.length, server.requests[1]?.headers['if-none-match']], [2, '"one"']);
  assert.equal(done(await rig.prepare(sound)).prepared.cached, true);
  assert.equal(server.requests.length, 2, 'the 304 made it fresh again');

  now += 61_000;
  [body, tag] = [OTHER, '"two"'];
  const changed = done(await rig.prepare(sound)).prepared;
  assert.equal(changed.cached, false);
  assert.equal(await toneIn(changed.reference), 880);
  assert.equal(await toneIn(first.reference), 440, 'who was told the old file can still play it');
});

test('Last-Modified alone is a validator too', async (t) => {
  const date = 'Wed, 01 Jan 2025 00:00:00 GMT';
  const server = await serve(t, (request, response) => {
    response.setHeader('last-modified', date);
    if (request.headers['if-modified-since'] === date) response.writeHead(304).end();
    else response.end(TONE);
  });
  const rig = await createRig(t);
  assert.equal(done(await rig.prepare({ kind: 'url', url: server.url })).prepared.cached, false);
  assert.equal(done(await rig.prepare({ kind: 'url', url: server.url })).prepared.cached, true);
});

test('no-store is fetched each time, and the file goes when the library closes', async (t) => {
  const server = await serve(t, (_request, response) => response.setHeader('cache-control', 'no-store').end(TONE));
  const rig = await createRig(t);
  const first = done(await rig.prepare({ kind: 'url', url: server.url })).prepared;
  const second = done(await rig.prepare({ kind: 'url', url: server.url })).prepared;
  assert.notEqual(first.reference, second.reference);
  assert.deepEqual([first.cached, second.cached, server.requests.length], [false, false, 2]);
  await rig.library.close();
  assert.deepEqual(await readdir(rig.folder), []);
});

test('when the server fails an older copy is played, with a warning; when the sound is gone it is not', async (t) => {
  let answer: (response: ServerResponse) => void = (response) => response.end(TONE);
  const server = await serve(t, (_request, response) => answer(response));
  const rig = await createRig(t);
  const sound = { kind: 'url', url: `${server.url}/a.wav` } as const;
  assert.deepEqual(codes(await rig.prepare(sound)), []);
  answer = (response) => response.writeHead(503).end();
  assert.deepEqual(codes(await rig.prepare(sound)), ['PV-1507']);
  answer = (response) => response.destroy();
  assert.deepEqual(codes(await rig.prepare(sound)), ['PV-1507']);
  answer = (response) => response.writeHead(404).end();
  refused(await rig.prepare(sound), 'PV-1502', /answered 404/);
  answer = (response) => response.writeHead(503).end();
  refused(await rig.prepare(sound), 'PV-1502', /answered 503/);
});

test('must-revalidate forbids the older copy, and so does its age', async (t) => {
  let up = true;
  const server = await serve(t, (request, response) => {
    if (request.url === '/strict') response.setHeader('cache-control', 'must-revalidate');
    if (up) response.end(TONE);
    else response.destroy();
  });
  let now = Date.now();
  const rig = await createRig(t, { now: () => now });
  done(await rig.prepare({ kind: 'url', url: `${server.url}/strict` }));
  done(await rig.prepare({ kind: 'url', url: `${server.url}/old` }));
  up = false;
  refused(await rig.prepare({ kind: 'url', url: `${server.url}/strict` }), 'PV-1502');
  now += 8 * 24 * 3_600_000;
  refused(await rig.prepare({ kind: 'url', url: `${server.url}/old` }), 'PV-1502');
});

test('what is not sound, too large, too slow or endless becomes a coded fault', async (t) => {
  const server = await serve(t, (request, response) => {
    switch (request.url) {
      case '/page':
        response.setHeader('content-type', 'audio/wav').end('<html><title>Log in</title></html>');
        break;
      case '/large':
        response.end(Buffer.alloc(11 * 1024 * 1024));
        break;
      case '/endless': {
        const more = (): boolean => response.write(Buffer.alloc(65_536));
        response.on('drain', more);
        more();
        break;
      }
      case '/slow': {
        response.write('RIFF');
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
        break;
      }
      case '/loop':
        response.writeHead(302, { location: '/loop' }).end();
        break;
      case '/metadata':
        response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end();
        break;
      case '/bomb':
        response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(50 * 1024 * 1024)));
        break;
      case '/zip':
        response.end(gzipSync(Buffer.alloc(1000)));
        break;
      case '/short':
        response.writeHead(200, { 'content-length': '100000' });
        response.write(TONE.subarray(0, 1000), () => response.destroy());
        break;
      case '/damaged':
        response.end(Buffer.concat([TONE.subarray(0, 34), Buffer.from([7, 0]), TONE.subarray(36)]));
        break;
      case '/hours':
        response.end(writeWav(new Int16Array(4_000_000), 1000));
        break;
      default:
        response.writeHead(418).end();
    }
  });
  const rig = await createRig(t, { limits: { fetchMs: 1000 } });
  const ask = (path: string): Promise<Preparation> => rig.prepare({ kind: 'url', url: `${server.url}${path}` });
  refused(await ask('/page'), 'PV-1504', /page: it is a web page/);
  refused(await ask('/large'), 'PV-1503');
  refused(await ask('/endless'), 'PV-1503');
  refused(await ask('/slow'), 'PV-1502', /PV-1206/);
  refused(await ask('/loop'), 'PV-1502', /PV-121[56]/);
  refused(await ask('/metadata'), 'PV-1502', /PV-121[14]/);
  const bomb = await ask('/bomb');
  assert.ok(!bomb.ok && /^PV-150[23]$/.test(bomb.fault.code));
  refused(await ask('/zip'), 'PV-1504', /gzip/);
  refused(await ask('/short'), 'PV-1502');
  refused(await ask('/damaged'), 'PV-1505');
  refused(await ask('/hours'), 'PV-1521');
  refused(await ask('/other'), 'PV-1502', /418/);
  refused(await rig.prepare({ kind: 'url', url: 'file:///etc/passwd' }), 'PV-1502', /PV-1201/);
  refused(await rig.prepare({ kind: 'url', url: 'nonsense' }), 'PV-1502', /PV-1201/);
  assert.deepEqual(await readdir(rig.folder), [], 'nothing is left of them');
});

test('credentials of a URL are sent and shown nowhere', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.headers.authorization === undefined) response.writeHead(401).end();
    else response.end(TONE);
  });
  const rig = await createRig(t);
  const base = server.url.replace('http://', 'http://anna:hunter2@');
  const url = `${base}/a.wav?signature=s3cr3t`;
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const span = CallSpan.root(provider.getTracer('test'), 'call', {});
  const context = { account: 'acme', signal: new AbortController().signal, span };
  const first = await rig.library.prepare({ kind: 'url', url }, context);
  done(first);
  const missing = await rig.library.prepare(
    { kind: 'url', url: `${base.replace(/:\d+$/, ':1')}/b?signature=s3cr3t` },
    context,
  );
  refused(missing, 'PV-1502');
  span.end();
  const names = await readdir(rig.folder);
  const contents = await Promise.all(names.map((name) => readFile(join(rig.folder, name), 'latin1')));
  const spans = exporter.getFinishedSpans().map(({ attributes, events }) => ({ attributes, events }));
  const written = JSON.stringify([
    first,
    missing,
    names,
    contents,
    spans,
    describeSound({ kind: 'url', url }),
    rig.reported,
  ]);
  assert.doesNotMatch(written, /hunter2|anna|s3cr3t/);
});

test('accounts do not share copies', async (t) => {
  const server = await serve(t, (_request, response) => response.setHeader('cache-control', 'max-age=60').end(TONE));
  const rig = await createRig(t);
  const sound = { kind: 'url', url: server.url } as const;
  done(await rig.prepare(sound, undefined, 'acme'));
  assert.equal(done(await rig.prepare(sound, undefined, 'globex')).prepared.cached, false);
  assert.equal(server.requests.length, 2);
});

test('calls that want the same at the same time share one fetch, which ends when the last one has left', async (t) => {
  const arrived = Promise.withResolvers<ServerResponse>();
  const gone = Promise.withResolvers<void>();
  const server = await serve(t, (request, response) => {
    if (request.url === '/a') arrived.resolve(response);
    else response.on('close', () => gone.resolve());
  });
  const rig = await createRig(t);
  const hangup = new AbortController();
  const a = { kind: 'url', url: `${server.url}/a` } as const;
  const leaving = rig.prepare(a, hangup.signal);
  const staying = [rig.prepare(a), rig.prepare(a)];
  const response = await arrived.promise;
  hangup.abort(new Error('hung up'));
  await assert.rejects(leaving, /hung up/);
  response.end(TONE);
  const results = await Promise.all(staying);
  assert.equal(new Set(results.map((result) => done(result).prepared.reference)).size, 1);
  assert.equal(server.requests.length, 1);

  const everyone = new AbortController();
  const b = { kind: 'url', url: `${server.url}/b` } as const;
  const both = [rig.prepare(b, everyone.signal), rig.prepare(b, everyone.signal)];
  while (server.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
  everyone.abort(new Error('hung up'));
  for (const each of both) await assert.rejects(each, /hung up/);
  await gone.promise;
});

test('sounds survive a restart; damaged ones are found and made again', async (t) => {
  const server = await serve(t, (_request, response) => response.setHeader('cache-control', 'max-age=600').end(TONE));
  const before = await createRig(t);
  const url = { kind: 'url', url: server.url } as const;
  const text = { kind: 'speech', text: 'Still here.' } as const;
  const fetched = done(await before.prepare(url)).prepared.reference;
  const spoken = done(await before.prepare(text)).prepared;
  await before.library.close();

  const after = await createRig(t, { folder: before.folder });
  assert.deepEqual(done(await after.prepare(text)).prepared, { ...spoken, cached: true });
  assert.equal(done(await after.prepare(url)).prepared.cached, true);
  await after.library.close();

  const bytes = await readFile(fetched);
  bytes[1000]! ^= 1;
  await writeFile(fetched, bytes);
  await writeFile(spoken.reference, '');
  await writeFile(join(before.folder, 'speech-x.json'), '{"version":1,"file":"../../etc/passwd"}');
  const again = await createRig(t, { folder: before.folder });
  assert.equal(done(await again.prepare(url)).prepared.cached, false);
  assert.equal(done(await again.prepare(text)).prepared.cached, false);
  assert.deepEqual(
    again.reported.map((line) => line.slice(0, 7)),
    ['PV-1523', 'PV-1523', 'PV-1523'],
  );
  assert.equal(await toneIn(fetched), 440);
});

test('the least recently used sounds make room', async (t) => {
  const server = await serve(t, (_request, response) => response.setHeader('cache-control', 'max-age=600').end(TONE));
  const rig = await createRig(t);
  const sound = (name: string) => ({ kind: 'url', url: `${server.url}/${name}` }) as const;
  const used = new Map<string, string>();
  for (const name of ['a', 'b', 'c', 'a']) used.set(name, done(await rig.prepare(sound(name))).prepared.reference);
  await rig.library.close();
  // Each has 8044 bytes. What was used in the last minute stays while the library is open; at a restart the age of the files counts.
  const { utimes } = await import('node:fs/promises');
  for (const [name, seconds] of [
    ['b', 300],
    ['c', 200],
    ['a', 100],
  ] as const) {
    const time = new Date(Date.now() - seconds * 1000);
    await utimes(used.get(name)!.replace(/-[0-9a-f]{12}\.wav$/, '.json'), time, time);
  }
  const small = await createRig(t, { folder: rig.folder, limits: { storedBytes: 17_000 } });
  await small.library.open();
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => existsSync(used.get(name)!)),
    [true, false, true],
  );
});

test('a folder that cannot be used is a coded fault', async (t) => {
  const server = await serve(t, (_request, response) => response.end(TONE));
  const file = join(await mkdtemp(join(tmpdir(), 'pivot-media-')), 'file');
  await writeFile(file, '');
  const rig = await createRig(t, { folder: join(file, 'sounds') });
  await assert.rejects(rig.library.open(), /PV-1522/);
  refused(await rig.prepare({ kind: 'url', url: server.url }), 'PV-1522');
  refused(await rig.prepare({ kind: 'speech', text: 'hello' }), 'PV-1522');
});

test('streams and media resources', async (t) => {
  const rig = await createRig(t, {
    resolveMedia: (account, id) => {
      if (account !== 'acme') return undefined;
      if (id === 'circle') return { kind: 'media', id };
      return id === 'ring' ? { kind: 'stream', uri: 'tone_stream://%(1000,4000,440)' } : undefined;
    },
  });
  const ring = done(await rig.prepare({ kind: 'media', id: 'ring' }));
  assert.equal(ring.prepared.reference, 'tone_stream://%(1000,4000,440)');
  refused(await rig.prepare({ kind: 'media', id: 'sorry' }), 'PV-1508', /"sorry" in acme/);
  refused(await rig.prepare({ kind: 'media', id: 'ring' }, undefined, 'globex'), 'PV-1508');
  refused(await rig.prepare({ kind: 'media', id: 'circle' }), 'PV-1508', /circle/);
  refused(await rig.prepare({ kind: 'stream', uri: '/etc/passwd' }), 'PV-1509');
});

test('the span tells where a sound came from', async (t) => {
  const rig = await createRig(t);
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const span = CallSpan.root(provider.getTracer('test'), 'call', {});
  const { prepared } = done(
    await rig.library.prepare(
      { kind: 'speech', text: 'One.', voice: 'woman' },
      { account: 'acme', signal: new AbortController().signal, span },
    ),
  );
  span.end();
  assert.deepEqual(exporter.getFinishedSpans()[0]?.attributes, {
    'pivot.media.cached': false,
    'pivot.media.engine': 'flite',
    'pivot.media.voice': 'slt',
    'pivot.media.duration_ms': prepared.durationMs,
    'pivot.media.size': prepared.bytes,
  });
});

test('a call that has ended gets nothing more; a closed library says so', async (t) => {
  const rig = await createRig(t);
  await assert.rejects(
    rig.prepare({ kind: 'speech', text: 'hello' }, AbortSignal.abort(new Error('hung up'))),
    /hung up/,
  );
  const under = rig.prepare({ kind: 'speech', text: 'A text that is still being spoken.' });
  await rig.library.close();
  const result = await under;
  assert.ok(result.ok || result.fault.code === 'PV-1524');
  refused(await rig.prepare({ kind: 'speech', text: 'hello' }), 'PV-1524');
});
