/** Calls out: <Dial> with SIP addresses, devices and users, over real calls with sound. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Dialling, LONG_MS, startDialling } from './dialling.ts';
import { readRecorded, tone, toneMs } from './tones.ts';
import { twiml } from './web.ts';

/** What a caller hears while it rings: `ringTone="fr"`. */
const RINGING_HZ = 440;
const AFTER_HZ = 1500;

describe('calls out', { concurrency: 4, timeout: 60_000 }, () => {
  let bench: Dialling;

  before(async () => {
    bench = await startDialling({
      documents: (sip) => {
        const at = (user: string, attributes = ''): string => `<Sip ${attributes}>${sip(user)}</Sip>`;
        const dial = (number: number, attributes: string, nouns: string): string =>
          `<Dial action="/${number}/done" ${attributes}>${nouns}</Dial>`;
        return {
          '1': dial(1, 'answerOnBridge="false" ringTone="fr"', at('u1')),
          '2': dial(2, '', at('u2')),
          '3': dial(3, 'timeout="1"', at('u3')),
          '4': dial(4, '', at('u4')),
          '5': dial(5, 'hangupOnStar="true"', at('u5')),
          '6': dial(6, 'timeLimit="1"', at('u6')),
          '7': dial(7, '', `${at('u7a')}\n  ${at('u7b')}\n  ${at('u7c')}`),
          '8': dial(8, 'sequential="true" timeout="1"', at('u8a') + at('u8b') + at('u8c')),
          '9': dial(9, '', at('u9', 'url="/9/screen" sendDigits="12w3"')),
          '10': dial(10, '', at('u10', 'url="/10/screen"')),
          '11': dial(11, '', at('u11a', 'url="/11/screen"') + at('u11b', 'url="/11/screen"')),
          '12': dial(
            12,
            '',
            at('u12', 'statusCallback="/12/status" statusCallbackEvent="initiated ringing answered completed"'),
          ),
          '13': dial(13, '', at('u13')),
          '14': dial(14, 'record="record-from-answer-dual"', at('u14')),
          '15': dial(15, '', '<Device>desk</Device>'),
          '16': dial(16, '', '<User>ann</User>'),
          '17': dial(17, '', '<Device>missing</Device><Device>silent</Device>'),
          '18': dial(18, 'callerId="+1 (415) 555-0199"', at('u18')),
          '19': dial(19, 'collect_dtmf="true"', at('u19')),
          '20': dial(20, 'answerOnBridge="false"', at('u20')),
          '21': dial(21, '', `<Sip>${sip('u21')}?X-Order=42&amp;Evil=1</Sip>`),
          '22': dial(22, '', '<Sip>sip:x@127.0.0.1:1;transport=tcp</Sip>'),
          '23': dial(23, '', '<User>busy</User>'),
          '24': dial(24, '', '<User>away</User>'),
          '25': dial(25, 'hangupOn="#"', at('u25')),
        };
      },
      manifests: (sip) => {
        const device = (name: string, spec: object): [string, object] => [
          `${name}.yaml`,
          { apiVersion: 'pivot.voice/v1alpha1', kind: 'PivotDevice', metadata: { name }, spec },
        ];
        const user = (name: string, spec: object): [string, object] => [
          `user-${name}.yaml`,
          { apiVersion: 'pivot.voice/v1alpha1', kind: 'PivotUser', metadata: { name }, spec },
        ];
        const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'phones' }, stringData: { silent: 'x' } };
        return Object.fromEntries([
          device('desk', { uri: sip('desk') }),
          device('mobile', { uri: sip('mobile') }),
          device('deaf', { uri: sip('deaf'), doNotDisturb: true }),
          device('silent', {
            credentials: { username: 'silent', passwordSecretRef: { name: 'phones', key: 'silent' } },
          }),
          ['secret.yaml', secret],
          user('ann', { devices: ['desk', 'mobile'] }),
          user('busy', { devices: ['deaf'] }),
          user('away', { devices: ['silent'], doNotDisturb: true }),
        ]);
      },
      also(web) {
        web.on('/9/screen', twiml('<Play>tone_stream://%(400,0,1200)</Play>'));
        web.on('/10/screen', twiml('<Play>tone_stream://%(100,0,1200)</Play><Hangup/>'));
        web.on('/11/screen', ({ parameters }) =>
          twiml(
            parameters.get('Digits') === '1' ? '' : '<Gather numDigits="1" timeout="30" action="/11/screen"/><Hangup/>',
          ),
        );
        web.on('/12/status', { body: '' });
      },
    });
  });

  after(() => bench?.close());

  /** `action` was asked; then the caller, who is still there, hears it. */
  async function done(number: number, expected: Readonly<Record<string, string>>): Promise<URLSearchParams> {
    const told = await bench.told(`/${number}/done`);
    const found = Object.fromEntries(Object.keys(expected).map((name) => [name, told.get(name)]));
    assert.deepEqual(found, expected);
    return told;
  }

  test('an answered caller hears ringing, then both hear each other; the caller survives the called side', async () => {
    const caller = await bench.call('1', 500);
    const ringing = await bench.callees.ringing('u1');
    ringing.ring();
    await caller.phone.ear.untilTone(RINGING_HZ);
    const callee = await ringing.answer({ source: tone(800, LONG_MS) });
    await Promise.all([caller.phone.ear.untilTone(800), callee.ear.untilTone(500)]);
    await callee.hangup();
    const told = await done(1, { DialCallStatus: 'completed', DialBridged: 'true', CallStatus: 'in-progress' });
    assert.equal(told.get('DialCallSid'), ringing.callId);
    assert.equal(told.get('DialCallDuration'), '0');
    await caller.phone.ear.untilTone(AFTER_HZ);
    await caller.phone.ended;
  });

  test('busy: the caller, who was not answered, is told by the action', async () => {
    const caller = await bench.call('2');
    (await bench.callees.ringing('u2')).reject(486);
    const told = await done(2, { DialCallStatus: 'busy', DialBridged: 'false', CallStatus: 'ringing' });
    assert.equal(told.get('DialCallDuration'), '0');
    await caller.phone.ended;
  });

  test('nobody answers in time: the called side is cancelled', async () => {
    const caller = await bench.call('3');
    const ringing = await bench.callees.ringing('u3');
    ringing.ring();
    await done(3, { DialCallStatus: 'no-answer' });
    assert.ok(ringing.cancelled.aborted);
    await caller.phone.ended;
  });

  test('the caller gives up while it rings: the called side is cancelled, the action is told once', async () => {
    const caller = await bench.call('4');
    const ringing = await bench.callees.ringing('u4');
    ringing.ring();
    await caller.phone.hangup();
    await done(4, { DialCallStatus: 'canceled', CallStatus: 'canceled' });
    const { attributes } = await caller.trace.root;
    assert.equal(attributes['pivot.call.status'], 'canceled');
    assert.ok(ringing.cancelled.aborted);
  });

  test('`*` with hangupOnStar ends the called side only', async () => {
    const caller = await bench.call('5', 500);
    const callee = await (await bench.callees.ringing('u5')).answer();
    await callee.ear.untilTone(500);
    await caller.phone.press('*');
    const end = await callee.ended;
    assert.equal(end.by, 'remote');
    const told = await done(5, { DialCallStatus: 'completed', CallStatus: 'in-progress' });
    assert.equal(told.get('Digits'), null, 'the key is not typed ahead');
    await caller.phone.ear.untilTone(AFTER_HZ);
    await caller.phone.ended;
  });

  test('the time limit ends the called side, and the document goes on', async () => {
    const caller = await bench.call('6');
    const callee = await (await bench.callees.ringing('u6')).answer();
    assert.equal((await callee.ended).by, 'remote');
    await done(6, { DialCallStatus: 'completed', DialCallDuration: '1' });
    await caller.phone.ended;
  });

  test('several ring together; the first who answers has the call, the others are cancelled', async () => {
    const caller = await bench.call('7', 500);
    const [a, b, c] = await Promise.all(['u7a', 'u7b', 'u7c'].map((user) => bench.callees.ringing(user)));
    for (const ringing of [a, b, c]) ringing!.ring();
    a!.reject(486);
    const callee = await b!.answer({ source: tone(800, LONG_MS) });
    await Promise.all([caller.phone.ear.untilTone(800), callee.ear.untilTone(500)]);
    assert.ok(c!.cancelled.aborted);
    await callee.hangup();
    const told = await done(7, { DialCallStatus: 'completed' });
    assert.equal(told.get('DialCallSid'), b!.callId);
    await caller.phone.ended;
  });

  test('sequential: one after the other, each for its time', async () => {
    const caller = await bench.call('8');
    const first = await bench.callees.ringing('u8a');
    first.ring();
    const second = await bench.callees.ringing('u8b');
    assert.ok(first.cancelled.aborted);
    second.reject(486);
    const callee = await (await bench.callees.ringing('u8c')).answer({ source: tone(800, LONG_MS) });
    await caller.phone.ear.untilTone(800);
    await callee.hangup();
    await done(8, { DialCallStatus: 'completed', DialCallSid: callee.callId });
    await caller.phone.ended;
  });

  test('sendDigits, then a document for the called side, then the connection', async () => {
    const caller = await bench.call('9', 500);
    const callee = await (await bench.callees.ringing('u9')).answer();
    await callee.ear.untilTone(1200);
    const asked = await bench.told('/9/screen');
    assert.deepEqual(
      ['CallSid', 'ParentCallSid', 'Direction', 'To', 'CallStatus'].map((name) => asked.get(name)),
      [callee.callId, caller.phone.callId, 'outbound-dial', 'u9', 'in-progress'],
    );
    assert.deepEqual(
      callee.digits.map(({ digit }) => digit),
      ['1', '2', '3'],
    );
    await callee.ear.untilTone(500);
    await caller.phone.hangup();
    assert.equal((await callee.ended).by, 'remote');
    await done(9, { DialCallStatus: 'completed', CallStatus: 'completed' });
  });

  test('<Hangup> in the document for the called side declines the call', async () => {
    const caller = await bench.call('10');
    const callee = await (await bench.callees.ringing('u10')).answer();
    assert.equal((await callee.ended).by, 'remote');
    await done(10, { DialCallStatus: 'no-answer', DialBridged: 'false' });
    await caller.phone.ended;
  });

  test('of several with a document, the first who takes the call has it', async () => {
    const caller = await bench.call('11', 500);
    const [a, b] = await Promise.all([bench.callees.ringing('u11a'), bench.callees.ringing('u11b')]);
    const first = await a.answer();
    await bench.web.request('/11/screen');
    const second = await b.answer();
    await bench.web.request('/11/screen');
    await second.press('1');
    await second.ear.untilTone(500);
    assert.equal((await first.ended).by, 'remote');
    await second.hangup();
    const told = await bench.told('/11/done');
    assert.equal(told.get('DialCallSid'), b.callId);
    await caller.phone.ended;
  });

  test('statusCallback is told of each event, in their order', async () => {
    const caller = await bench.call('12');
    const ringing = await bench.callees.ringing('u12');
    ringing.ring();
    const events = [await bench.told('/12/status'), await bench.told('/12/status')];
    const callee = await ringing.answer();
    events.push(await bench.told('/12/status'));
    await callee.hangup();
    events.push(await bench.told('/12/status'));
    const shown = events.map((event) => [
      event.get('SequenceNumber'),
      event.get('CallStatus'),
      event.get('CallSid') === ringing.callId && event.get('ParentCallSid') === caller.phone.callId,
    ]);
    assert.deepEqual(shown, [
      ['0', 'initiated', true],
      ['1', 'ringing', true],
      ['2', 'in-progress', true],
      ['3', 'completed', true],
    ]);
    assert.equal(events[3]!.get('CallDuration'), '0');
    await caller.phone.ended;
  });

  test('what the called side plays before it answers is heard as early media', async () => {
    const caller = await bench.call('13', 500);
    const ringing = await bench.callees.ringing('u13');
    await ringing.early(tone(1000, LONG_MS));
    await caller.phone.ear.untilTone(1000);
    assert.equal(caller.phone.state, 'calling');
    const callee = await ringing.answer({ source: tone(800, LONG_MS) });
    await Promise.all([caller.phone.ear.untilTone(800), callee.ear.untilTone(500), caller.phone.answered]);
    await callee.hangup();
    await done(13, { DialCallStatus: 'completed' });
    await caller.phone.ended;
  });

  test('a recording has the caller left and the called side right, and its URL goes to the action', async () => {
    const caller = await bench.call('14', 500);
    const callee = await (await bench.callees.ringing('u14')).answer({ source: tone(800, LONG_MS) });
    await Promise.all([caller.phone.ear.untilTone(800), callee.ear.untilTone(500)]);
    const from = callee.ear.heardMs;
    await callee.ear.until((ear) => ear.heardMs >= from + 1500);
    await callee.hangup();
    const told = await done(14, { DialCallStatus: 'completed' });
    assert.match(told.get('RecordingSid') ?? '', /^RE[0-9a-f]{32}$/);
    const response = await fetch(told.get('RecordingUrl')!);
    const { channels } = readRecorded(new Uint8Array(await response.arrayBuffer()));
    assert.equal(channels.length, 2);
    const [left, right] = channels.map((samples) => [toneMs(samples, 500), toneMs(samples, 800)]);
    assert.ok(left![0]! >= 1300 && left![1] === 0, `left: ${left}`);
    assert.ok(right![1]! >= 1300 && right![0] === 0, `right: ${right}`);
    await caller.phone.ended;
  });

  test('a device at a fixed address, and a user whose devices ring together', async () => {
    const one = await bench.call('15');
    (await bench.callees.ringing('desk')).reject(603);
    await done(15, { DialCallStatus: 'busy' });
    await one.phone.ended;
    const both = await bench.call('16');
    const [desk, mobile] = await Promise.all([bench.callees.ringing('desk'), bench.callees.ringing('mobile')]);
    const callee = await mobile.answer();
    await callee.hangup();
    await done(16, { DialCallStatus: 'completed', DialCallSid: mobile.callId });
    assert.ok(desk.cancelled.aborted);
    await both.phone.ended;
  });

  test('a device that does not exist is a warning; one that has not registered cannot be reached', async () => {
    const caller = await bench.call('17');
    await done(17, { DialCallStatus: 'no-answer', DialBridged: 'false' });
    const dialled = await caller.trace.ended('verb Dial');
    assert.deepEqual(
      dialled.events.map(({ attributes }) => attributes['pivot.error.code']),
      ['PV-2507', 'PV-2508'],
    );
    const leg = await caller.trace.ended('dial.leg');
    assert.equal(leg.attributes['pivot.error.code'], 'PV-2508');
    await caller.phone.ended;
  });

  test('do-not-disturb refuses as busy', async () => {
    for (const number of [23, 24]) {
      const caller = await bench.call(String(number));
      await done(number, { DialCallStatus: 'busy' });
      await caller.phone.ended;
    }
  });

  test('callerId is what the called side sees', async () => {
    const caller = await bench.call('18');
    const ringing = await bench.callees.ringing('u18');
    assert.match(ringing.header('From') ?? '', /^<sip:\+14155550199@/);
    ringing.reject(486);
    await caller.phone.ended;
  });

  test('digits pressed while connected go to the called side, and to the action with collect_dtmf', async () => {
    const caller = await bench.call('19', 500);
    const callee = await (await bench.callees.ringing('u19')).answer();
    await callee.ear.untilTone(500);
    await caller.phone.press('42');
    await callee.ear.until(() => callee.digits.length >= 2);
    await callee.hangup();
    await done(19, { Digits: '42' });
    await caller.phone.ended;
  });

  test('the caller hangs up while connected: so does the called side', async () => {
    const caller = await bench.call('20', 500);
    const callee = await (await bench.callees.ringing('u20')).answer();
    await callee.ear.untilTone(500);
    await caller.phone.hangup();
    assert.equal((await callee.ended).by, 'remote');
    await done(20, { DialCallStatus: 'completed', CallStatus: 'completed' });
  });

  test('headers of the address that may be given are given', async () => {
    const caller = await bench.call('21');
    const ringing = await bench.callees.ringing('u21');
    assert.equal(ringing.header('X-Order'), '42');
    assert.equal(ringing.header('Evil'), undefined);
    ringing.reject(404);
    await done(21, { DialCallStatus: 'failed' });
    await caller.phone.ended;
  });

  test('nobody is there: failed, and the document goes on', async () => {
    const caller = await bench.call('22');
    await done(22, { DialCallStatus: 'failed' });
    await caller.phone.ended;
  });

  test('hangupOn ends the call', async () => {
    const caller = await bench.call('25', 500);
    const callee = await (await bench.callees.ringing('u25')).answer();
    await callee.ear.untilTone(500);
    await caller.phone.press('#').catch(() => {});
    assert.equal((await caller.phone.ended).by, 'remote');
    assert.equal((await callee.ended).by, 'remote');
  });
});
