/** Why a call failed, and where, must be answered by its trace alone: what a real Jaeger returns for calls that fail, each in its own way. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../../media-worker/softswitch/phone.ts';
import { trunkManifest } from '../dialling.ts';
import { callflowManifest, type Pivot, pivotManifest, startPivot } from '../harness.ts';
import { offer, openRawSip, request } from '../raw-sip.ts';
import { startSoftswitch } from '../softswitch.ts';
import { startWeb, twiml, type Web } from '../web.ts';
import { callflowOf, type FailingBench, type FailingCall, numberOf, startFailingBench } from './failing-bench.ts';
import { FAILING_CALLS } from './failing-calls.ts';
import { type Jaeger, startJaeger } from './jaeger.ts';
import { jaegerProgram } from './program.ts';
import { type FoundSpan, type FoundTrace, type JaegerQuery, jaegerQuery, tell } from './query.ts';

const found = await jaegerProgram();
const limit = { timeout: 120_000 };
const MOST_SPAN_NAMES = 50;

type Tags = FailingCall['place'][1];

function fits(tags: FoundSpan['tags'], wanted: Tags): boolean {
  return Object.entries(wanted).every(([key, value]) =>
    value instanceof RegExp ? key in tags && value.test(String(tags[key])) : tags[key] === value,
  );
}

/** Asserts that the trace tells the cause and the place. */
function assertTold(trace: FoundTrace, { root = {}, place: [name, tags], event }: FailingCall): void {
  const call = trace.spans.find((span) => span.name === 'call');
  assert.ok(call, `no root:\n${tell(trace)}`);
  assert.ok(fits(call.tags, root), `the root does not tell ${show(root)}:\n${tell(trace)}`);
  const place = trace.spans.filter((span) => span.name === name && fits(span.tags, tags));
  assert.ok(place.length > 0, `no "${name}" tells ${show(tags)}:\n${tell(trace)}`);
  if (event === undefined) return;
  assert.ok(
    trace.spans.some(({ events }) => events.some((one) => fits(one, event))),
    `no event tells ${show(event)}:\n${tell(trace)}`,
  );
}

/** Whether everything that it must tell has come. */
function isComplete(trace: FoundTrace, { place: [name] }: FailingCall): boolean {
  return ['call', name].every((wanted) => trace.spans.some((span) => span.name === wanted));
}

function show(tags: Tags): string {
  return JSON.stringify(tags, (_key, value: unknown) => (value instanceof RegExp ? String(value) : value));
}

describe('a failing call in Jaeger', { skip: found.ok ? false : found.hint }, () => {
  let jaeger: Jaeger;
  let query: JaegerQuery;

  before(async () => {
    jaeger = await startJaeger((found as { program: string }).program);
    query = jaegerQuery(jaeger.query, 'pivot');
  });
  after(() => jaeger?.stop());

  describe('tells why and where', { concurrency: 8 }, () => {
    let bench: FailingBench;

    before(async () => {
      bench = await startFailingBench({
        otlp: jaeger.otlp,
        calls: FAILING_CALLS,
        manifests: ({ calleePort }) => ({
          'carrier.yaml': trunkManifest('carrier', [calleePort], { allowedPrefixes: ['+1212'] }),
          'circle.yaml': callflowManifest('circle', ['1'], { flow: { module: 'callflow', data: { id: 'circle' } } }),
          'away.yaml': {
            apiVersion: 'pivot.voice/v1alpha1',
            kind: 'PivotDevice',
            metadata: { name: 'away' },
            spec: { credentials: { username: 'away', passwordSecretRef: { name: 'app', key: 'signing' } } },
          },
          'secret.yaml': {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: 'app' },
            stringData: { signing: 'key' },
          },
        }),
      });
    });
    after(() => bench?.close());

    for (const [index, failing] of FAILING_CALLS.entries()) {
      test(failing.what, limit, async () => {
        const { callId } = await bench.run(failing, index);
        // As people search: by the number and what went wrong; by the call's id, once it is known.
        const by = {
          ...(failing.by === 'callflow'
            ? { 'pivot.callflow': `default/${callflowOf(index)}` }
            : { 'pivot.number': numberOf(index) }),
          ...failing.found,
        };
        const trace = await query.one(by, (one) => isComplete(one, failing));
        assertTold(trace, failing);
        const { traceId } = await query.one({ 'pivot.call.id': callId, ...failing.found });
        assert.equal(traceId, trace.traceId);
      });
    }

    test('so does an INVITE without a codec in common', limit, async (t) => {
      const sip = await openRawSip(bench.pivot, 'udp');
      t.after(() => sip.close());
      const index = FAILING_CALLS.findIndex(({ what }) => what === 'the sound is not where the document says');
      const body = offer('127.0.0.1', 40_000, '97', ['a=rtpmap:97 opus/48000/2']);
      await sip.ask(
        request('INVITE', sip, bench.pivot, { callId: 'no-codec', user: numberOf(index), body }),
        'no-codec',
      );
      const deaf = await query.one({ 'pivot.call.id': 'no-codec', 'pivot.error.code': 'PV-1407' }, (one) =>
        one.spans.some(({ name }) => name === 'call'),
      );
      assert.ok(
        deaf.spans.some(({ name, tags }) => name === 'call' && fits(tags, { 'pivot.sip.status': 488 })),
        tell(deaf),
      );
    });

    test('all of them with few names of spans', async () => {
      const names = await query.names();
      assert.ok(names.length <= MOST_SPAN_NAMES, names.join('\n'));
      assert.deepEqual(
        names.filter((name) => /\d|:\/\//.test(name)),
        [],
      );
    });
  });

  describe('tells what became of the worker', () => {
    let web: Web;
    let phones: Phones;

    before(async () => {
      web = await startWeb();
      web.on('/long', twiml('<Play terminators="">tone_stream://%(60000,0,440)</Play>'));
      phones = await createPhones();
    });
    after(async () => {
      await phones?.close();
      await web?.close();
    });

    async function start(...options: readonly string[]): Promise<Pivot> {
      const manifests = { 'long.yaml': pivotManifest('long', ['1'], `${web.url}/long`) };
      return startPivot({ manifests, options: ['--otlp', jaeger.otlp, ...options] });
    }

    for (const [protocol, url] of [
      ['http/protobuf', () => jaeger.otlp],
      ['grpc', () => jaeger.otlpGrpc],
    ] as const) {
      test(`over ${protocol} too`, limit, async (t) => {
        const manifests = { 'long.yaml': pivotManifest('long', ['1'], `${web.url}/long`) };
        const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_ENDPOINT: url() };
        const pivot = await startPivot({ manifests, env });
        t.after(() => pivot.dispose());
        const phone = await phones.placeCall({ number: 'nobody', sip: pivot.sip });
        await phone.ended;
        const trace = await query.one({ 'pivot.call.id': phone.callId });
        assert.deepEqual(new Set(trace.spans.map(({ name }) => name)), new Set(['call', 'route']));
      });
    }

    test(
      'a call is found while it is up; one too many is refused, and so is one at a worker that stops',
      limit,
      async (t) => {
        const pivot = await start('--max-calls', '1');
        t.after(() => pivot.dispose());
        const up = await phones.placeCall({ number: '1', sip: pivot.sip, from: '+15550100' });
        await up.answered;
        for (const tags of [
          { 'pivot.call.id': up.callId },
          { 'pivot.number': '1', 'pivot.from': '+15550100' },
          { 'pivot.callflow': 'default/long', 'pivot.account': 'default' },
        ]) {
          const live = await query.one(tags);
          assert.ok(!live.spans.some(({ name }) => name === 'call'), 'it is over');
          assert.equal(live.traceId, up.header('X-Pivot-Trace'));
        }
        const second = await phones.placeCall({ number: '1', sip: pivot.sip });
        await second.ended;
        const refused = await query.one({ 'pivot.call.id': second.callId, 'pivot.error.code': 'PV-1401' });
        const [root] = refused.spans;
        assert.ok(
          fits(root!.tags, { 'pivot.error.message': /1 calls/, 'pivot.sip.status': 503, 'pivot.result': 'refused' }),
        );

        pivot.program.signal('SIGTERM');
        await pivot.program.line(/^stopping: 1 calls/);
        const late = await phones.placeCall({ number: '1', sip: pivot.sip });
        await late.ended;
        await up.hangup();
        assert.equal(await pivot.program.ended, 0);
        // What was left went out at the stop.
        await query.one({ 'pivot.call.id': late.callId, 'pivot.error.code': 'PV-1402' });
        await query.one({ 'pivot.call.id': up.callId, 'pivot.result': 'completed' });
      },
    );

    test('FreeSWITCH goes, during a call and before one', limit, async (t) => {
      const [drachtio, freeswitch] = await Promise.all([startSoftswitch(), startSoftswitch()]);
      t.after(() => Promise.all([drachtio.stop(), freeswitch.stop()]));
      const pivot = await start('--drachtio', drachtio.drachtio, '--freeswitch', freeswitch.freeswitch);
      t.after(() => pivot.dispose());
      const { sip } = drachtio;
      const during = await phones.placeCall({ number: '1', sip });
      await during.answered;
      await freeswitch.stop();
      await during.ended;
      const cut = await query.one({ 'pivot.call.id': during.callId, 'pivot.result': 'failed' });
      assertTold(cut, {
        what: 'FreeSWITCH goes',
        found: {},
        root: { 'pivot.error.code': 'PV-1409', 'pivot.end.side': 'media' },
        place: ['media.play', { 'pivot.media.sound': /tone_stream/ }],
      });
      const after = await phones.placeCall({ number: '1', sip });
      await after.ended;
      const without = await query.one({ 'pivot.call.id': after.callId, 'pivot.error.code': 'PV-1406' }, (one) =>
        isComplete(one, { what: '', found: {}, place: ['media.endpoint', {}] }),
      );
      assertTold(without, {
        what: 'FreeSWITCH is gone',
        found: {},
        root: { 'pivot.error.span': 'media.endpoint', 'pivot.sip.status': 503 },
        place: ['media.endpoint', { 'pivot.error.code': 'PV-1406' }],
      });
    });
  });
});
