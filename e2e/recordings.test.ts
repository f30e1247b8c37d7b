/** Recordings, from what the caller says to what the web server gets: over real calls, files and HTTP. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { readRecorded, tone, toneMs } from './tones.ts';
import { startWeb, twiml, type Web, type WebRequest } from './web.ts';

/** The beep: half a second, and a tenth of silence. */
const BEEP_HZ = 440;
const SAID_HZ = 700;

async function soundOf(url: string) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  assert.equal(response.headers.get('content-type'), 'audio/wav');
  return readRecorded(new Uint8Array(await response.arrayBuffer()));
}

/** The caller waits for the end of the beep. */
async function afterBeep({ phone }: TracedCall): Promise<void> {
  await phone.ear.untilTone(BEEP_HZ);
  await phone.ear.untilSilence(60);
}

function near(value: number, expected: number, by = 100): void {
  assert.ok(Math.abs(value - expected) <= by, `${value} is not ${expected} ± ${by}`);
}

describe('recordings', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let manifests: Record<string, object>;

  before(async () => {
    web = await startWeb();
    const record = (attributes: string): string => `<Record ${attributes}/><Say>after</Say>`;
    web.on('/plain', twiml(record('action="/done" trim="do-not-trim" finishOnKey="#"')));
    web.on('/trimmed', twiml(record('action="/done" timeout="2"')));
    web.on(
      '/told',
      twiml(
        record(
          'action="/done" recordingStatusCallback="/status" recordingStatusCallbackEvent="in-progress completed" maxLength="2" timeout="0"',
        ),
      ),
    );
    web.on(
      '/upload',
      twiml(
        record(
          'action="/done" recordingUrl="/store" recordStoreMethod="POST" maxLength="1" timeout="0" recordingStatusCallback="/upload-status" recordingStatusCallbackEvent="in-progress completed"',
        ),
      ),
    );
    web.on('/killed', twiml(record('timeout="0" recordingStatusCallback="/survived"')));
    web.on('/done', twiml('<Hangup/>'));
    web.on('/status', { body: '' });
    web.on('/upload-status', { body: '' });
    web.on('/survived', { body: '' });
    const paths = ['plain', 'trimmed', 'told', 'upload', 'killed'];
    manifests = Object.fromEntries([
      ...paths.map((path, index) => [`${path}.yaml`, pivotManifest(path, [String(index + 1)], `${web.url}/${path}`)]),
      [
        'both.yaml',
        callflowManifest('both', ['6'], {
          flow: {
            module: 'record_call',
            data: { action: 'start', url: `${web.url}/both`, method: 'post', format: 'wav' },
            children: {
              _: {
                module: 'play',
                data: { id: 'tone_stream://%(1500,0,500)' },
                children: { _: { module: 'sleep', data: { duration: 1 } } },
              },
            },
          },
        }),
      ],
    ]);
    pivot = await startPivot({ manifests });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  function form({ body }: WebRequest): URLSearchParams {
    return new URLSearchParams(body);
  }

  test('what the caller says after the beep, to the key that ends it', async () => {
    const call = await pivot.call(phones, '1');
    await afterBeep(call);
    await call.trace.started('media.record');
    await call.phone.play(tone(SAID_HZ, 2000));
    const began = Date.now();
    await call.phone.press('#', { durationMs: 100 }).catch(() => {});
    await call.phone.ended;
    assert.ok(Date.now() - began < 2000, 'the key ends it at once');
    const done = form(await web.request('/done'));
    assert.equal(done.get('Digits'), '#');
    assert.match(done.get('RecordingSid') ?? '', /^RE[0-9a-f]{32}$/);
    assert.equal(done.get('RecordingDuration'), '2');
    const { channels, ms } = await soundOf(done.get('RecordingUrl')!);
    assert.equal(channels.length, 1);
    near(toneMs(channels[0]!, SAID_HZ), 2000);
    assert.equal(toneMs(channels[0]!, BEEP_HZ), 0, 'the beep is not recorded');
    const span = (await call.trace.ended('verb Record')).attributes;
    assert.equal(span['pivot.recording.ended_by'], 'key');
    near(Number(span['pivot.recording.duration_ms']), ms, 1);
    const media = await call.trace.ended('media.record');
    near(media.endedAt! - media.startedAt, ms);
  });

  test('silence ends it, and is cut off', async () => {
    const call = await pivot.call(phones, '2');
    await afterBeep(call);
    await call.trace.started('media.record');
    await call.phone.play(tone(SAID_HZ, 1500));
    await call.phone.ended;
    const done = form(await web.request('/done'));
    assert.equal(done.has('Digits'), false);
    const { channels, ms } = await soundOf(done.get('RecordingUrl')!);
    near(toneMs(channels[0]!, SAID_HZ), 1500);
    near(ms, 1700);
  });

  test('status callbacks come before and after it; the limit ends it', async () => {
    const call = await pivot.call(phones, '3', { source: tone(SAID_HZ, 20_000) });
    const started = form(await web.request('/status'));
    assert.equal(started.get('RecordingStatus'), 'in-progress');
    const completed = form(await web.request('/status'));
    assert.equal(completed.get('RecordingStatus'), 'completed');
    assert.equal(completed.get('CallSid'), call.phone.callId);
    assert.equal(completed.get('RecordingDuration'), '2');
    const { channels, ms } = await soundOf(completed.get('RecordingUrl')!);
    near(ms, 2000, 20);
    near(toneMs(channels[0]!, SAID_HZ), 2000);
    await call.phone.ended;
    await web.request('/done');
  });

  test('an upload that fails at first comes all the same', async () => {
    const call = await pivot.call(phones, '4', { source: tone(SAID_HZ, 20_000) });
    const sid = form(await web.request('/upload-status')).get('RecordingSid');
    let attempts = 0;
    web.on(`/store/${sid}.wav`, () => {
      attempts += 1;
      return { status: attempts === 1 ? 503 : 201, body: '' };
    });
    await call.phone.ended;
    const done = form(await web.request('/done'));
    assert.equal(done.get('RecordingUrl'), `${web.url}/store/${sid}.wav`);
    const refused = await web.request(`/store/${sid}.wav`);
    const taken = await web.request(`/store/${sid}.wav`);
    assert.deepEqual([refused.method, taken.method], ['POST', 'POST']);
    assert.equal(taken.headers['content-type'], 'audio/wav');
    assert.deepEqual(taken.bytes, refused.bytes);
    near(readRecorded(taken.bytes).ms, 1000, 20);
    const told = form(await web.request('/upload-status'));
    assert.equal(told.get('RecordingStatus'), 'completed');
    assert.equal(told.get('RecordingUrl'), done.get('RecordingUrl'));
  });

  test('hang-up: the web server is told once, when the call is over', async () => {
    const call = await pivot.call(phones, '1');
    await afterBeep(call);
    await call.trace.started('media.record');
    await call.phone.play(tone(SAID_HZ, 1000));
    await call.phone.hangup();
    const done = form(await web.request('/done'));
    assert.equal(done.get('Digits'), 'hangup');
    assert.equal(done.get('CallStatus'), 'completed');
    const { channels } = await soundOf(done.get('RecordingUrl')!);
    near(toneMs(channels[0]!, SAID_HZ), 1000);
  });

  test('record_call: the caller on one channel, what the caller hears on the other', async () => {
    const callId = 'recorded@phone.example';
    const path = `/both/call_recording_${encodeURIComponent(callId)}.wav`;
    web.on(path, { body: '' });
    const call = await pivot.call(phones, '6', { source: tone(SAID_HZ, 20_000), callId });
    await call.phone.ended;
    const { parameters, bytes } = await web.request(path);
    assert.equal(parameters.get('call_id'), callId);
    const { channels, ms } = readRecorded(bytes);
    assert.equal(channels.length, 2);
    const [said, heard] = channels as [Int16Array, Int16Array];
    near(toneMs(said, SAID_HZ), ms);
    near(toneMs(heard, 500), 1500);
    assert.equal(toneMs(said, 500), 0);
    assert.equal(toneMs(heard, SAID_HZ), 0);
  });

  test('nothing is lost when the worker is killed while it records', async () => {
    const data = mkdtempSync(join(tmpdir(), 'pivot-data-'));
    const killed = await startPivot({ manifests, options: ['--data', data] });
    let again: Pivot | undefined;
    try {
      const call = await killed.call(phones, '5', { source: tone(SAID_HZ, 60_000) });
      await call.trace.started('media.record');
      const from = call.phone.ear.heardMs;
      await call.phone.ear.until((ear) => ear.heardMs >= from + 3000);
      killed.program.signal('SIGKILL');
      await killed.program.ended;
      again = await startPivot({ manifests, options: ['--data', data] });
      const told = form(await web.request('/survived'));
      assert.equal(told.get('RecordingStatus'), 'completed');
      assert.equal(told.get('CallSid'), call.phone.callId);
      const sid = told.get('RecordingSid')!;
      assert.ok(readdirSync(join(data, 'recordings')).includes(`${sid}.wav`));
      const { channels, ms } = await soundOf(`${again.http}/recordings/default/${sid}`);
      assert.ok(ms >= 2700, `${ms} ms are left of 3000`);
      near(toneMs(channels[0]!, SAID_HZ), ms);
      await call.phone.hangup();
    } finally {
      await killed.dispose();
      await again?.dispose();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
