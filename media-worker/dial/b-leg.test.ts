/** What stands in the trace when a leg cannot be called or connected; over real SIP, calls out are in `e2e/dial*.test.ts`. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { dialCodes } from '../../crds/errors/dial.ts';
import { OFFER } from '../call/testing/fake-sip.ts';
import { type FakeMedia, oneCall, tracing } from '../call/testing/one-call.ts';
import { createBackground } from '../callflow/background.ts';
import type { Outgoing } from '../outgoing/types.ts';
import { FakeRecordings } from '../recordings/testing/fake-recordings.ts';
import type { SignallingClient, SipDialog } from '../sip/srf.ts';
import { CallSpan } from '../telemetry/span.ts';
import { ScriptedCall } from '../twiml/testing/scripted-call.ts';
import type { CdrRecord } from '../webhook/cdr.ts';
import { settingsOf } from '../webhook/testing/call.ts';
import { BLeg } from './b-leg.ts';
import { dial } from './dial.ts';
import type { LegPlan } from './ring-plan.ts';
import { createTrunkCalls } from './trunks.ts';

/** The called side's dialog. */
class AnsweredDialog extends EventEmitter {
  readonly sip = { callId: 'leg', localTag: '1', remoteTag: '2' };
  readonly remote = { sdp: OFFER };
  readonly local = { sdp: '' };
  connected = true;
  destroy(_options: object, callback: (error: unknown) => void): void {
    this.connected = false;
    callback(null);
  }
}

interface Bench {
  readonly media: FakeMedia;
  readonly parent: ScriptedCall;
  readonly leg: () => BLeg;
  readonly over: CdrRecord[];
  /** Codes of all warnings and errors, when the call is over. */
  readonly codes: () => readonly unknown[];
  readonly background: ReturnType<typeof createBackground>;
}

function bench(createUAC: () => Promise<SipDialog>, plan: Partial<LegPlan> = {}, status = 200): Bench {
  const { provider, spans } = tracing();
  const span = CallSpan.root(provider.getTracer('test'), 'call', {});
  const { media, resources } = oneCall();
  const parent = new ScriptedCall(span);
  const background = createBackground(10);
  const over: CdrRecord[] = [];
  const outgoing = { request: async () => ({ ok: true, response: { status } }) } as unknown as Outgoing;
  return {
    media,
    parent,
    background,
    over,
    leg: () =>
      new BLeg({
        signalling: { createUAC } as unknown as SignallingClient,
        resources,
        places: { find: async () => ({ ok: true, places: [{ address: '192.0.2.9', port: 5060, transport: 'udp' }] }) },
        trunks: createTrunkCalls(),
        events: { outgoing, background, now: Date.now },
        plan: {
          name: 'sip:bob@192.0.2.9',
          to: { user: 'bob' },
          callerIdName: '',
          callerIdNumber: '',
          ways: [{ uri: 'sip:bob@192.0.2.9', host: { host: '192.0.2.9', transport: 'udp' }, headers: {} }],
          wish: {},
          ...plan,
        },
        parent,
        span,
        onEarlyMedia: () => {},
        onOver: (record) => over.push(record),
      }),
    codes: () => {
      span.end();
      return spans().flatMap(({ events }) =>
        events.flatMap(({ attributes }) => attributes?.['pivot.error.code'] ?? []),
      );
    },
  };
}

const answers = async (): Promise<SipDialog> => new AnsweredDialog() as unknown as SipDialog;

test('an INVITE that could not be sent is a failed leg with the words of the reason', async () => {
  const { leg, codes, over } = bench(() => Promise.reject(new Error('drachtio has no such transport')));
  const failure = await leg().ring();
  assert.deepEqual([failure?.status, failure?.cause], ['failed', 'NETWORK_OUT_OF_ORDER']);
  assert.equal(failure?.fault?.code, dialCodes.notPlaced.code);
  assert.match(failure.fault.message, /no such transport/);
  assert.ok(codes().includes(dialCodes.notPlaced.code));
  assert.equal(over.length, 1);
});

test('an answer whose sound FreeSWITCH cannot take ends the leg', async () => {
  const { leg, media, codes } = bench(answers);
  media.endpoint.onModify = () => Promise.reject(new Error('488 no common codec'));
  const failure = await leg().ring();
  assert.deepEqual([failure?.status, failure?.cause], ['failed', 'INCOMPATIBLE_DESTINATION']);
  assert.equal(failure?.fault?.code, dialCodes.answerUnusable.code);
  assert.ok(codes().includes(dialCodes.answerUnusable.code));
});

test('two sides that cannot be connected: the leg is hung up, the caller goes on', async () => {
  const { leg, parent, codes } = bench(answers);
  parent.media = () => Promise.reject(new Error('FreeSWITCH has no endpoint for the caller'));
  const called = leg();
  const wish = {
    limitMs: 60_000,
    answerFirst: false,
    earlyMedia: false,
    ringback: { kind: 'stream', uri: 'silence_stream://-1' },
    endLegOn: '',
    endCallOn: '',
    span: parent.span,
  } as const;
  const dialled = await dial({ kind: 'leg', leg: called.plan }, wish, {
    call: parent,
    leg: () => called,
    recordings: new FakeRecordings(),
    onBridged: () => assert.fail('nobody is connected'),
  });
  assert.deepEqual([dialled.status, dialled.bridged], ['failed', false]);
  assert.ok(called.signal.aborted);
  assert.equal(parent.signal.aborted, false);
  assert.ok(codes().includes(dialCodes.notBridged.code));
});

test('a statusCallback that cannot be delivered is a warning, after three attempts', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const callback = {
    url: 'https://app.example.com/events',
    method: 'POST',
    events: ['completed'],
    settings: settingsOf({ voice_url: 'https://app.example.com/' }),
  } as const;
  const { leg, background, codes } = bench(() => Promise.reject(new Error('x')), { wish: { callback } }, 500);
  await leg().ring();
  for (let turns = 0; background.running > 0; turns += 1) {
    assert.ok(turns < 100, 'it never gives up');
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(1000);
  }
  assert.ok(codes().includes(dialCodes.eventFailed.code));
});
