import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { DEFAULT_TIMERS } from './clock.ts';
import { isSipFailure } from './failure.ts';
import type { IncomingCall, UserAgent } from './types.ts';
import { createUserAgent } from './user-agent.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const ANSWER = OFFER.replace('4000', '5000');

async function pair(transport: 'udp' | 'tcp'): Promise<{ alice: UserAgent; bob: UserAgent; uri: string }> {
  const make = (user: string): Promise<UserAgent> =>
    createUserAgent({ host: '127.0.0.1', port: 0, transports: ['udp', 'tcp'], user, userAgent: `${user}/1` });
  const [alice, bob] = await Promise.all([make('alice'), make('bob')]);
  const port = transport === 'udp' ? bob.udpPort : bob.tcpPort;
  return { alice, bob, uri: `sip:bob@127.0.0.1:${port};transport=${transport}` };
}

function nextCall(agent: UserAgent): Promise<IncomingCall> {
  return new Promise((resolve) => {
    agent.onInvite = resolve;
  });
}

for (const transport of ['udp', 'tcp'] as const) {
  describe(`user agent over ${transport}`, async () => {
    const { alice, bob, uri } = await pair(transport);
    after(() => Promise.all([alice.close(), bob.close()]));
    const from = 'sip:alice@example.com';

    test('a call is answered, the ACK comes, the caller hangs up', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: OFFER, headers: { 'X-Custom': 'hello' } });
      const ringing = new Promise((resolve) => {
        call.onProvisional = resolve;
      });
      const received = await incoming;
      assert.equal(received.transport, transport);
      assert.equal(received.invite.headers.get('x-custom')?.[0], 'hello');
      assert.equal(received.invite.body, OFFER);
      received.provisional(180);
      await ringing;
      const { dialog, acknowledged } = received.accept(ANSWER);
      const caller = await call.answered;
      await acknowledged;
      assert.equal(caller.remoteSdp, ANSWER);
      assert.equal(dialog.remoteSdp, OFFER);
      const ended = once(dialog.ended, 'abort');
      await caller.bye({ 'X-Why': 'done' });
      await ended;
      assert.equal(dialog.ended.reason.side, 'remote');
      assert.equal(dialog.ended.reason.message.headers.get('x-why')[0], 'done');
      assert.equal(alice.activeDialogs + bob.activeDialogs, 0);
    });

    test('the called side hangs up at once after answering', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: OFFER });
      const { dialog } = (await incoming).accept(ANSWER);
      const [caller] = await Promise.all([call.answered, dialog.bye()]);
      assert.equal(caller.ended.aborted, true);
      assert.equal(caller.ended.reason.side, 'remote');
    });

    test('an INVITE without SDP: the offer comes in the 200, the answer in the ACK', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: '', onOffer: () => OFFER });
      const received = await incoming;
      assert.equal(received.invite.body, '');
      const { dialog, acknowledged } = received.accept(ANSWER);
      const answered = new Promise((resolve) => {
        dialog.onAckSdp = resolve;
      });
      const caller = await call.answered;
      assert.equal(caller.remoteSdp, ANSWER);
      assert.equal(await answered, OFFER);
      assert.equal((await acknowledged).body, OFFER);
      await caller.bye();
    });

    test('a refused call rejects with the status', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: OFFER });
      (await incoming).reject(486, 'Busy Here', { 'Retry-After': '30' });
      await assert.rejects(call.answered, (error) => {
        assert(isSipFailure(error));
        assert.equal(error.status, 486);
        assert.equal(error.message_?.headers.get('retry-after')?.[0], '30');
        return true;
      });
    });

    test('CANCEL before the answer', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: OFFER });
      const received = await incoming;
      const cancelled = once(received.cancelled, 'abort');
      received.provisional(180);
      call.cancel();
      await cancelled;
      await assert.rejects(call.answered, { status: 487 });
      assert.throws(() => received.accept(ANSWER));
    });

    test('re-INVITE both ways, INFO and OPTIONS in the dialog, and a refused offer', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: OFFER });
      const { dialog, acknowledged } = (await incoming).accept(ANSWER);
      const caller = await call.answered;
      await acknowledged;
      dialog.onReinvite = (offer) => {
        if (offer.includes('video')) throw new Error('no video');
        return offer.replace('6000', '7000');
      };
      assert.match(await caller.reinvite(OFFER.replace('4000', '6000')), /7000/);
      assert.match(dialog.remoteSdp, /6000/);
      assert.equal(await dialog.reinvite(ANSWER), OFFER.replace('4000', '6000'));
      await assert.rejects(caller.reinvite(`${OFFER}m=video 1 RTP/AVP 96\r\n`), { status: 488 });
      const info = new Promise((resolve) => {
        dialog.onInfo = (type, body) => resolve([type, body]);
      });
      assert.equal(await caller.info('application/dtmf-relay', 'Signal=1\r\n'), 200);
      assert.deepEqual(await info, ['application/dtmf-relay', 'Signal=1\r\n']);
      assert.equal((await dialog.request('OPTIONS')).status, 200);
      assert.equal((await dialog.request('WIBBLE')).status, 405);
      await dialog.bye();
      assert.equal(caller.ended.reason.side, 'remote');
    });

    test('two re-INVITEs that cross: both are refused 491', limit, async () => {
      const incoming = nextCall(bob);
      const call = alice.invite({ uri, from, sdp: OFFER });
      const { dialog, acknowledged } = (await incoming).accept(ANSWER);
      const caller = await call.answered;
      await acknowledged;
      const both = await Promise.allSettled([caller.reinvite(OFFER), dialog.reinvite(ANSWER)]);
      for (const one of both) assert.equal(one.status === 'rejected' && one.reason.status, 491);
      await caller.bye();
    });

    test('requests outside a dialog', limit, async () => {
      const options = await alice.request({ method: 'OPTIONS', uri, from });
      assert.equal(options.status, 200);
      assert.match(options.headers.get('allow')?.[0] ?? '', /INVITE/);
      assert.equal((await alice.request({ method: 'SUBSCRIBE', uri, from })).status, 405);
      bob.onRequest = (message) => (message.method === 'MESSAGE' ? 202 : 405);
      assert.equal((await alice.request({ method: 'MESSAGE', uri, from, body: 'hi' })).status, 202);
      bob.onRequest = undefined;
    });

    test('nobody listens there: 503', limit, async () => {
      const free = await createUserAgent({
        host: '127.0.0.1',
        port: 0,
        transports: ['udp', 'tcp'],
        user: 'x',
        userAgent: 'x',
      });
      const gone = `sip:x@127.0.0.1:${free.udpPort};transport=${transport}`;
      await free.close();
      await assert.rejects(alice.invite({ uri: gone, from, sdp: OFFER }).answered, { status: 503 });
    });
  });
}

test('what waits for a response goes on when the agent closes first', limit, async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  const { alice, bob, uri } = await pair('udp');
  const incoming = nextCall(bob);
  const call = alice.invite({ uri, from: 'sip:alice@127.0.0.1', sdp: OFFER });
  const contact = `<sip:nobody@127.0.0.1:${silent.address().port}>`;
  const { acknowledged } = (await incoming).accept(ANSWER, { Contact: contact });
  const dialog = await call.answered;
  const info = dialog.info('application/dtmf', '1');
  const options = alice.request({
    method: 'OPTIONS',
    uri: 'sip:x@realm.example',
    sendTo: `sip:127.0.0.1:${silent.address().port}`,
    from: 'sip:alice@127.0.0.1',
  });
  const bye = dialog.bye();
  await alice.close();
  await bye;
  await assert.rejects(info, { status: 503 });
  await assert.rejects(options, { status: 503 });
  silent.close();
  await Promise.all([bob.close(), assert.rejects(acknowledged)]);
});

test('an answer that is never acknowledged ends the call, with its code', limit, async () => {
  const settings = { host: '127.0.0.1', port: 0, transports: ['udp'], user: 'bob', userAgent: 'bob/1' } as const;
  const bob = await createUserAgent(settings, { timers: { ...DEFAULT_TIMERS, t1: 5, t2: 20 } });
  const stranger = createSocket('udp4').bind(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address();
  const incoming = nextCall(bob);
  const invite = [
    `INVITE sip:bob@127.0.0.1:${bob.udpPort} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKnever`,
    'From: <sip:a@example.com>;tag=1',
    'To: <sip:bob@example.com>',
    'Call-ID: never',
    'CSeq: 1 INVITE',
    `Contact: <sip:a@127.0.0.1:${port}>`,
    'Content-Type: application/sdp',
    `Content-Length: ${OFFER.length}`,
  ];
  stranger.send(`${invite.join('\r\n')}\r\n\r\n${OFFER}`, bob.udpPort, '127.0.0.1');
  const { dialog, acknowledged } = (await incoming).accept(ANSWER);
  await assert.rejects(acknowledged, /PV-1707 no ACK/);
  assert.equal(dialog.ended.reason.side, 'timeout');
  await assert.rejects(dialog.reinvite(OFFER), /PV-1708/);
  stranger.close();
  await bob.close();
});

test('a call to a realm is sent where it is told', limit, async () => {
  const { alice, bob, uri } = await pair('tcp');
  const incoming = nextCall(bob);
  const call = alice.invite({ uri: 'sip:2030@acme.example', sendTo: uri, from: 'sip:alice@acme.example', sdp: OFFER });
  const { invite, accept } = await incoming;
  assert.equal(invite.uri, 'sip:2030@acme.example');
  assert.equal(invite.headers.get('to')?.[0], '<sip:2030@acme.example>');
  accept(ANSWER);
  await (await call.answered).bye();
  await Promise.all([alice.close(), bob.close()]);
});
