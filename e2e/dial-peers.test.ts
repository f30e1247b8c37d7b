/** Calls out to phones that other people wrote: sipp and baresip as callers, callees and carrier. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { type Dialling, startDialling, trunkManifest } from './dialling.ts';
import { startBaresip } from './peers/baresip.ts';
import { createEar, type Ear } from './peers/ear.ts';
import { headerOf, kindOf } from './peers/messages.ts';
import { requirePackages } from './peers/packages.ts';
import { freePort } from './peers/ports.ts';
import { startSipp } from './peers/sipp.ts';
import { type CalleeBehaviour, type CalleeOptions, type SippCallee, startSippCallee } from './peers/sipp-callee.ts';
import { findTone, sine } from './peers/sound.ts';
import { twiml } from './web.ts';

const skip = requirePackages(['sip-tester', 'baresip-core']);
const limits = { timeout: 20_000, skip };

describe('calls out to sipp and baresip', { skip, concurrency: 3 }, () => {
  let bench: Dialling;
  /** Numbers that were not used yet. */
  const numbers = Array.from({ length: 12 }, (_, index) => String(101 + index));
  let trunkPort: number;

  before(async () => {
    trunkPort = await freePort('127.0.0.1');
    bench = await startDialling({
      documents: () => Object.fromEntries(numbers.map((number) => [number, ''])),
      manifests: () => ({ 'trunk.yaml': trunkManifest('carrier', [trunkPort]) }),
    });
  });

  after(() => bench?.close());

  async function ear(t: TestContext): Promise<Ear> {
    const made = await createEar();
    t.after(() => made.close());
    return made;
  }

  async function callee(
    t: TestContext,
    behaviour: CalleeBehaviour,
    options: Partial<Pick<CalleeOptions, 'transport' | 'media' | 'port'>> = {},
  ): Promise<SippCallee> {
    const started = await startSippCallee({ behaviour, media: await ear(t), ...options });
    t.after(() => started.close());
    return started;
  }

  /** A number whose callflow answers with these verbs. */
  function answering(verbs: string): string {
    const number = numbers.shift()!;
    bench.web.on(`/${number}`, twiml(verbs.replaceAll('ACTION', `/${number}/done`)));
    bench.web.on(`/${number}/done`, twiml('<Play>tone_stream://%(300,0,1500)</Play>'));
    return number;
  }

  for (const transport of ['udp', 'tcp'] as const) {
    test(`sipp calls sipp over ${transport}: both hear each other, the callee hangs up`, limits, async (t) => {
      const [calledEar, callerEar] = [await ear(t), await ear(t)];
      const called = await callee(t, { kind: 'answers', ringMs: 100, talkMs: 1500 }, { transport, media: calledEar });
      const number = answering(
        `<Dial action="ACTION"><Sip>sip:bob@${called.address};transport=${transport}</Sip></Dial>`,
      );
      const caller = await startSipp({
        to: { host: bench.pivot.host, port: bench.pivot.port },
        from: '+15550100',
        number,
        media: callerEar,
        transport,
        ending: { kind: 'far-end', withinMs: 20_000 },
      });
      await calledEar.hearing;
      await callerEar.hearing;
      const told = await bench.told(`/${number}/done`);
      assert.deepEqual([told.get('DialCallStatus'), told.get('DialBridged')], ['completed', 'true']);
      const invite = await called.message('received', 'INVITE');
      assert.equal(headerOf(invite, 'Call-ID'), told.get('DialCallSid'));
      assert.match(headerOf(invite, 'From') ?? '', /\+15550100@/);
      await called.ended;
      assert.equal((await caller.ended).exitCode, 0);
      assert.equal(findTone(callerEar.heard, 1500).length, 1, 'the caller hears what follows');
    });
  }

  test('sipp is busy, refuses, or rings until it is cancelled', limits, async (t) => {
    const outcomes: readonly (readonly [CalleeBehaviour, string, string])[] = [
      [{ kind: 'refuses', status: 486, reason: 'Busy Here' }, '', 'busy'],
      [{ kind: 'refuses', status: 404, reason: 'Not Found' }, '', 'failed'],
      [{ kind: 'rings' }, 'timeout="1"', 'no-answer'],
    ];
    for (const [behaviour, attributes, status] of outcomes) {
      const called = await callee(t, behaviour);
      const number = answering(`<Dial action="ACTION" ${attributes}><Sip>bob@${called.address}</Sip></Dial>`);
      const { phone } = await bench.call(number);
      assert.equal((await bench.told(`/${number}/done`)).get('DialCallStatus'), status);
      const messages = await called.ended;
      assert.equal(kindOf(messages.at(-1)!), 'ACK');
      await phone.ended;
    }
  });

  test('the caller gives up: the ringing sipp gets a CANCEL', limits, async (t) => {
    const called = await callee(t, { kind: 'rings' });
    const number = answering(`<Dial><Sip>bob@${called.address}</Sip></Dial>`);
    const { phone } = await bench.call(number);
    await called.message('sent', '180');
    await phone.hangup();
    await called.ended;
  });

  test('a trunk whose server is sipp', limits, async (t) => {
    const called = await callee(t, { kind: 'answers', talkMs: 200 }, { port: trunkPort });
    const number = answering('<Dial action="ACTION">+14155550123</Dial>');
    const { phone } = await bench.call(number);
    const invite = await called.message('received', 'INVITE');
    assert.match(invite.text, /^INVITE sip:\+14155550123@/);
    assert.equal((await bench.told(`/${number}/done`)).get('DialCallStatus'), 'completed');
    await called.ended;
    await phone.ended;
  });

  test('baresip is called: both hear each other, and the caller hangs up', limits, async (t) => {
    const baresip = await startBaresip({ user: 'bob', codec: 'PCMA', says: sine(800, 20_000) });
    t.after(() => baresip.kill());
    const number = answering(`<Dial action="ACTION"><Sip>sip:bob@${baresip.host}:${baresip.port}</Sip></Dial>`);
    const caller = await bench.call(number, 500);
    const call = await baresip.incoming();
    await call.accept();
    await call.established;
    await Promise.all([call.tone(500), caller.phone.ear.untilTone(800)]);
    await caller.phone.hangup();
    await call.closed;
    assert.equal((await bench.told(`/${number}/done`)).get('DialCallStatus'), 'completed');
  });

  test('a sipp that cannot start says why at once', limits, async () => {
    const media = { host: 'no address at all\n', port: -1 };
    const broken = { kind: 'refuses', status: 486, reason: 'Busy ]]></send><nonsense>' } as const;
    await assert.rejects(startSippCallee({ behaviour: broken, media }), /the called sipp ended with/);
  });
});
