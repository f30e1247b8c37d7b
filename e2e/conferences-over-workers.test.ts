/** Conferences of three workers that share a Redis: one room for all, whichever worker a participant calls. Over real calls. */
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

describe('conferences of three workers', { timeout: 120_000, skip }, () => {
  let web: Web;
  let workers: Pivot[] = [];
  let phones: Phones;

  before(async () => {
    web = await startWeb();
    const member = 'startConferenceOnEnter="false" waitUrl="/wait" beep="false"';
    const numbers: Record<string, string> = {
      '1': '<Dial><Conference beep="false" waitUrl="" statusCallback="/events" statusCallbackEvent="start end join leave">plain</Conference></Dial>',
      '2': `<Dial action="/after"><Conference ${member}>moderated</Conference></Dial>`,
      '3': '<Dial action="/after"><Conference endConferenceOnExit="true" beep="false">moderated</Conference></Dial>',
      '4': '<Dial action="/full"><Conference beep="false" waitUrl="" maxParticipants="2">full</Conference></Dial>',
      '5': '<Dial timeLimit="1" action="/limited"><Conference beep="false" waitUrl="">limited</Conference></Dial>',
      '6': '<Dial><Conference beep="false" waitUrl="">killed</Conference></Dial>',
    };
    const manifests: Record<string, object> = {};
    for (const [number, document] of Object.entries(numbers)) {
      web.on(`/${number}`, twiml(document));
      manifests[`${number}.yaml`] = pivotManifest(`room-${number}`, [number], `${web.url}/${number}`);
    }
    web.on('/wait', twiml('<Play>tone_stream://%(30000,0,900)</Play>'));
    web.on('/events', { body: '' });
    for (const path of ['/after', '/full', '/limited']) web.on(path, twiml('<Hangup/>'));
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

  /** One tone of several. */
  const hears = ({ phone }: TracedCall, hz: number): Promise<void> => phone.ear.until((ear) => ear.tone(hz) > 0.25);

  test('all hear each other, who goes leaves the rest, and one web server is told of all', async () => {
    const one = await call(0, '1', 500);
    await web.request('/events');
    const two = await call(1, '1', 800);
    await Promise.all([hears(one, 800), hears(two, 500)]);
    const three = await call(2, '1', 1000);
    await Promise.all([hears(one, 1000), hears(two, 1000), hears(three, 500), hears(three, 800)]);
    assert.ok(three.phone.ear.tone(1000) < 0.2, 'nobody hears himself');
    await one.phone.hangup();
    await Promise.all([two.phone.ear.untilTone(1000), three.phone.ear.untilTone(800)]);
    await Promise.all([two.phone.hangup(), three.phone.hangup()]);
    const told: URLSearchParams[] = [];
    do told.push(form(await web.request('/events')));
    while (told.at(-1)?.get('StatusCallbackEvent') !== 'conference-end');
    const joined = told.filter((event) => event.get('StatusCallbackEvent') === 'participant-join');
    assert.deepEqual(
      joined.map((event) => event.get('CallSid')),
      [two.phone.callId, three.phone.callId],
    );
    assert.equal(new Set(told.map((event) => event.get('ConferenceSid'))).size, 1);
  });

  test('it waits for the moderator and ends with him, wherever he is', async () => {
    const members = [await call(0, '2', 500), await call(1, '2', 700)];
    await Promise.all(members.map(({ phone }) => phone.ear.untilTone(900)));
    const moderator = await call(2, '3', 1000);
    await Promise.all(members.map((member) => hears(member, 1000)));
    await hears(moderator, 700);
    await moderator.phone.hangup();
    const told = [
      form(await web.request('/after')),
      form(await web.request('/after')),
      form(await web.request('/after')),
    ];
    assert.equal(new Set(told.map((one) => one.get('ConferenceSid'))).size, 1);
    assert.deepEqual(
      told.filter((one) => one.get('CallStatus') === 'in-progress').map((one) => one.get('DialCallStatus')),
      ['answered', 'answered'],
    );
    for (const { phone } of members) await phone.ended;
  });

  test('its limit counts all; the time limit of a participant ends that stay', async () => {
    const inside = [await call(0, '4', 500), await call(1, '4', 800)];
    await Promise.all([hears(inside[0]!, 800), hears(inside[1]!, 500)]);
    const outside = await call(2, '4', 1000);
    const full = form(await web.request('/full'));
    assert.deepEqual([full.get('CallSid'), full.get('DialCallStatus')], [outside.phone.callId, 'failed']);
    await outside.phone.ended;
    for (const { phone } of inside) await phone.hangup();
    const [long, short] = [await call(1, '5', 500), await call(2, '5', 800)];
    const told = [form(await web.request('/limited')), form(await web.request('/limited'))];
    assert.deepEqual(
      told.map((one) => one.get('CallSid')).toSorted(),
      [long.phone.callId, short.phone.callId].toSorted(),
    );
    await Promise.all([long.phone.ended, short.phone.ended]);
  });

  test('when the worker that owns it is killed, the others meet again', async () => {
    await call(0, '6', 500);
    const two = await call(1, '6', 800);
    await hears(two, 500);
    const three = await call(2, '6', 1000);
    await Promise.all([hears(two, 1000), hears(three, 800)]);
    workers[0]!.program.signal('SIGKILL');
    await Promise.all([two.phone.ear.untilSilence(1000), three.phone.ear.untilSilence(1000)]);
    await Promise.all([hears(two, 1000), hears(three, 800)]);
    await Promise.all([two.phone.hangup(), three.phone.hangup()]);
  });
});
