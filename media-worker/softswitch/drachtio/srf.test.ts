import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import SrfImplementation from 'drachtio-srf';
import { isSipFailure } from '../sip/failure.ts';
import type { IncomingCall, UserAgent } from '../sip/types.ts';
import { createUserAgent } from '../sip/user-agent.ts';
import { type Drachtio, startDrachtio } from './server.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

/** drachtio-srf as it behaves, as far as these tests go; its own declarations leave half of it out. */
interface Message {
  readonly method: string;
  readonly body: string;
  readonly status: number;
  readonly protocol: string;
  get(name: string): string;
  on(event: string, listener: (...values: never[]) => void): void;
  cancel(): void;
}
interface Reply {
  send(status: number, options?: object): void;
}
interface SrfDialog extends EventEmitter {
  readonly connected: boolean;
  readonly local: { sdp: string };
  readonly remote: { sdp: string };
  readonly sip: { callId: string };
  destroy(options: object, done: (error: unknown, request: Message) => void): void;
  modify(sdp: string): Promise<unknown>;
  request(options: object): Promise<Message>;
}
type Handler = (request: Message, reply: Reply) => void;
interface Srf extends EventEmitter {
  connect(options: object): void;
  disconnect(): void;
  invite(handler: Handler): void;
  use(method: string, handler: Handler): void;
  register(handler: Handler): void;
  createUAS(request: Message, reply: Reply, options: object): Promise<SrfDialog>;
  createUAC(
    uri: string,
    options: object,
    callbacks?: object,
  ): Promise<SrfDialog & { ack(sdp: string): Promise<SrfDialog>; sdp: string }>;
  createB2BUA(
    request: Message,
    reply: Reply,
    uri: string,
    options: object,
  ): Promise<{ uas: SrfDialog; uac: SrfDialog }>;
  proxyRequest(
    request: Message,
    destination: string,
    options: object,
  ): Promise<{ finalStatus: number; connected: boolean }>;
  request(uri: string, options: object): Promise<EventEmitter & Message>;
}

const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n';
const sdp = (port: number): string => SDP.replace('4000', String(port));
const FROM = 'sip:alice@caller.example';

async function connectSrf(server: Drachtio): Promise<Srf> {
  const srf = new SrfImplementation() as unknown as Srf;
  srf.on('error', () => {});
  srf.connect({ host: '127.0.0.1', port: server.adminPort, secret: 'cymru' });
  const [error] = await once(srf, 'connect');
  assert.equal(error, null);
  return srf;
}

function nextCall(agent: UserAgent): Promise<IncomingCall> {
  return new Promise((resolve) => {
    agent.onInvite = resolve;
  });
}

/** Sets the handler for the next INVITE of the application. One handler per application, so that it has one route. */
function inviteSlot(srf: Srf): (handler: Handler) => void {
  let current: Handler = (_request, reply) => reply.send(404);
  srf.invite((request, reply) => current(request, reply));
  return (handler) => {
    current = handler;
  };
}

function destroyed(dialog: SrfDialog): Promise<unknown[]> {
  return once(dialog, 'destroy');
}

for (const transport of ['udp', 'tcp'] as const) {
  describe(`drachtio-srf over ${transport}`, () => {
    let server: Drachtio;
    let srf: Srf;
    let phone: UserAgent;
    let onInvite: (handler: Handler) => void;
    let uri: string;
    let phoneUri: string;

    before(async () => {
      server = await startDrachtio({
        admin: { host: '127.0.0.1', port: 0 },
        secret: 'cymru',
        sip: { host: '127.0.0.1', port: 0, transports: ['udp', 'tcp'] },
      });
      srf = await connectSrf(server);
      onInvite = inviteSlot(srf);
      srf.register((request, reply) => {
        if (request.get('Authorization') === undefined) {
          reply.send(401, { headers: { 'WWW-Authenticate': 'Digest realm="example.com", nonce="abc", qop="auth"' } });
        } else reply.send(200, { headers: { Contact: `${request.get('Contact')};expires=60`, Expires: '60' } });
      });
      phone = await createUserAgent({
        host: '127.0.0.1',
        port: 0,
        transports: ['udp', 'tcp'],
        user: 'alice',
        userAgent: 'phone/1',
      });
      uri = `sip:app@127.0.0.1:${transport === 'udp' ? server.udpPort : server.tcpPort};transport=${transport}`;
      phoneUri = `sip:alice@127.0.0.1:${transport === 'udp' ? phone.udpPort : phone.tcpPort};transport=${transport}`;
    });
    after(async () => {
      srf.disconnect();
      await phone.close();
      await server.close();
    });

    test('an inbound call: 183 with SDP, 200, ACK, BYE from the caller', limit, async () => {
      const dialogs = new Promise<SrfDialog>((resolve, reject) => {
        onInvite((request, reply) => {
          assert.equal(request.protocol, transport);
          assert.equal(request.get('X-Custom'), 'hello');
          reply.send(183, { body: sdp(5000) });
          srf.createUAS(request, reply, { localSdp: sdp(5000), headers: { 'X-Answer': '1' } }).then(resolve, reject);
        });
      });
      const call = phone.invite({ uri, from: FROM, sdp: sdp(4000), headers: { 'X-Custom': 'hello' } });
      const early = new Promise<string>((resolve) => {
        call.onProvisional = (message) => resolve(message.body);
      });
      assert.equal(await early, sdp(5000));
      const caller = await call.answered;
      assert.equal(caller.initial.headers.get('x-answer')?.[0], '1');
      const dialog = await dialogs;
      const ended = destroyed(dialog);
      await caller.bye();
      await ended;
      assert.equal(server.activeDialogs, 0);
    });

    test('an inbound call that the application hangs up', limit, async () => {
      const dialogs = new Promise<SrfDialog>((resolve, reject) => {
        onInvite((request, reply) => srf.createUAS(request, reply, { localSdp: sdp(5000) }).then(resolve, reject));
      });
      const caller = await phone.invite({ uri, from: FROM, sdp: sdp(4000) }).answered;
      const dialog = await dialogs;
      const ended = once(caller.ended, 'abort');
      // The callback comes with the response to the BYE.
      await new Promise((resolve) => dialog.destroy({ headers: { 'X-Reason': 'done' } }, resolve));
      await ended;
      assert.equal(caller.ended.reason.message.headers.get('x-reason')[0], 'done');
      assert.equal(server.activeDialogs, 0);
    });

    test('a refused call', limit, async () => {
      onInvite((_request, reply) => reply.send(486, { headers: { 'Retry-After': '30' } }));
      await assert.rejects(phone.invite({ uri, from: FROM, sdp: sdp(4000) }).answered, (error) => {
        assert(isSipFailure(error));
        assert.equal(error.status, 486);
        assert.equal(error.message_?.headers.get('retry-after')?.[0], '30');
        return true;
      });
    });

    test('a call that the caller cancels', limit, async () => {
      const cancelled = new Promise<void>((resolve) => {
        onInvite((request, reply) => {
          request.on('cancel', () => resolve());
          reply.send(180);
        });
      });
      const call = phone.invite({ uri, from: FROM, sdp: sdp(4000) });
      call.onProvisional = () => call.cancel();
      await assert.rejects(call.answered, { status: 487 });
      await cancelled;
      assert.equal(server.activeDialogs, 0);
      assert.equal(server.pendingRequests, 0);
    });

    test('an outbound call: 180, 200, and the far end hangs up', limit, async () => {
      const incoming = nextCall(phone);
      const provisional: number[] = [];
      const placed = srf.createUAC(
        phoneUri,
        { localSdp: sdp(5000), callingNumber: '1000', headers: { 'X-Out': 'yes' } },
        { cbProvisional: (message: Message) => provisional.push(message.status) },
      );
      const received = await incoming;
      assert.equal(received.invite.headers.get('x-out')?.[0], 'yes');
      assert.match(received.invite.headers.get('contact')![0]!, /^<sip:1000@127\.0\.0\.1:/);
      received.provisional(180);
      const { dialog, acknowledged } = received.accept(sdp(4000));
      const outbound = await placed;
      await acknowledged;
      assert.deepEqual(provisional, [180]);
      assert.equal(outbound.remote.sdp, sdp(4000));
      const ended = destroyed(outbound);
      await dialog.bye();
      await ended;
      assert.equal(server.activeDialogs, 0);
    });

    test('an outbound call that is refused, and one to a port that nobody listens on', limit, async () => {
      const incoming = nextCall(phone);
      const placed = srf.createUAC(phoneUri, { localSdp: sdp(5000) });
      (await incoming).reject(480);
      await assert.rejects(placed, { status: 480 });
      const gone = await createUserAgent({
        host: '127.0.0.1',
        port: 0,
        transports: ['udp', 'tcp'],
        user: 'x',
        userAgent: 'x',
      });
      await gone.close();
      await assert.rejects(
        srf.createUAC(`sip:x@127.0.0.1:${gone.udpPort};transport=${transport}`, { localSdp: sdp(5000) }),
        {
          status: 503,
        },
      );
      await assert.rejects(
        srf.createUAC('sip:x@127.0.0.1:5999;transport=tls', { localSdp: sdp(5000) }),
        /not available/,
      );
      await assert.rejects(srf.createUAC('sip:x@no-such-host.invalid', { localSdp: sdp(5000) }), { status: 503 });
    });

    test('an outbound call that the application cancels', limit, async () => {
      const incoming = nextCall(phone);
      const requests: Message[] = [];
      const placed = srf.createUAC(
        phoneUri,
        { localSdp: sdp(5000) },
        {
          cbRequest: (error: unknown, request: Message) => requests.push(error === null ? request : (error as Message)),
        },
      );
      const received = await incoming;
      const cancelled = once(received.cancelled, 'abort');
      received.provisional(180);
      requests[0]!.cancel();
      await cancelled;
      await assert.rejects(placed, { status: 487 });
      assert.equal(server.activeDialogs, 0);
    });

    test('a digest challenge is answered', limit, async () => {
      for (const [status, ask, answer] of [
        [401, 'WWW-Authenticate', 'authorization'],
        [407, 'Proxy-Authenticate', 'proxy-authorization'],
      ] as const) {
        const calls: IncomingCall[] = [];
        phone.onInvite = (call) => {
          calls.push(call);
          if (call.invite.headers.has(answer)) call.accept(sdp(4000));
          else call.reject(status, undefined, { [ask]: 'Digest realm="r", nonce="n", qop="auth"' });
        };
        const dialog = await srf.createUAC(phoneUri, { localSdp: sdp(5000), auth: { username: 'u', password: 'p' } });
        assert.equal(calls.length, 2);
        assert.match(calls[1]!.invite.headers.get(answer)![0]!, /username="u", realm="r"/);
        const gone = new Promise((resolve) => dialog.destroy({}, resolve));
        await gone;
      }
    });

    test('re-INVITE both ways, INFO and OPTIONS in the dialog', limit, async () => {
      const dialogs = new Promise<SrfDialog>((resolve, reject) => {
        onInvite((request, reply) => srf.createUAS(request, reply, { localSdp: sdp(5000) }).then(resolve, reject));
      });
      const caller = await phone.invite({ uri, from: FROM, sdp: sdp(4000) }).answered;
      const dialog = await dialogs;
      caller.onReinvite = () => sdp(4002);
      await dialog.modify(sdp(5002));
      assert.equal(caller.remoteSdp, sdp(5002));
      assert.equal(dialog.remote.sdp, sdp(4002));
      dialog.on('modify', (_request: Message, reply: Reply) => reply.send(200, { body: sdp(5004) }));
      assert.equal(await caller.reinvite(sdp(4004)), sdp(5004));
      const held = once(dialog, 'hold');
      await caller.reinvite(sdp(4004).replace('sendrecv', 'sendonly'));
      await held;
      dialog.on('info', (request: Message, reply: Reply) => {
        assert.equal(request.body, 'Signal=5\r\n');
        reply.send(200);
      });
      assert.equal(await caller.info('application/dtmf-relay', 'Signal=5\r\n'), 200);
      const got = new Promise((resolve) => {
        caller.onInfo = (type, body) => resolve([type, body]);
      });
      const response = await dialog.request({
        method: 'INFO',
        headers: { 'Content-Type': 'application/dtmf-relay' },
        body: 'Signal=1\r\n',
      });
      assert.equal(response.status, 200);
      assert.deepEqual(await got, ['application/dtmf-relay', 'Signal=1\r\n']);
      assert.equal((await dialog.request({ method: 'OPTIONS' })).status, 200);
      const ended = destroyed(dialog);
      await caller.bye();
      await ended;
    });

    test('3pcc: an INVITE without SDP in each direction', limit, async () => {
      const incoming = nextCall(phone);
      const placed = srf.createUAC(phoneUri, { noAck: true, localSdp: '' });
      const received = await incoming;
      assert.equal(received.invite.body, '');
      const { dialog, acknowledged } = received.accept(sdp(4000));
      const offer = await placed;
      assert.equal(offer.sdp, sdp(4000));
      const outbound = await offer.ack(sdp(5000));
      assert.equal((await acknowledged).body, sdp(5000));
      assert.equal(dialog.remoteSdp, sdp(5000));
      await new Promise((resolve) => outbound.destroy({}, resolve));

      const dialogs = new Promise<SrfDialog>((resolve, reject) => {
        onInvite((request, reply) => srf.createUAS(request, reply, { localSdp: sdp(5000) }).then(resolve, reject));
      });
      const caller = await phone.invite({ uri, from: FROM, sdp: '', onOffer: () => sdp(4000) }).answered;
      const inbound = await dialogs;
      const ended = destroyed(inbound);
      await caller.bye();
      await ended;
    });

    test('createB2BUA joins two legs; each BYE ends both', limit, async () => {
      const bridged = new Promise<{ uas: SrfDialog; uac: SrfDialog }>((resolve, reject) => {
        onInvite((request, reply) => {
          srf
            .createB2BUA(request, reply, phoneUri, { localSdpB: request.body, proxyResponseHeaders: ['X-Uas'] })
            .then(resolve, reject);
        });
      });
      const incoming = nextCall(phone);
      const call = phone.invite({ uri, from: FROM, sdp: sdp(4000) });
      const received = await incoming;
      received.provisional(180);
      const { dialog } = received.accept(sdp(6000), { 'X-Uas': 'v' });
      const caller = await call.answered;
      assert.equal(caller.initial.headers.get('x-uas')?.[0], 'v');
      const { uas, uac } = await bridged;
      uas.on('destroy', () => uac.destroy({}, () => {}));
      const ended = once(dialog.ended, 'abort');
      await caller.bye();
      await ended;
    });

    test('REGISTER, challenged and accepted by the application', limit, async () => {
      const response = await phone.request({
        method: 'REGISTER',
        uri: 'sip:example.com',
        sendTo: uri,
        from: 'sip:alice@example.com',
        to: 'sip:alice@example.com',
        credentials: { username: 'alice', password: 'secret' },
      });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('expires')?.[0], '60');
    });

    test('what nobody routes gets 503, what nobody knows 405, a dialog nobody has 481', limit, async () => {
      assert.equal((await phone.request({ method: 'PUBLISH', uri, from: FROM })).status, 503);
      assert.equal((await phone.request({ method: 'WIBBLE', uri, from: FROM })).status, 405);
      assert.equal((await phone.request({ method: 'BYE', uri, from: FROM, headers: { 'X-A': 'b' } })).status, 481);
    });

    test('a proxied call stays on the way of its dialog', limit, async () => {
      const results = new Promise<{ finalStatus: number; connected: boolean }>((resolve, reject) => {
        onInvite((request) => {
          srf.proxyRequest(request, phoneUri, { remainInDialog: true }).then(resolve, reject);
        });
      });
      const incoming = nextCall(phone);
      const call = phone.invite({ uri, from: FROM, sdp: sdp(4000) });
      const received = await incoming;
      assert.match(received.invite.headers.get('record-route')![0]!, /;lr>$/);
      const { dialog, acknowledged } = received.accept(sdp(6000));
      const caller = await call.answered;
      await acknowledged;
      assert.equal((await results).finalStatus, 200);
      const ended = once(dialog.ended, 'abort');
      await caller.bye();
      await ended;
    });

    test('the application goes away in mid-call: the call stays, its requests get 481', limit, async () => {
      const other = await connectSrf(server);
      // The first application refuses, so that round robin is not in the way.
      onInvite((_request, reply) => reply.send(480));
      const answered = new Promise<SrfDialog>((resolve, reject) => {
        other.invite((request, reply) =>
          other.createUAS(request, reply, { localSdp: sdp(5000) }).then(resolve, reject),
        );
      });
      const attempt = () => phone.invite({ uri, from: FROM, sdp: sdp(4000) }).answered.catch(() => undefined);
      let caller = await attempt();
      while (caller === undefined) caller = await attempt();
      await answered;
      const apps = server.activeApps;
      other.disconnect();
      while (server.activeApps === apps) await setImmediate();
      assert.equal((await caller.request('OPTIONS')).status, 481);
      assert.equal(caller.ended.reason.side, 'timeout');
      assert.equal(server.activeApps, apps - 1);
    });
  });
}
