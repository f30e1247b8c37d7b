import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import { serve } from '../outgoing/testing/servers.ts';
import { type CdrRecord, cdrParameters, sendCdr } from './cdr.ts';
import { settingsOf, startCall } from './testing/call.ts';

const RECORD: CdrRecord = {
  leg: 'a',
  callId: 'abc@10.0.0.5',
  account: 'acme',
  direction: 'inbound',
  from: { user: '1001', host: 'a.example' },
  to: { user: '2030', host: 'b.example' },
  request: { user: '2030', host: 'b.example' },
  callerIdName: '',
  callerIdNumber: '1001',
  createdAt: 1_700_000_000_000,
  answeredAt: 1_700_000_002_000,
  endedAt: 1_700_000_044_400,
  hangupCause: 'NORMAL_CLEARING',
  recordings: ['http://r/1.mp3'],
  customApplicationVars: { tier: 'gold' },
  customSipHeaders: {},
};
const quick = { backoffMs: 1 };
const never = (): AbortSignal => new AbortController().signal;

function settingsFor(url: string) {
  return { ...settingsOf({ voice_url: 'http://x/', cdr_url: url }), cdrUrl: url };
}

test('4.9 parameters', () => {
  assert.deepEqual(Object.fromEntries(cdrParameters(RECORD)), {
    Leg: 'a',
    'Account-ID': 'acme',
    'Call-ID': 'abc@10.0.0.5',
    'Call-Direction': 'inbound',
    Timestamp: 1_700_000_044,
    From: '1001@a.example',
    To: '2030@b.example',
    Request: '2030@b.example',
    'From-Uri': 'sip:1001@a.example',
    'To-Uri': 'sip:2030@b.example',
    'Caller-ID-Name': 'unknown',
    'Caller-ID-Number': '1001',
    'Caller-Destination-Number': '2030',
    'Duration-Seconds': 44,
    'Billing-Seconds': 42,
    'Ringing-Seconds': 2,
    'Channel-Created-Time': 1_700_000_000,
    'Hangup-Cause': 'NORMAL_CLEARING',
    Disposition: 'ANSWER',
    'Media-Recordings': ['http://r/1.mp3'],
    'Custom-Application-Vars': { tier: 'gold' },
    'Custom-SIP-Headers': {},
  });
});

test('4.9 a POST as a form; any 2xx is a delivery', async (t) => {
  const server = await serve(t, (_seen, reply) => reply.writeHead(204).end());
  const { deps } = startCall(t);
  const outcome = await sendCdr(RECORD, settingsFor(`${server.origin}/cdr`), deps.span, never(), { ...deps, ...quick });
  assert.deepEqual(outcome, { ok: true, attempts: 1 });
  const [seen] = server.seen;
  assert.deepEqual(
    [seen?.method, seen?.path, seen?.headers['content-type']],
    ['POST', '/cdr', 'application/x-www-form-urlencoded'],
  );
  const form = new URLSearchParams(seen?.body);
  assert.deepEqual(
    [form.get('Leg'), form.get('Custom-Application-Vars[tier]'), form.get('Media-Recordings[]')],
    ['a', 'gold', 'http://r/1.mp3'],
  );
});

test('4.9 three attempts with backoff, then a warning; a refusal is not repeated', async (t) => {
  let failures = 2;
  const server = await serve(t, (seen, reply) =>
    reply.writeHead(seen.path === '/gone' ? 410 : failures-- > 0 ? 503 : 200).end(),
  );
  const call = startCall(t);
  const deps = { ...call.deps, ...quick };
  assert.deepEqual(await sendCdr(RECORD, settingsFor(server.origin), deps.span, never(), deps), {
    ok: true,
    attempts: 3,
  });
  assert.equal(new Set(server.seen.map((seen) => seen.headers['x-pivot-idempotency-key'])).size, 1);
  assert.deepEqual(
    call.spans.map((span) => span.attributes['http.request.resend_count']),
    [undefined, 1, 2],
  );
  failures = 99;
  const outcome = await sendCdr(RECORD, settingsFor(server.origin), deps.span, never(), deps);
  assert.ok(!outcome.ok && outcome.fault.code === webhookCodes.cdrFailed.code && outcome.fault.severity === 'warning');
  assert.equal(server.seen.length, 6);
  await sendCdr(RECORD, settingsFor(`${server.origin}/gone`), deps.span, never(), deps);
  assert.equal(server.seen.length, 7);
});
