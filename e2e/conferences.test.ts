/** Conferences: who hears whom, when they start and end, and what web servers are told. Over real calls. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { readRecorded, tone, toneMs } from './tones.ts';
import { startWeb, twiml, type Web, type WebRequest } from './web.ts';

/** What is heard while waiting alone, and at entering and leaving. */
const WAIT_HZ = 659;
const BEEP_HZ = 660;
const LONG_MS = 60_000;

function form({ body }: WebRequest): URLSearchParams {
  return new URLSearchParams(body);
}

describe('conferences', { concurrency: 4 }, () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;

  /** Participants by number: attributes, name, and what stands behind. */
  const rooms: Readonly<Record<string, readonly [attributes: string, name: string, dial?: string]>> = {
    '10': ['beep="false"', 'plain'],
    '20': ['startConferenceOnEnter="false" waitUrl="/wait" beep="false"', 'moderated'],
    '21': ['endConferenceOnExit="true" beep="false"', 'moderated', 'action="/after"'],
    '30': ['beep="onEnter" muted="true" waitUrl=""', 'muted'],
    '31': ['beep="onEnter" deaf="true" waitUrl=""', 'muted'],
    '40': ['maxParticipants="2" beep="false" waitUrl=""', 'full'],
    '50': [
      'beep="false" waitUrl="" record="record-from-start" trim="do-not-trim" recordingStatusCallback="/recorded" statusCallback="/events" statusCallbackEvent="start end join leave"',
      'told',
    ],
    '60': ['beep="false" waitUrl=""', 'limited', 'timeLimit="1"'],
  };

  before(async () => {
    web = await startWeb();
    const manifests: Record<string, object> = {};
    for (const [number, [attributes, name, dial = '']] of Object.entries(rooms)) {
      web.on(
        `/${number}`,
        twiml(`<Dial ${dial}>\n<Conference ${attributes}> ${name} </Conference>\n</Dial><Say>bye</Say>`),
      );
      manifests[`${number}.yaml`] = pivotManifest(`room-${number}`, [number], `${web.url}/${number}`);
    }
    web.on('/wait', twiml('<Play>tone_stream://%(30000,0,900)</Play>'));
    web.on('/after', twiml('<Say>after</Say>'));
    for (const path of ['/events', '/recorded']) web.on(path, { body: '' });
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

  /** One tone of several. */
  const hears = ({ phone }: TracedCall, hz: number): Promise<void> => phone.ear.until((ear) => ear.tone(hz) > 0.25);

  test('the first waits with tones; then both hear each other and not themselves; who stays hears who comes', async () => {
    const a = await call('10', 500);
    await a.phone.ear.untilTone(WAIT_HZ);
    const b = await call('10', 800);
    await Promise.all([a.phone.ear.untilTone(800), b.phone.ear.untilTone(500)]);
    assert.ok(a.phone.ear.tone(500) < 0.2 && b.phone.ear.tone(800) < 0.2, 'nobody hears himself');
    await b.phone.hangup();
    await a.phone.ear.untilSilence(300);
    const c = await call('10', 1000);
    await Promise.all([a.phone.ear.untilTone(1000), c.phone.ear.untilTone(500)]);
    await Promise.all([a.phone.hangup(), c.phone.hangup()]);
  });

  test('it starts with the moderator and ends with him; the others’ documents go on (T15)', async () => {
    const member = await call('20', 500);
    await member.phone.ear.untilTone(900);
    const other = await call('20', 700);
    await other.phone.ear.untilTone(900);
    assert.ok(member.phone.ear.tone(700) < 0.2, 'two members alone do not start it');
    const moderator = await call('21', 1000);
    await Promise.all([member, other].map((one) => hears(one, 1000)));
    await moderator.phone.hangup();
    for (const { phone, trace } of [member, other]) {
      const said = await trace.started('verb Say');
      assert.ok(said);
      assert.equal((await phone.ended).by, 'remote');
    }
    const asked = form(await web.request('/after'));
    assert.equal(asked.get('DialCallStatus'), 'answered');
    assert.equal(asked.get('CallStatus'), 'completed');
  });

  test('muted is not heard, deaf does not hear; a beep tells who enters (T17, T18)', async () => {
    const muted = await call('30', 500);
    await muted.trace.started('verb Dial');
    const deaf = await call('31');
    await muted.phone.ear.untilTone(BEEP_HZ);
    const said = deaf.phone.play(tone(700, LONG_MS));
    await muted.phone.ear.untilTone(700);
    await deaf.phone.ear.untilSilence(500);
    assert.ok(deaf.phone.ear.tone(500) < 0.2);
    await Promise.all([muted.phone.hangup(), deaf.phone.hangup(), said]);
  });

  test('who comes into a full one hears the next verb (T19)', async () => {
    const two = [await call('40', 500), await call('40', 700)];
    await two[0]!.phone.ear.untilTone(700);
    const third = await call('40');
    await third.phone.ended;
    const dial = await third.trace.ended('verb Dial');
    assert.equal(dial.events[0]?.attributes['pivot.error.code'], 'PV-2401');
    assert.ok(await third.trace.ended('verb Say'));
    await Promise.all(two.map(({ phone }) => phone.hangup()));
  });

  test('events and the recording are told; the recording has everybody', async () => {
    const a = await call('50', 500);
    await a.trace.started('verb Dial');
    const b = await call('50', 800);
    await a.phone.ear.untilTone(800);
    const from = a.phone.ear.heardMs;
    await a.phone.ear.until((ear) => ear.heardMs >= from + 1500);
    await b.phone.hangup();
    await a.phone.ear.untilSilence(200);
    await a.phone.hangup();
    const events: URLSearchParams[] = [];
    while (events.at(-1)?.get('StatusCallbackEvent') !== 'conference-end')
      events.push(form(await web.request('/events')));
    assert.deepEqual(
      events.map((event) => event.get('StatusCallbackEvent')),
      [
        'participant-join',
        'participant-join',
        'conference-start',
        'participant-leave',
        'participant-leave',
        'conference-end',
      ],
    );
    assert.deepEqual(
      events.map((event) => event.get('SequenceNumber')),
      ['1', '2', '3', '4', '5', '6'],
    );
    assert.deepEqual(
      [0, 1, 3, 4, 5].map((index) => events[index]!.get(index === 5 ? 'CallSidEndingConference' : 'CallSid')),
      [a, b, b, a, a].map(({ phone }) => phone.callId),
    );
    assert.ok(events.every((event) => event.get('FriendlyName') === 'told' && /^CF/.test(event.get('ConferenceSid')!)));

    const recorded = form(await web.request('/recorded'));
    assert.equal(recorded.get('RecordingSource'), 'Conference');
    const response = await fetch(recorded.get('RecordingUrl')!);
    const { channels } = readRecorded(new Uint8Array(await response.arrayBuffer()));
    // Both at once are each half of what is heard: the second alone is not there, the first alone at the end.
    assert.ok(toneMs(channels[0]!, 500) > 100, 'the one who stayed');
    assert.ok(channels[0]!.length / 8 > 1500);
  });

  test('timeLimit ends the stay, and the document goes on', async () => {
    const a = await call('60', 500);
    const b = await call('60', 700);
    await a.phone.ear.untilTone(700);
    await Promise.all([a, b].map(({ trace }) => trace.ended('verb Say')));
    await Promise.all([a.phone.ended, b.phone.ended]);
  });
});
