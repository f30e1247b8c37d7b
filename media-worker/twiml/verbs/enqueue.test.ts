import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { roomCodes } from '../../../crds/errors/rooms.ts';
import { ownQueues } from '../../queue/testing/own-queues.ts';
import { parseTwiml } from '../parse.ts';
import { next, response, run } from '../testing/scenario.ts';

/** Codes of the warnings in all spans. */
function warned({ spans }: Awaited<ReturnType<typeof run>>): readonly unknown[] {
  return spans.flatMap(({ events }) => events.map(({ attributes }) => attributes?.['pivot.error.code']));
}

/** Documents that are asked for while waiting, in their order; the last again and again. */
function waiting(...documents: readonly string[]) {
  const asked: Readonly<Record<string, string>>[] = [];
  return {
    asked,
    ask: async ({ parameters }: { parameters: Readonly<Record<string, string>> }) => {
      asked.push(parameters);
      const parsed = parseTwiml(response(documents[Math.min(asked.length, documents.length) - 1]!), { strict: false });
      assert.ok(parsed.ok);
      return { ok: true, documentUrl: 'https://app.example.com/wait', document: parsed.document } as const;
    },
  };
}

suite('<Enqueue>', () => {
  test('answers; hang-up: the action is told', async () => {
    const result = await run('<Enqueue action="/a">support</Enqueue>', { callerHangsUpAt: 7000 });
    assert.equal(result.log[0]?.did, 'answer');
    assert.match(result.heard[0] ?? '', /^tone_stream/);
    const { QueueResult, QueueTime, QueueSid } = next(result).parameters;
    assert.deepEqual([QueueResult, QueueTime], ['hangup', '7']);
    assert.match(QueueSid ?? '', /^QU/);
  });

  test('the waiting document is asked with the place, and anew at its end; <Leave> leaves', async () => {
    const { ask, asked } = waiting('<Say>wait</Say>', '<Say>still</Say>', '<Leave/>');
    const result = await run('<Enqueue waitUrl="/wait">q</Enqueue><Say>after</Say>', { ask });
    assert.deepEqual(result.heard, ['wait', 'still', 'after']);
    assert.equal(asked.length, 3);
    const { QueuePosition, CurrentQueueSize, MaxQueueSize, QueueTime, AvgQueueTime } = asked[1]!;
    assert.deepEqual(
      [QueuePosition, CurrentQueueSize, MaxQueueSize, QueueTime, AvgQueueTime],
      ['1', '1', '1000', '2', '0'],
    );
  });

  test('a document without sound is not asked for more than once a second', async () => {
    const { ask, asked } = waiting('');
    await run('<Enqueue waitUrl="/wait">q</Enqueue>', { ask, callerHangsUpAt: 5500 });
    assert.equal(asked.length, 6);
  });

  test('<Gather> in it: digits go to its action; verbs that mean nothing there are skipped', async () => {
    const { ask, asked } = waiting('<Gather numDigits="1" action="/d"/><Enqueue>other</Enqueue>', '<Leave/>');
    const result = await run('<Enqueue waitUrl="/wait" action="/a">q</Enqueue>', { ask, keys: [[500, '7']] });
    assert.equal(asked[1]!['Digits'], '7');
    assert.equal(next(result).parameters['QueueResult'], 'leave');
    assert.ok(
      result.spans.some(({ events }) =>
        events.some(({ attributes }) => attributes?.['pivot.error.code'] === 'PV-2403'),
      ),
    );
  });

  test('waitUrl: empty is silence; a file is played; a document that cannot be had is replaced by tones', async () => {
    const silence = await run('<Enqueue waitUrl="">q</Enqueue>', { callerHangsUpAt: 3000 });
    assert.deepEqual(silence.heard, []);
    const file = await run('<Enqueue waitUrl="music.mp3">q</Enqueue>', { callerHangsUpAt: 3000 });
    assert.equal(file.heard[0], 'https://app.example.com/ivr/music.mp3');
    const broken = await run('<Enqueue waitUrl="/broken">q</Enqueue>', { callerHangsUpAt: 3000 });
    assert.match(broken.heard[0] ?? '', /^tone_stream/);
  });

  test('a full queue is told to the action, and in the trace', async () => {
    const full = { ...ownQueues(), enter: async () => undefined };
    const result = await run('<Enqueue action="/a">q</Enqueue>', { queues: full });
    assert.equal(next(result).parameters['QueueResult'], 'queue-full');
    assert.ok(warned(result).includes(roomCodes.queueFull.code));
  });

  test('without a name it is skipped; workflowSid is a warning', async () => {
    assert.deepEqual((await run('<Enqueue/>')).warnings, ['PV-1361']);
    const task = await run('<Enqueue workflowSid="WW1">q</Enqueue>', { callerHangsUpAt: 100 });
    assert.deepEqual(task.warnings, ['PV-1353']);
  });
});

suite('<Leave>', () => {
  test('outside of a queue it does nothing', async () => {
    const result = await run('<Leave/><Say>after</Say>');
    assert.deepEqual(result.heard, ['after']);
  });
});

suite('<Dial><Queue>', () => {
  test('who cannot be connected is told to the action, and in the trace', async () => {
    const queues = ownQueues();
    const result = await run('<Dial action="/d"><Queue>q</Queue></Dial>', {
      queues,
      before(agent) {
        const caller = new (agent.constructor as new (span: unknown) => typeof agent)(agent.span);
        caller.media = () => Promise.reject(new Error('FreeSWITCH has no endpoint'));
        void queues.enter('acme', 'q', caller);
      },
    });
    assert.equal(next(result).parameters['DequeueResult'], 'error');
    assert.ok(warned(result).includes(roomCodes.notBridged.code));
  });

  test('nobody within the time: no-answer', async () => {
    const result = await run('<Dial timeout="3" action="/d"><Queue>q</Queue></Dial>');
    assert.equal(result.ms, 3000);
    assert.equal(next(result).parameters['DialCallStatus'], 'no-answer');
  });

  test('connects with the first; the caller hears the document of url before', async () => {
    const queues = ownQueues();
    const { ask, asked } = waiting('<Say>You are next.</Say><Hangup/>');
    let caller: Awaited<ReturnType<typeof run>>['call'] | undefined;
    const result = await run('<Dial action="/d"><Queue url="/next">q</Queue></Dial>', {
      queues,
      ask,
      before(agent) {
        caller = new (agent.constructor as new (span: unknown) => typeof agent)(agent.span);
        void queues.enter('acme', 'q', caller);
        setTimeout(() => caller!.end({ side: 'caller', cause: 'NORMAL_CLEARING' }), 10_000);
      },
    });
    assert.deepEqual(Object.keys(asked[0]!), ['QueueSid', 'DequeuedCallSid', 'DequeuedCallQueueTime']);
    assert.ok(caller!.log.some((done) => done.did === 'play'));
    assert.deepEqual(result.call.sound.did, ['bridge leg', 'apart']);
    const { DialCallStatus, DequeueResult, DialBridged, DialCallDuration } = next(result).parameters;
    assert.deepEqual(
      [DialCallStatus, DequeueResult, DialBridged, DialCallDuration],
      ['completed', 'bridged', 'true', '8'],
    );
  });
});
