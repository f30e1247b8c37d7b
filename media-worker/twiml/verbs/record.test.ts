import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fault } from '../../../crds/errors/fault.ts';
import { recordingCodes } from '../../../crds/errors/recording.ts';
import { FakeRecordings } from '../../recordings/testing/fake-recordings.ts';
import { next, type Result, run } from '../testing/scenario.ts';
import type { Done } from '../testing/scripted-call.ts';

function recorded(result: Result): Extract<Done, { did: 'record' }> {
  const found = result.log.find((done) => done.did === 'record');
  assert.ok(found?.did === 'record', 'nothing was recorded');
  return found;
}

suite('<Record>', () => {
  test('answers, beeps, records; then asks the action with the key that ended it (T26, T28, T31)', async () => {
    const recordings = new FakeRecordings();
    const result = await run('<Record action="/r"/><Say>after</Say>', { keys: [[4000, '5']], recordings });
    assert.deepEqual(
      result.log.map(({ did }) => did),
      ['answer', 'play', 'played', 'record', 'recorded'],
    );
    assert.deepEqual(result.heard, ['tone_stream://%(500,100,440)']);
    assert.deepEqual(next(result), { url: 'https://app.example.com/r', method: 'POST', parameters: { Digits: '5' } });
    assert.equal(result.call.digits.pending, '', 'the key is not typed ahead');
    assert.equal(result.call.memory.recording?.durationSeconds, 3);
    assert.match(result.call.memory.recording?.url ?? '', /\/recordings\/acme\/RE0+1$/);
    assert.deepEqual(recordings.ended, ['recorded']);
  });

  test('without action the next verb runs (T26)', async () => {
    const result = await run('<Record timeout="10"></Record><Say>Thank You</Say>');
    assert.deepEqual(result.heard.slice(1), ['Thank You']);
    assert.equal(recorded(result).silenceSeconds, 10);
    assert.deepEqual(result.warnings, []);
  });

  test('silence only: the next verb, no exchange, nothing kept', async () => {
    const recordings = new FakeRecordings();
    const result = await run('<Record action="/r"/><Say>none</Say>', { speaksMs: 0, recordings });
    assert.deepEqual(result.heard.slice(1), ['none']);
    assert.deepEqual(recordings.ended, ['absent']);
    assert.equal(result.call.memory.recording, undefined);
  });

  test('a silent caller who presses a key has recorded silence', async () => {
    const result = await run('<Record action="/r"/>', { speaksMs: 0, keys: [[4000, '#']] });
    assert.equal(next(result).parameters['Digits'], '#');
  });

  test('hang-up: what was recorded is told, with Digits=hangup', async () => {
    const recordings = new FakeRecordings();
    const result = await run('<Record action="/r"/><Say>after</Say>', { callerHangsUpAt: 4000, recordings });
    assert.equal(next(result).parameters['Digits'], 'hangup');
    assert.deepEqual(recordings.ended, ['recorded']);
    assert.equal(result.heard.length, 1);
  });

  test('hang-up in the beep: nothing was begun', async () => {
    const recordings = new FakeRecordings();
    const result = await run('<Record action="/r"/>', { callerHangsUpAt: 300, recordings });
    assert.equal(result.outcome.kind, 'call ended');
    assert.deepEqual(recordings.opened, []);
  });

  test('finishOnKey: its keys only; others stay typed ahead; empty: none', async () => {
    const one = await run('<Record finishOnKey="#" action="/r"/>', {
      keys: [
        [3000, '1'],
        [3100, '#'],
      ],
    });
    assert.equal(next(one).parameters['Digits'], '#');
    assert.equal(one.call.digits.pending, '1');
    const none = await run('<Record finishOnKey="" action="/r" maxLength="20" timeout="0"/>', { keys: [[3000, '#']] });
    assert.deepEqual(next(none).parameters, { Digits: '' });
    assert.equal(recorded(none).stopOn, '');
  });

  test('timeout, maxLength, playBeep: defaults, limits, clamps (T2)', async () => {
    const plain = recorded(await run('<Record/>'));
    assert.deepEqual([plain.silenceSeconds, plain.maxSeconds, plain.stopOn], [5, 3600, '0123456789*#']);
    const clamped = await run('<Record timeout="-1" maxLength="999999"/>');
    assert.deepEqual([recorded(clamped).silenceSeconds, recorded(clamped).maxSeconds], [5, 14_400]);
    assert.deepEqual(clamped.warnings, ['PV-1354', 'PV-1354']);
    const limit = await run('<Record timeout="0" maxLength="7" playBeep="false" action="/r"/>');
    assert.deepEqual(next(limit).parameters, { Digits: '' });
    assert.equal(limit.ms, 7000);
    assert.deepEqual(limit.heard, []);
  });

  test('trim, callback and upload are passed on; relative URLs count from the document', async () => {
    const recordings = new FakeRecordings();
    await run('<Record/>', { recordings });
    await run(
      '<Record trim="do-not-trim" recordingStatusCallback="told" recordingStatusCallbackMethod="GET" recordingStatusCallbackEvent="in-progress completed absent" recordingUrl="/store" recordStoreMethod="post"/>',
      { recordings },
    );
    const [plain, given] = recordings.opened;
    assert.equal(plain!.trim, true);
    assert.equal(plain!.callback, undefined);
    assert.equal(plain!.upload, undefined);
    assert.equal(given!.trim, false);
    assert.deepEqual(given!.callback, {
      url: 'https://app.example.com/ivr/told',
      method: 'GET',
      events: ['in-progress', 'completed', 'absent'],
    });
    assert.deepEqual(given!.upload, {
      url: 'https://app.example.com/store',
      method: 'POST',
      naming: { kind: 'sid' },
    });
  });

  test('recordingStatusCallbackEvent: unknown words are a warning; POST and completed by default', async () => {
    const recordings = new FakeRecordings();
    const result = await run('<Record recordingStatusCallback="/t" recordingStatusCallbackEvent="done, completed"/>', {
      recordings,
    });
    assert.deepEqual(result.warnings, ['PV-1355']);
    assert.deepEqual(recordings.opened[0]!.callback?.events, ['completed']);
    assert.equal(recordings.opened[0]!.callback?.method, 'POST');
  });

  test('white space and content are no other verb (T27); transcription is a warning', async () => {
    const result = await run('<Record> \n </Record><Record transcribe="true" transcribeCallback="/t"/>');
    assert.deepEqual(result.warnings, ['PV-1353', 'PV-1353']);
    assert.equal(result.log.filter(({ did }) => did === 'record').length, 2);
    const content = await run('<Record>x<Say>y</Say></Record>');
    assert.deepEqual(content.warnings.length, 2);
  });

  test('where nothing can be recorded the call goes on', async () => {
    const recordings = new FakeRecordings();
    recordings.failure = fault(recordingCodes.folderUnusable, 'the disk is full');
    const result = await run('<Record action="/r"/><Say>after</Say>', { recordings });
    assert.equal(result.heard.at(-1), 'after');
    const verb = result.spans.find(({ name }) => name === 'verb Record');
    assert.equal(verb?.events[0]?.attributes?.['pivot.error.code'], 'PV-1901');
  });
});
