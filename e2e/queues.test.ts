/** Queues: callers wait in their order, hear where they stand, and are connected with whoever takes them. Over real calls. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { tone } from './tones.ts';
import { startWeb, twiml, type Web, type WebRequest } from './web.ts';

const LONG_MS = 60_000;
const WAIT_HZ = 900;

function form({ body }: WebRequest): URLSearchParams {
  return new URLSearchParams(body);
}

describe('queues', { concurrency: 3 }, () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    const numbers: Record<string, string> = {
      '1': '<Enqueue waitUrl="/wait" action="/served">fifo</Enqueue><Say>never</Say>',
      '2': '<Dial action="/done"><Queue url="/before"> fifo </Queue></Dial>',
      '3': '<Enqueue waitUrl="/menu" action="/left">menu</Enqueue>',
      '4': '<Dial timeout="1" action="/nobody"><Queue>empty</Queue></Dial>',
      '5': '<Enqueue waitUrl="/silence" action="/gone">gone</Enqueue>',
      '6': '<Enqueue waitUrl="">late</Enqueue><Say>bye</Say>',
      '7': '<Dial timeout="20" timeLimit="1" action="/late"><Queue>late</Queue></Dial>',
    };
    const manifests: Record<string, object> = {};
    for (const [number, document] of Object.entries(numbers)) {
      web.on(`/${number}`, twiml(document));
      manifests[`${number}.yaml`] = pivotManifest(`queue-${number}`, [number], `${web.url}/${number}`);
    }
    web.on('/wait', twiml(`<Play>tone_stream://%(30000,0,${WAIT_HZ})</Play>`));
    web.on('/menu', ({ parameters }) =>
      twiml(parameters.get('Digits') === '1' ? '<Leave/>' : '<Gather numDigits="1" timeout="20" action="/menu"/>'),
    );
    web.on('/silence', twiml('<Pause length="60"/>'));
    web.on('/before', twiml('<Play>tone_stream://%(600,0,1200)</Play>'));
    for (const path of ['/served', '/done', '/left', '/nobody', '/gone', '/late']) web.on(path, twiml('<Hangup/>'));
    pivot = await startPivot({ manifests });
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    await pivot?.stop();
    await pivot?.dispose();
    await web?.close();
  });

  const call = (number: string, hz?: number): Promise<TracedCall> =>
    pivot.call(phones, number, hz === undefined ? {} : { source: tone(hz, LONG_MS) });

  test('first come, first served; each is told the place; both hear each other', async () => {
    const first = await call('1', 500);
    const asked = form(await web.request('/wait'));
    assert.equal(asked.get('QueuePosition'), '1');
    assert.equal(asked.get('CurrentQueueSize'), '1');
    assert.match(asked.get('QueueSid') ?? '', /^QU[0-9a-f]{32}$/);
    await first.phone.ear.untilTone(WAIT_HZ);
    const second = await call('1', 600);
    const place = form(await web.request('/wait'));
    assert.deepEqual([place.get('QueuePosition'), place.get('CurrentQueueSize')], ['2', '2']);

    const agent = await call('2', 800);
    const before = form(await web.request('/before'));
    assert.equal(before.get('DequeuedCallSid'), first.phone.callId);
    await first.phone.ear.untilTone(1200);
    await Promise.all([agent.phone.ear.untilTone(500), first.phone.ear.untilTone(800)]);
    assert.ok(second.phone.ear.tone(800) < 0.2, 'the second still waits');
    await first.phone.hangup();
    const served = form(await web.request('/served'));
    assert.deepEqual([served.get('QueueResult'), served.get('CallSid')], ['bridged', first.phone.callId]);
    const done = form(await web.request('/done'));
    assert.deepEqual(
      ['DialCallStatus', 'DequeueResult', 'DialBridged', 'DequeuedCallSid'].map((name) => done.get(name)),
      ['completed', 'bridged', 'true', first.phone.callId],
    );
    assert.equal(done.get('CallStatus'), 'in-progress', 'the agent is still there');
    await agent.phone.ended;

    const next = await call('2', 800);
    await next.phone.ear.untilTone(600);
    await next.phone.hangup();
    const again = form(await web.request('/served'));
    assert.deepEqual([again.get('QueueResult'), again.get('CallSid')], ['bridged', second.phone.callId]);
    assert.equal(again.get('CallStatus'), 'in-progress', 'the caller survives the agent');
    await second.phone.ended;
  });

  test('<Leave> in the waiting document leaves the queue', async () => {
    const caller = await call('3');
    await web.request('/menu');
    await caller.phone.press('1').catch(() => {});
    const left = form(await web.request('/left'));
    assert.equal(left.get('QueueResult'), 'leave');
    await caller.phone.ended;
  });

  test('an empty queue: nobody comes within the time', async () => {
    const agent = await call('4');
    const told = form(await web.request('/nobody'));
    assert.deepEqual([told.get('DialCallStatus'), told.get('DequeueResult')], ['no-answer', 'queue-empty']);
    await agent.phone.ended;
  });

  test('a caller who hangs up while waiting is told, and is in nobody’s way', async () => {
    const caller = await call('5');
    await web.request('/silence');
    await caller.phone.hangup();
    const gone = form(await web.request('/gone'));
    assert.deepEqual([gone.get('QueueResult'), gone.get('CallStatus')], ['hangup', 'completed']);
  });

  test('an agent who waits takes the next who comes; the time limit parts them, and both go on', async () => {
    const agent = await call('7', 800);
    await agent.trace.started('verb Dial');
    const caller = await call('6', 500);
    await Promise.all([agent.phone.ear.untilTone(500), caller.phone.ear.untilTone(800)]);
    const late = form(await web.request('/late'));
    assert.equal(late.get('DialCallDuration'), '1');
    assert.ok(await caller.trace.ended('verb Say'));
    await Promise.all([agent.phone.ended, caller.phone.ended]);
  });
});
