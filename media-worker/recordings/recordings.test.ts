import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { startHttpServer } from '../../runtime/http-server.ts';
import { createLogger } from '../../runtime/log.ts';
import { writeWav } from '../media/wav.ts';
import { createOutgoing } from '../outgoing/client.ts';
import { settingsOf } from '../webhook/testing/call.ts';
import type { RecordingAbout } from './entry.ts';
import { createRecordings, type Recordings, type RecordingsOptions } from './recordings.ts';
import { registerRecordings } from './serve.ts';

const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function about(more: Partial<RecordingAbout> = {}): RecordingAbout {
  return {
    account: 'acme',
    callId: 'call-1@phone.example',
    callflow: 'acme/support',
    source: 'RecordVerb',
    channels: 1,
    format: 'wav',
    trim: false,
    traceparent: TRACEPARENT,
    ...more,
  };
}

function tone(ms: number): Uint8Array {
  return writeWav(
    Int16Array.from({ length: ms * 8 }, (_, i) => Math.round(5000 * Math.sin((2 * Math.PI * 440 * i) / 8000))),
    8000,
  );
}

interface Got {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A web server that answers with the statuses that it is given, then 200. */
async function receiver(t: TestContext, statuses: readonly number[] = []) {
  const got: Got[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    got.push({ method: request.method!, url: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(statuses[got.length - 1] ?? 200).end();
    for (const look of waiting) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (got.length < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { url: `http://127.0.0.1:${port}`, got, until };
}

interface World {
  readonly folder: string;
  readonly log: string[];
  readonly spans: InMemorySpanExporter;
  start(more?: Partial<RecordingsOptions>): Promise<Recordings>;
  /** Resolves when a line with this text is in the log. */
  logged(text: string): Promise<void>;
}

function world(t: TestContext): World {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-recordings-'));
  const log: string[] = [];
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const outgoing = createOutgoing({ policy: { allowPrivate: true } });
  t.after(async () => {
    await outgoing.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    log,
    spans,
    async logged(text) {
      while (!log.some((line) => line.includes(text))) await turn();
    },
    async start(more = {}) {
      const recordings = await createRecordings({
        folder,
        publicUrl: () => 'http://pivot.example',
        outgoing,
        tracer: provider.getTracer('test'),
        meter: metrics.getMeter('test'),
        log: createLogger({ level: 'debug', destination: { write: (line) => log.push(line) } }),
        settingsOf: () => undefined,
        programs: '',
        firstPauseMs: 5,
        ...more,
      });
      recordings.resume();
      t.after(() => recordings.close());
      return recordings;
    },
  };
}

suite('recordings', () => {
  test('one is kept in the folder, with a URL that nobody can guess, and its length', async (t) => {
    const { folder, start } = world(t);
    const recordings = await start();
    const open = await recordings.open(about());
    assert.match(open.sid, /^RE[0-9a-f]{32}$/);
    assert.equal(open.url, `http://pivot.example/recordings/acme/${open.sid}`);
    assert.equal((await recordings.fetch('acme', open.sid, 'wav', AbortSignal.timeout(1000))).kind, 'missing');
    writeFileSync(open.path, tone(3400));
    const finished = await open.finish();
    assert.deepEqual(finished, {
      kind: 'recorded',
      sid: open.sid,
      url: open.url,
      durationMs: 3400,
      durationSeconds: 3,
    });
    await recordings.settled();
    assert.deepEqual(readdirSync(folder).sort(), [`${open.sid}.json`, `${open.sid}.wav`]);
  });

  test('an empty, absent or too short one leaves nothing behind', async (t) => {
    const { folder, start } = world(t);
    const recordings = await start();
    const empty = await recordings.open(about());
    writeFileSync(empty.path, writeWav(new Int16Array(), 8000));
    const nothing = await empty.finish();
    assert.equal(nothing.kind === 'absent' && nothing.fault?.code, 'PV-1902');
    const absent = await recordings.open(about());
    writeFileSync(absent.path, tone(1000));
    assert.deepEqual(await absent.finish({ absent: true }), { kind: 'absent' });
    const short = await recordings.open(about({ minSeconds: 3 }));
    writeFileSync(short.path, tone(2900));
    assert.deepEqual(await short.finish(), { kind: 'absent' });
    await recordings.settled();
    assert.deepEqual(readdirSync(folder), []);
  });

  test('an upload is repeated until it is taken; then nothing is left here, and the callback is told', async (t) => {
    const { folder, start, spans } = world(t);
    const web = await receiver(t, [503, 500]);
    const recordings = await start();
    const open = await recordings.open(
      about({
        upload: { url: `${web.url}/store/`, method: 'PUT', naming: { kind: 'sid' } },
        callback: { url: `${web.url}/told`, method: 'POST', events: ['completed'] },
      }),
      settingsOf({ voice_url: 'http://127.0.0.1/' }),
    );
    assert.equal(open.url, `${web.url}/store/${open.sid}.wav`);
    const bytes = tone(1000);
    writeFileSync(open.path, bytes);
    await open.finish();
    await recordings.settled();
    assert.deepEqual(
      web.got.map(({ method, url }) => `${method} ${url}`),
      [...Array<string>(3).fill(`PUT /store/${open.sid}.wav`), 'POST /told'],
    );
    const [, , sent, told] = web.got;
    assert.deepEqual(sent!.body, Buffer.from(bytes));
    assert.equal(sent!.headers['content-type'], 'audio/wav');
    assert.equal(sent!.headers['content-length'], String(bytes.length));
    const form = new URLSearchParams(told!.body.toString());
    assert.equal(form.get('RecordingStatus'), 'completed');
    assert.equal(form.get('RecordingUrl'), open.url);
    assert.equal(form.get('RecordingSid'), open.sid);
    assert.equal(form.get('RecordingDuration'), '1');
    assert.equal(form.get('RecordingChannels'), '1');
    assert.equal(form.get('RecordingSource'), 'RecordVerb');
    assert.equal(form.get('RecordingTrack'), 'inbound');
    assert.equal(form.get('AccountSid'), 'acme');
    assert.equal(form.get('CallSid'), 'call-1@phone.example');
    assert.ok(Math.abs(Date.parse(form.get('RecordingStartTime')!) - Date.now()) < 60_000);
    assert.deepEqual(readdirSync(folder), []);
    const attempts = spans.getFinishedSpans();
    assert.deepEqual(
      attempts.map(({ name, status }) => `${name} ${status.code}`),
      ['recording.upload 2', 'recording.upload 2', 'recording.upload 0', 'recording.callback 0'],
    );
    assert.ok(
      attempts.every((span) => span.spanContext().traceId === 'a'.repeat(32)),
      'in the trace of the call',
    );
  });

  test('what could not be delivered is delivered after a restart', async (t) => {
    const { folder, start, logged } = world(t);
    const web = await receiver(t, [500]);
    const first = await start({ firstPauseMs: 3_600_000 });
    const open = await first.open(about({ upload: { url: web.url, method: 'POST', naming: { kind: 'sid' } } }));
    writeFileSync(open.path, tone(500));
    await open.finish();
    await logged('PV-1903');
    await first.close();
    assert.deepEqual(readdirSync(folder).sort(), [`${open.sid}.json`, `${open.sid}.wav`]);

    const second = await start();
    await web.until(2);
    await second.settled();
    assert.equal(web.got[1]!.method, 'POST');
    assert.deepEqual(readdirSync(folder), []);
  });

  test('one that was going on when the worker was killed is completed at the next start', async (t) => {
    const { folder, start, log } = world(t);
    const web = await receiver(t);
    const first = await start();
    const open = await first.open(
      about({ callback: { url: `${web.url}/told?a=1`, method: 'GET', events: ['completed'] } }),
    );
    const bytes = Buffer.from(tone(2000));
    bytes.writeUInt32LE(0, 40);
    writeFileSync(open.path, bytes);
    await first.close();

    const second = await start();
    await web.until(1);
    await second.settled();
    const asked = new URL(web.got[0]!.url, web.url);
    assert.equal(asked.searchParams.get('a'), '1');
    assert.equal(asked.searchParams.get('RecordingStatus'), 'completed');
    assert.equal(asked.searchParams.get('RecordingDuration'), '2');
    const found = await second.fetch('acme', open.sid, 'wav', AbortSignal.timeout(1000));
    assert.equal(found.kind === 'found' && found.size, bytes.length);
    assert.ok(log.some((line) => line.includes('PV-1907')));
    assert.ok(existsSync(join(folder, `${open.sid}.wav`)));
  });

  test('a receiver that refuses for good, or for a day, is given up; the file stays, and the callback says failed', async (t) => {
    for (const [status, giveUpAfterMs] of [
      [403, 3_600_000],
      [500, 0],
    ] as const) {
      const { folder, start, log } = world(t);
      const web = await receiver(t, [status]);
      const recordings = await start({ giveUpAfterMs });
      const open = await recordings.open(
        about({
          upload: { url: `${web.url}/x`, method: 'PATCH', naming: { kind: 'sid' } },
          callback: { url: `${web.url}/told`, method: 'POST', events: ['completed'] },
        }),
      );
      writeFileSync(open.path, tone(500));
      await open.finish();
      await recordings.settled();
      assert.equal(web.got.length, 2);
      assert.equal(new URLSearchParams(web.got[1]!.body.toString()).get('RecordingStatus'), 'failed');
      assert.equal(readdirSync(folder).length, 2);
      assert.ok(log.some((line) => line.includes('PV-1904')));
    }
  });

  test('past the limit of those that wait no more are begun, until one is done', async (t) => {
    const { start } = world(t);
    const recordings = await start({ mostWaiting: 2 });
    const first = await recordings.open(about());
    const second = await recordings.open(about());
    await assert.rejects(recordings.open(about()), /PV-1909 2 recordings/);
    for (const one of [first, second]) await one.finish({ absent: true });
    await recordings.settled();
    await recordings.open(about()).then((open) => open.finish({ absent: true }));
  });

  test('in-progress and absent are told when they are wanted', async (t) => {
    const { start } = world(t);
    const web = await receiver(t);
    const recordings = await start();
    const callback = { url: `${web.url}/told`, method: 'POST', events: ['in-progress', 'absent'] } as const;
    const open = await recordings.open(about({ callback }));
    await web.until(1);
    await open.finish({ absent: true });
    await recordings.settled();
    const told = web.got.map(({ body }) => new URLSearchParams(body.toString()));
    assert.deepEqual(
      told.map((form) => form.get('RecordingStatus')),
      ['in-progress', 'absent'],
    );
    assert.equal(told[0]!.has('RecordingUrl'), false);
  });

  test('callbacks are signed with the key of the action; after a restart with that of the callflow', async (t) => {
    const { start, logged } = world(t);
    const web = await receiver(t, [500]);
    const settings = { ...settingsOf({ voice_url: `${web.url}/voice` }), signingKey: 'key' };
    const first = await start({ firstPauseMs: 3_600_000 });
    const open = await first.open(
      about({ callback: { url: `${web.url}/told`, method: 'POST', events: ['completed'] } }),
      settings,
    );
    writeFileSync(open.path, tone(500));
    await open.finish();
    await logged('PV-1905');
    await first.close();
    const second = await start({ settingsOf: (callflow) => (callflow === 'acme/support' ? settings : undefined) });
    await web.until(2);
    await second.settled();
    for (const { headers } of web.got) assert.match(String(headers['x-twilio-signature']), /^[\w+/]+=*$/);
  });

  test('uploads of callflow modules are named as Kazoo names them, with one dot', async (t) => {
    const { start } = world(t);
    const web = await receiver(t);
    const recordings = await start();
    const upload = { method: 'PUT', naming: { kind: 'kazoo', pairs: [['from', '+1']] } } as const;
    const paths = [`${web.url}/a//`, `${web.url}/a?k=v`, `${web.url}/a?k=v&file=`, `${web.url}/a?file`];
    for (const url of paths) {
      const open = await recordings.open(about({ upload: { ...upload, url } }));
      writeFileSync(open.path, tone(100));
      await open.finish();
      await recordings.settled();
    }
    const name = 'call_recording_call-1%40phone.example.wav';
    assert.deepEqual(
      web.got.map(({ url }) => url.replace(/RE[0-9a-f]{32}/, 'SID')),
      [
        `/a/${name}?from=%2B1&recording_id=SID`,
        `/a?k=v&recording=${name}&from=%2B1&recording_id=SID`,
        `/a?k=v&file=${name}&from=%2B1&recording_id=SID`,
        `/a?file=${name}&from=%2B1&recording_id=SID`,
      ],
    );
  });

  test('mp3 is made by a program that is installed; without one wav is delivered, with a warning', async (t) => {
    const { folder, start } = world(t);
    const web = await receiver(t);
    const upload = { url: web.url, method: 'PUT', naming: { kind: 'sid' } } as const;
    const without = await start();
    const one = await without.open(about({ format: 'mp3', upload }));
    assert.deepEqual(
      one.warnings.map(({ code }) => code),
      ['PV-1906'],
    );
    assert.match(one.url, /\.wav$/);
    writeFileSync(one.path, tone(100));
    await one.finish();
    await without.settled();
    await without.close();

    const programs = mkdtempSync(join(tmpdir(), 'pivot-programs-'));
    t.after(() => rmSync(programs, { recursive: true, force: true }));
    const lame = join(programs, 'lame');
    // Arguments: --quiet -b 32 WAV MP3.
    writeFileSync(lame, '#!/bin/sh\nprintf "mp3 of %s" "$(wc -c < "$4")" > "$5"\n');
    chmodSync(lame, 0o755);
    const withLame = await start({ programs });
    const two = await withLame.open(about({ format: 'mp3', upload }));
    assert.match(two.url, /\.mp3$/);
    writeFileSync(two.path, tone(100));
    await two.finish();
    await withLame.settled();
    assert.equal(web.got[1]!.body.toString(), 'mp3 of 1644');
    assert.equal(web.got[1]!.headers['content-type'], 'audio/mpeg');
    assert.deepEqual(readdirSync(folder), []);
  });

  test('a folder that cannot be made is a coded fault; so is a file that is no entry', async (t) => {
    const { folder, start, logged } = world(t);
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(start({ folder: join(folder, 'file', 'x') }), /PV-1901/);
    writeFileSync(join(folder, `RE${'0'.repeat(32)}.json`), '{"version":2}');
    await (await start()).settled();
    await logged('PV-1908');
  });
});

suite('RecordingUrl', () => {
  test('gives the wav, its parts, its head; nothing of other accounts', async (t) => {
    const { start, log } = world(t);
    const recordings = await start();
    const http = await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      log: createLogger({ level: 'debug', destination: { write: (line) => log.push(line) } }),
      readiness: () => ({ ready: true, reasons: [] }),
      metrics: async () => '',
      routes: (server) => registerRecordings(server, () => recordings),
    });
    t.after(() => http.close());
    const open = await recordings.open(about());
    const bytes = Buffer.from(tone(1000));
    writeFileSync(open.path, bytes);
    await open.finish();

    const url = `${http.url}/recordings/acme/${open.sid}`;
    const get = async (at: string, init: RequestInit = {}) => {
      const response = await fetch(at, init);
      return { response, body: Buffer.from(await response.arrayBuffer()) };
    };
    for (const at of [url, `${url}.wav`]) {
      const whole = await get(at);
      assert.equal(whole.response.status, 200);
      assert.equal(whole.response.headers.get('content-type'), 'audio/wav');
      assert.deepEqual(whole.body, bytes);
    }
    const ranges = [
      ['bytes=0-43', 0, 43],
      ['bytes=16000-', 16_000, 16_043],
      ['bytes=-10', 16_034, 16_043],
      ['bytes=16000-99999', 16_000, 16_043],
    ] as const;
    for (const [range, from, to] of ranges) {
      const part = await get(url, { headers: { range } });
      assert.equal(part.response.status, 206, range);
      assert.equal(part.response.headers.get('content-range'), `bytes ${from}-${to}/16044`);
      assert.deepEqual(part.body, bytes.subarray(from, to + 1));
    }
    const beyond = await get(url, { headers: { range: 'bytes=16044-' } });
    assert.equal(beyond.response.status, 416);
    assert.equal(beyond.response.headers.get('content-range'), 'bytes */16044');
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=5-2'])
      assert.equal((await get(url, { headers: { range } })).response.status, 200, range);
    const head = await get(url, { method: 'HEAD' });
    assert.equal(head.response.headers.get('content-length'), '16044');
    assert.equal(head.body.length, 0);
    const missing = [
      `${http.url}/recordings/other/${open.sid}`,
      `${http.url}/recordings/acme/RE${'0'.repeat(32)}`,
      `${http.url}/recordings/acme/..%2f..%2fetc%2fpasswd`,
      `${http.url}/recordings/acme/${open.sid}.json`,
    ];
    for (const at of missing) assert.equal((await get(at)).response.status, 404, at);
    const mp3 = await get(`${url}.mp3`);
    assert.equal(mp3.response.status, 406);
    assert.match(mp3.body.toString(), /PV-1906/);
  });
});
