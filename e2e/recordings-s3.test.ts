/** Recordings in an object store: a real server that speaks S3 and checks signatures. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot } from './harness.ts';
import { type ObjectStore, objectStoreProgram, startObjectStore } from './object-store/object-store.ts';
import { readRecorded, tone, toneMs } from './tones.ts';
import { startWeb, twiml, type Web } from './web.ts';

const found = await objectStoreProgram();

describe('recordings in an object store', { skip: found.ok ? false : found.hint }, () => {
  let web: Web;
  let store: ObjectStore;
  let pivot: Pivot;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    const attributes = 'maxLength="2" timeout="0" trim="do-not-trim" recordingStatusCallback="/status"';
    web.on('/voice', twiml(`<Record action="/done" ${attributes}/>`));
    web.on('/done', twiml('<Hangup/>'));
    web.on('/status', { body: '' });
    assert.ok(found.ok);
    store = await startObjectStore(found.program, 'recordings');
    pivot = await startPivot({
      manifests: { 'voice.yaml': pivotManifest('voice', ['1'], `${web.url}/voice`) },
      options: ['--recording-store', 's3://recordings/calls'],
      env: store.env,
    });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await store?.dispose();
    await web?.close();
  });

  async function record(): Promise<void> {
    const call = await pivot.call(phones, '1', { source: tone(700, 20_000) });
    await call.phone.ended;
  }

  test('the file goes to the bucket; RecordingUrl gives it from there, whole and in parts', async () => {
    await record();
    const url = new URLSearchParams((await web.request('/done')).body).get('RecordingUrl')!;
    const told = new URLSearchParams((await web.request('/status')).body);
    assert.equal(told.get('RecordingStatus'), 'completed');
    assert.equal(told.get('RecordingUrl'), url);
    while ((await pivot.metrics()).get('pivot_recordings_waiting') !== 0);
    assert.deepEqual(readdirSync(join(pivot.data, 'recordings')), [], 'nothing is kept on the disk of the worker');
    const response = await fetch(url);
    assert.equal(response.headers.get('content-type'), 'audio/wav');
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.equal(response.headers.get('content-length'), String(bytes.length));
    const { channels, ms } = readRecorded(bytes);
    assert.ok(Math.abs(ms - 2000) <= 20 && toneMs(channels[0]!, 700) > 1850);
    const part = await fetch(url, { headers: { range: 'bytes=100-299' } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), `bytes 100-299/${bytes.length}`);
    assert.deepEqual(new Uint8Array(await part.arrayBuffer()), bytes.slice(100, 300));
    assert.equal((await fetch(`${url}.mp3`)).status, 404, 'it was stored as wav');
  });

  test('while the store is away recordings wait on the disk, can be fetched, and go there when it is back', async () => {
    await store.stop();
    await record();
    const url = new URLSearchParams((await web.request('/done')).body).get('RecordingUrl')!;
    await pivot.program.line(/PV-1903/);
    assert.equal((await fetch(url)).status, 200);
    assert.equal((await pivot.metrics()).get('pivot_recordings_waiting'), 1);
    await store.start();
    await web.request('/status');
    assert.equal((await fetch(url)).status, 200);
  });
});
