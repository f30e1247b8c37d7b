import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FakeRecordings } from '../../recordings/testing/fake-recordings.ts';
import { chain, type FlowResult, runFlow } from '../testing/run-flow.ts';

function did(result: FlowResult): string[] {
  return result.log.map((done) => ('path' in done ? `${done.did} ${done.path.at(-5)}` : done.did));
}

suite('record_call', () => {
  test('records both directions beside the call until it is over', async () => {
    const recordings = new FakeRecordings();
    const flow = chain(
      ['answer'],
      ['record_call', { action: 'start', url: 'https://store.example/x' }],
      ['sleep', { duration: 3 }],
    );
    const result = await runFlow(flow, { recordings });
    assert.deepEqual(did(result), ['answer', 'record beside 1', 'hangup', 'stop beside 1']);
    const [about] = recordings.opened;
    assert.deepEqual([about!.source, about!.channels, about!.format, about!.trim], ['RecordCall', 2, 'mp3', false]);
    assert.equal(about!.upload?.url, 'https://store.example/x');
    assert.deepEqual(recordings.ended, ['recorded']);
    assert.equal(result.call.memory.recording?.durationSeconds, 3);
  });

  test('does not answer: it begins with the answer, whenever that comes', async () => {
    const flow = chain(
      ['record_call', { action: 'start', record_on_answer: true }],
      ['sleep', { duration: 1 }],
      ['answer'],
      ['sleep', { duration: 1 }],
    );
    const result = await runFlow(flow);
    assert.deepEqual(did(result), ['answer', 'record beside 1', 'hangup', 'stop beside 1']);
    assert.equal(result.log[0]!.at, 1000);
  });

  test('a call that is never answered is not recorded', async () => {
    const recordings = new FakeRecordings();
    const result = await runFlow(chain(['record_call', { action: 'start' }], ['sleep', { duration: 1 }]), {
      recordings,
    });
    assert.deepEqual(did(result), ['hangup']);
    assert.deepEqual(recordings.opened, []);
    assert.deepEqual(result.warnings, []);
  });

  test('stop ends the latest, or the one of that name; without any it does nothing', async () => {
    const flow = chain(
      ['answer'],
      ['record_call', { action: 'stop' }],
      ['record_call', { action: 'start', media_name: 'first' }],
      ['sleep', { duration: 1 }],
      ['record_call', { action: 'start' }],
      ['record_call', { action: 'start' }],
      ['sleep', { duration: 1 }],
      ['record_call', { action: 'stop' }],
      ['record_call', { action: 'stop', media_name: 'first' }],
      ['sleep', { duration: 1 }],
    );
    const stops = (await runFlow(flow)).log.filter((done) => done.did === 'stop beside');
    assert.deepEqual(
      stops.map((done) => [done.at, 'path' in done && done.path.at(-5)]),
      [
        [2000, '3'],
        [2000, '1'],
        [3000, '2'],
      ],
    );
  });

  test('record_on_bridge waits for a bridge; record_on_answer wins', async () => {
    const recordings = new FakeRecordings();
    const flow = chain(
      ['answer'],
      ['record_call', { action: 'start', record_on_bridge: true }],
      ['record_call', { action: 'start', record_on_bridge: true, record_on_answer: true }],
      ['sleep', { duration: 1 }],
    );
    await runFlow(flow, { recordings });
    assert.equal(recordings.opened.length, 1);
  });
});

suite('record_caller', () => {
  test('answers, records the caller only, without a beep, and goes on at _', async () => {
    const recordings = new FakeRecordings();
    const flow = chain(
      ['record_caller', { format: 'wav', url: 'https://store.example/x', method: 'post', time_limit: 30 }],
      ['tts', { text: 'thanks' }],
    );
    const result = await runFlow(flow, { recordings, keys: [[3000, '*']] });
    assert.deepEqual(did(result).slice(0, 3), ['answer', 'record 1', 'recorded']);
    const record = result.log.find((done) => done.did === 'record');
    assert.deepEqual(record?.did === 'record' && [record.maxSeconds, record.silenceSeconds, record.stopOn], [
      30,
      5,
      '0123456789*#',
    ]);
    const [about] = recordings.opened;
    assert.deepEqual([about!.source, about!.channels, about!.format], ['RecordCaller', 1, 'wav']);
    assert.equal(about!.upload?.method, 'POST');
    assert.deepEqual(about!.upload?.naming.kind === 'kazoo' && about!.upload.naming.pairs.map(([name]) => name), [
      'from',
      'to',
      'caller_id_name',
      'caller_id_number',
      'call_id',
      'cdr_id',
      'interaction_id',
      'account_id',
    ]);
    assert.deepEqual(result.heard, ['thanks']);
    assert.equal(result.call.memory.recording?.sid, `RE${'1'.padStart(32, '0')}`);
  });

  test('after a hang-up what was recorded is kept; nothing else runs', async () => {
    const recordings = new FakeRecordings();
    const result = await runFlow(chain(['record_caller'], ['tts', { text: 'thanks' }]), {
      recordings,
      callerHangsUpAt: 2000,
    });
    assert.deepEqual(recordings.ended, ['recorded']);
    assert.deepEqual(result.heard, []);
  });
});
