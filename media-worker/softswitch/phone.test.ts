import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { PivotError } from '../../crds/errors/fault.ts';
import { clearestShare } from './audio/test-sounds.ts';
import { parseTones, ToneSource } from './audio/tone.ts';
import type { CallEnd } from './phone/types.ts';
import { createPhones, placeCall } from './phone.ts';
import { createRtpPorts } from './rtp/ports.ts';
import { answerOffer, makeOffer } from './rtp/sdp.ts';
import type { RtpSession } from './rtp/types.ts';
import type { Dialog, IncomingCall } from './sip/types.ts';
import { createUserAgent } from './sip/user-agent.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

const folder = await mkdtemp(join(tmpdir(), 'pivot-phone-'));
const phones = await createPhones();
/** The far end: a user agent that does as each test says. */
const agent = await createUserAgent({
  host: '127.0.0.1',
  port: 0,
  transports: ['udp', 'tcp'],
  user: 'app',
  userAgent: 'test',
});
const ports = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
const sip = `127.0.0.1:${agent.udpPort}`;
after(async () => {
  await Promise.all([phones.close(), agent.close(), rm(folder, { recursive: true })]);
  ports.close();
});

function tone(description: string): ToneSource {
  return new ToneSource(parseTones(description)!);
}

interface Answered {
  readonly call: IncomingCall;
  readonly dialog: Dialog;
  readonly rtp: RtpSession;
}

/** Answers the next call, with a tone when there is one. */
function answerNext(description?: string, headers: Record<string, string> = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    agent.onInvite = (call) => {
      const answer = async (): Promise<Answered> => {
        const rtp = await ports.open();
        const answered = answerOffer(call.invite.body, { address: '127.0.0.1', port: rtp.localPort });
        assert.ok(!('code' in answered));
        rtp.setRemote(answered.remote);
        if (description !== undefined) rtp.source = tone(description);
        call.provisional(180);
        const { dialog, acknowledged } = call.accept(answered.sdp, headers);
        dialog.ended.addEventListener('abort', () => rtp.close());
        await acknowledged;
        return { call, dialog, rtp };
      };
      answer().then(resolve, reject);
    };
  });
}

for (const transport of ['udp', 'tcp'] as const) {
  test(
    `a call over ${transport}: ringing, answer with its headers, the tone heard and recorded, hung up here`,
    limit,
    async () => {
      const incoming = answerNext('%(9000,0,440)', { 'X-Pivot-Trace': 'abc123', 'Call-Info': '<http://x/>' });
      const record = join(folder, `${transport}.wav`);
      const address = transport === 'udp' ? sip : `127.0.0.1:${agent.tcpPort}`;
      const call = await phones.placeCall({ number: '2030', sip: address, transport, from: '+14155550100', record });
      const seen: string[] = [];
      call.events.on('provisional', (message) => seen.push(`provisional ${message.status}`));
      call.events.on('answered', (message) => seen.push(`answered ${message.status}`));
      call.events.on('sound', (sounding) => seen.push(sounding ? 'sound' : 'silence'));
      call.events.on('ended', (end) => seen.push(`ended ${end.by}`));
      assert.equal(call.state, 'calling');
      await call.answered;
      assert.equal(call.header('x-pivot-trace'), 'abc123');
      assert.equal(call.header('Call-Info'), '<http://x/>');
      await call.ear.untilTone(440);
      assert.ok(call.ear.tone(1000) < 0.05);
      await call.ear.until((ear) => ear.soundMs >= 400);
      const { call: taken } = await incoming;
      assert.equal(taken.transport, transport);
      assert.match(taken.invite.uri!, /^sip:2030@127\.0\.0\.1/);
      assert.match(taken.invite.headers.get('from')![0]!, /<sip:\+14155550100@127\.0\.0\.1>/);
      const end = await call.hangup();
      assert.equal(end.by, 'local');
      // On a machine that stands still for long, the tone may have holes: what counts is that it was heard, and told.
      assert.equal(seen[2], 'sound');
      assert.deepEqual(
        seen.filter((event) => event.includes(' ')),
        ['provisional 180', 'answered 200', 'ended local'],
      );
      const wav = await readFile(record);
      const samples = new Int16Array(wav.buffer.slice(wav.byteOffset + 44));
      assert.ok(clearestShare(samples, 440) > 0.98);
      assert.equal(phones.active, 0);
    },
  );
}

test('a call to the realm of an account goes to the address given', limit, async () => {
  const calls = [
    { options: { host: 'acme.example' }, uri: 'sip:2030@acme.example', from: 'sip:pivot-phone@acme.example' },
    { options: { uri: 'sip:sales@acme.example' }, uri: 'sip:sales@acme.example', from: 'sip:pivot-phone@127.0.0.1' },
  ];
  for (const { options, uri, from } of calls) {
    const incoming = answerNext();
    const call = await phones.placeCall({ number: '2030', sip, ...options });
    const { invite } = (await incoming).call;
    assert.equal(invite.uri, uri);
    assert.equal(invite.headers.get('to')?.[0], `<${uri}>`);
    assert.ok(invite.headers.get('from')?.[0]?.startsWith(`<${from}>`));
    await call.answered;
    await call.hangup();
  }
});

describe('digits', () => {
  test('by RFC 4733, and those that come back', limit, async () => {
    const incoming = answerNext();
    const call = await phones.placeCall({ number: '1', sip });
    await call.answered;
    const { rtp } = await incoming;
    const heard: string[] = [];
    rtp.onDigit = ({ digit }) => heard.push(digit);
    await call.press('12#', { durationMs: 60 });
    assert.deepEqual(heard.slice(0, 2), ['1', '2']);
    const back = new Promise<string>((resolve) =>
      call.events.once('digit', ({ digit, source }) => resolve(digit + source)),
    );
    await rtp.sendDigits('9', 60);
    assert.equal(await back, '9RTP');
    assert.deepEqual(heard, ['1', '2', '#']);
    await call.hangup();
  });

  test('by INFO when asked for, pauses included, and those that come back', limit, async () => {
    const incoming = answerNext();
    const call = await phones.placeCall({ number: '1', sip });
    await call.answered;
    const { dialog } = await incoming;
    const bodies: string[] = [];
    dialog.onInfo = (type, body) => bodies.push(`${type} ${body}`);
    await call.press('4w*', { by: 'info' });
    assert.deepEqual(bodies, [
      'application/dtmf-relay Signal=4\r\nDuration=100\r\n',
      'application/dtmf-relay Signal=*\r\nDuration=100\r\n',
    ]);
    const back = new Promise<string>((resolve) =>
      call.events.once('digit', ({ digit, source }) => resolve(digit + source)),
    );
    await dialog.info('application/dtmf-relay', 'Signal=#\r\nDuration=160');
    assert.equal(await back, '#INFO');
    await call.hangup();
  });
});

test('what the phone says is heard at the other end', limit, async () => {
  const incoming = answerNext();
  const call = await phones.placeCall({ number: '1', sip });
  await call.answered;
  const { rtp } = await incoming;
  const samples: number[] = [];
  rtp.addSink({ write: (frame) => void samples.push(...frame), close() {} });
  await call.play(tone('%(400,0,700)'));
  assert.ok(clearestShare(samples, 700) > 0.95);
  await call.hangup();
});

test('a far end that hangs up is told as such, with its reason', limit, async () => {
  const incoming = answerNext();
  const call = await phones.placeCall({ number: '1', sip });
  const { dialog } = await incoming;
  const silence = call.ear.untilTone(440);
  silence.catch(() => undefined);
  await dialog.bye({ Reason: 'Q.850;cause=16;text="NORMAL_CLEARING"' });
  const end = await call.ended;
  assert.equal(end.by, 'remote');
  assert.equal(end.reasonHeader, 'Q.850;cause=16;text="NORMAL_CLEARING"');
  await assert.rejects(silence, /the call is over/);
});

test('hold and resume, and another address, by re-INVITE', limit, async () => {
  const incoming = answerNext('%(9000,0,440)');
  const call = await phones.placeCall({ number: '1', sip });
  const { dialog, rtp } = await incoming;
  await call.ear.untilTone(440);
  const local = { address: '127.0.0.1', port: rtp.localPort };
  assert.match(await dialog.reinvite(makeOffer({ ...local, direction: 'sendonly', sessionVersion: 2 })), /a=recvonly/);
  assert.equal(call.rtp.remote?.direction, 'sendonly');
  const other = await ports.open();
  other.source = tone('%(9000,0,1000)');
  other.setRemote({ ...rtp.remote!, address: '127.0.0.1', port: call.rtp.localPort });
  assert.match(
    await dialog.reinvite(makeOffer({ address: '127.0.0.1', port: other.localPort, sessionVersion: 3 })),
    /a=sendrecv/,
  );
  rtp.close();
  await call.ear.untilTone(1000);
  await assert.rejects(dialog.reinvite(makeOffer(local).replace('RTP/AVP 0 8', 'RTP/AVP 18')), { status: 488 });
  await call.hangup();
  other.close();
});

test('early media is heard before the answer', limit, async () => {
  const rtp = await ports.open();
  const incoming = new Promise<IncomingCall>((resolve) => {
    agent.onInvite = (invite) => {
      const answered = answerOffer(invite.invite.body, { address: '127.0.0.1', port: rtp.localPort });
      assert.ok(!('code' in answered));
      rtp.setRemote(answered.remote);
      rtp.source = tone('%(9000,0,425)');
      invite.provisional(183, answered.sdp);
      resolve(invite);
    };
  });
  const call = await phones.placeCall({ number: '1', sip });
  await call.ear.untilTone(425);
  assert.equal(call.state, 'calling');
  (await incoming).reject(486, 'Busy Here', { Reason: 'Q.850;cause=17' });
  const end = await call.ended;
  assert.deepEqual(
    [end.by, end.status, end.reason, end.reasonHeader],
    ['rejected', 486, 'Busy Here', 'Q.850;cause=17'],
  );
  await assert.rejects(call.answered, (error: PivotError) => error.fault.code === 'PV-1740');
  rtp.close();
});

describe('a call that is not answered', () => {
  test('is cancelled by hanging up, or by the signal', limit, async () => {
    for (const how of ['hangup', 'signal'] as const) {
      const ringing = new Promise<IncomingCall>((resolve) => {
        agent.onInvite = (incoming) => {
          incoming.provisional(180);
          resolve(incoming);
        };
      });
      const controller = new AbortController();
      const call = await phones.placeCall({ number: '1', sip, signal: controller.signal });
      const cancelled = (await ringing).cancelled;
      if (how === 'hangup') void call.hangup();
      else controller.abort();
      const end: CallEnd = await call.ended;
      assert.deepEqual([end.by, end.status], ['local', 487]);
      assert.equal(cancelled.aborted, true);
    }
  });

  test('ends when nobody listens there, and a phone of its own leaves nothing behind', limit, async () => {
    const call = await placeCall({ number: '1', sip: '127.0.0.1:1', transport: 'tcp' });
    const end = await call.ended;
    assert.equal(end.by, 'rejected');
    assert.ok(end.status === 503 || end.status === 408, String(end.status));
  });
});

test('fifty calls at once, each with its own tone, from one pair of sockets', limit, async () => {
  agent.onInvite = (incoming) => {
    const frequency = Number(/sip:(\d+)@/.exec(incoming.invite.uri!)![1]);
    void ports.open().then((rtp) => {
      const answered = answerOffer(incoming.invite.body, { address: '127.0.0.1', port: rtp.localPort });
      assert.ok(!('code' in answered));
      rtp.setRemote(answered.remote);
      rtp.source = tone(`%(9000,0,${frequency})`);
      const { dialog, acknowledged } = incoming.accept(answered.sdp);
      acknowledged.catch(() => undefined);
      dialog.ended.addEventListener('abort', () => rtp.close());
    });
  };
  await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const frequency = 400 + 40 * i;
      const call = await phones.placeCall({ number: String(frequency), sip });
      await call.answered;
      await call.ear.untilTone(frequency);
      await call.hangup();
    }),
  );
  assert.equal(phones.active, 0);
  assert.equal(agent.activeDialogs, 0);
});
