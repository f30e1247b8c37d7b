/** Queues of three workers that share a Redis: one line for all, whoever has the caller and whoever the agent. Over real calls. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { startRedis } from './redis.ts';
import { tone } from './tones.ts';
import { startWeb, twiml, type Web, type WebRequest } from './web.ts';

const redis = await startRedis();
const skip = redis === undefined ? 'redis-server is not installed' : false;
const LONG_MS = 60_000;

function form({ body }: WebRequest): URLSearchParams {
  return new URLSearchParams(body);
}

describe('queues of three workers', { timeout: 120_000, skip }, () => {
  let web: Web;
  let workers: Pivot[] = [];
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    const numbers: Record<string, string> = {
      '1': '<Enqueue waitUrl="/wait" action="/served">fifo</Enqueue><Say>never</Say>',
      '2': '<Dial action="/done"><Queue url="/before">fifo</Queue></Dial>',
      '3': '<Enqueue waitUrl="/short" action="/served-late">killed</Enqueue>',
      '4': '<Dial action="/done-late"><Queue>killed</Queue></Dial>',
    };
    const manifests: Record<string, object> = {};
    for (const [number, document] of Object.entries(numbers)) {
      web.on(`/${number}`, twiml(document));
      manifests[`${number}.yaml`] = pivotManifest(`queue-${number}`, [number], `${web.url}/${number}`);
    }
    web.on('/wait', twiml('<Play>tone_stream://%(30000,0,900)</Play>'));
    web.on('/short', twiml('<Play>tone_stream://%(1900,0,900)</Play>'));
    web.on('/before', twiml('<Play>tone_stream://%(600,0,1200)</Play>'));
    for (const path of ['/served', '/done', '/served-late', '/done-late']) web.on(path, twiml('<Hangup/>'));
    const env = { PIVOT_REDIS: redis!.url };
    workers = await Promise.all([0, 1, 2].map(() => startPivot({ manifests, env })));
    phones = await createPhones();
  });

  after(async () => {
    await phones?.close();
    for (const worker of workers) await worker.dispose();
    await web?.close();
    await redis?.stop();
  });

  const call = (worker: number, number: string, hz: number): Promise<TracedCall> =>
    workers[worker]!.call(phones, number, { source: tone(hz, LONG_MS) });

  test('who came first is taken first, by an agent of any worker; both hear each other', async () => {
    const first = await call(0, '1', 500);
    const asked = form(await web.request('/wait'));
    const second = await call(1, '1', 600);
    const place = form(await web.request('/wait'));
    assert.deepEqual([place.get('QueuePosition'), place.get('CurrentQueueSize')], ['2', '2']);
    assert.equal(place.get('QueueSid'), asked.get('QueueSid'));

    const agent = await call(2, '2', 800);
    assert.equal(form(await web.request('/before')).get('DequeuedCallSid'), first.phone.callId);
    await first.phone.ear.untilTone(1200);
    await Promise.all([agent.phone.ear.untilTone(500), first.phone.ear.untilTone(800)]);
    await first.phone.hangup();
    const served = form(await web.request('/served'));
    assert.deepEqual([served.get('QueueResult'), served.get('CallSid')], ['bridged', first.phone.callId]);
    const done = form(await web.request('/done'));
    assert.deepEqual(
      ['DialCallStatus', 'DequeueResult', 'DialBridged', 'DequeuedCallSid', 'QueueSid'].map((name) => done.get(name)),
      ['completed', 'bridged', 'true', first.phone.callId, asked.get('QueueSid')],
    );
    assert.equal(done.get('CallStatus'), 'in-progress', 'the agent is still there');
    await agent.phone.ended;

    const next = await call(0, '2', 800);
    await Promise.all([next.phone.ear.untilTone(600), second.phone.ear.untilTone(800)]);
    await next.phone.hangup();
    const again = form(await web.request('/served'));
    assert.deepEqual([again.get('QueueResult'), again.get('CallSid')], ['bridged', second.phone.callId]);
    assert.equal(again.get('CallStatus'), 'in-progress', 'the caller survives the agent');
    await second.phone.ended;
  });

  test('an agent who waits takes one who comes elsewhere', async () => {
    const agent = await call(2, '2', 800);
    await agent.trace.started('verb Dial');
    const caller = await call(1, '1', 500);
    await Promise.all([agent.phone.ear.untilTone(500), caller.phone.ear.untilTone(800)]);
    await caller.phone.hangup();
    await Promise.all([agent.phone.ended, caller.phone.ended]);
  });

  test('a worker that is killed takes its callers with it; the others keep their places', async () => {
    await call(0, '3', 500);
    await web.request('/short');
    const waiting = await call(1, '3', 600);
    const place = async (): Promise<string> => {
      for (;;) {
        const told = form(await web.request('/short'));
        if (told.get('CallSid') === waiting.phone.callId) {
          return `${told.get('QueuePosition')} of ${told.get('CurrentQueueSize')}`;
        }
      }
    };
    assert.equal(await place(), '2 of 2');
    workers[0]!.program.signal('SIGKILL');
    let told = '';
    do told = await place();
    while (told !== '1 of 1');
    const agent = await call(2, '4', 800);
    await Promise.all([agent.phone.ear.untilTone(600), waiting.phone.ear.untilTone(800)]);
    await agent.phone.hangup();
    const served = form(await web.request('/served-late'));
    assert.deepEqual([served.get('QueueResult'), served.get('CallSid')], ['bridged', waiting.phone.callId]);
    await waiting.phone.ended;
  });
});
