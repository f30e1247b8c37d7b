import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { PivotError } from '../../crds/errors/fault.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import { createLogger } from '../../runtime/log.ts';
import type { SignallingClient } from '../sip/srf.ts';
import { MediaServer } from './media-server.ts';
import { FakeEndpoint, FakeFreeSwitch } from './testing/fake-fsmrf.ts';

const never = new AbortController().signal;
const OFFER = 'v=0\r\nm=audio 4000 RTP/AVP 0\r\n';

async function connect(
  freeswitch: FakeFreeSwitch,
  signal: AbortSignal = never,
  onConnectionChange: (connected: boolean) => void = () => {},
): Promise<MediaServer> {
  return MediaServer.connect({
    host: '127.0.0.1',
    port: 8021,
    secret: 'ClueCon',
    listenAddress: '127.0.0.1',
    signalling: {} as SignallingClient,
    log: createLogger({ level: 'silent' }),
    signal,
    onConnectionChange,
    client: freeswitch.client,
  });
}

const withCode =
  (code: string, pattern = /./) =>
  (error: unknown): boolean =>
    error instanceof PivotError && error.fault.code === code && pattern.test(error.fault.message);

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

describe('connecting to FreeSWITCH', () => {
  it('is tried again until the attempts are given up', async () => {
    // node:timers/promises, in which the pauses are, keeps its own clock.
    mock.timers.reset();
    const freeswitch = new FakeFreeSwitch();
    freeswitch.refusals = 1;
    await connect(freeswitch);
    assert.equal(freeswitch.attempts, 2);
    const gone = new FakeFreeSwitch();
    gone.refusals = Number.POSITIVE_INFINITY;
    const giveUp = new AbortController();
    const connecting = connect(gone, giveUp.signal);
    giveUp.abort();
    await assert.rejects(connecting);
  });

  it('tells when the connection is lost and when it is back', async () => {
    const freeswitch = new FakeFreeSwitch();
    const changes: boolean[] = [];
    const server = await connect(freeswitch, never, (connected) => changes.push(connected));
    freeswitch.up = false;
    freeswitch.conn.emit('esl::end');
    assert.equal(server.connected, false);
    freeswitch.up = true;
    freeswitch.conn.emit('esl::ready');
    await turn();
    assert.equal(server.connected, true);
    assert.deepEqual(changes, [true, false, true]);
  });

  it('uses a FreeSWITCH that is back only once it has its profile, at the address that it has now', async () => {
    mock.timers.reset();
    const freeswitch = new FakeFreeSwitch();
    const back = Promise.withResolvers<void>();
    let changes = 0;
    const server = await connect(freeswitch, never, () => {
      changes += 1;
      if (changes === 3) back.resolve();
    });
    freeswitch.conn.emit('esl::end');
    freeswitch.found = undefined;
    freeswitch.conn.emit('esl::ready');
    await turn();
    assert.equal(server.connected, false);
    freeswitch.found = '127.0.0.1:5090';
    await back.promise;
    assert.equal(server.connected, true);
    assert.equal(freeswitch.sip.ipv4.udp.address, '127.0.0.1:5090');
  });

  it('is not made where drachtio-fsmrf would end the process', async () => {
    const freeswitch = new FakeFreeSwitch();
    freeswitch.found = undefined;
    const giveUp = new AbortController();
    const connecting = connect(freeswitch, giveUp.signal);
    await turn();
    giveUp.abort();
    await assert.rejects(connecting);
    assert.equal(freeswitch.attempts, 0);
  });

  it('lost is sought again at least every 10 s, and the library writes nothing to the console', async () => {
    const freeswitch = new FakeFreeSwitch();
    let written = 0;
    for (const event of ['esl::end', 'esl::ready']) freeswitch.conn.on(event, () => (written += 1));
    await connect(freeswitch);
    freeswitch.conn.emit('esl::end');
    freeswitch.conn.emit('esl::ready');
    assert.equal(written, 0);
    assert.deepEqual(freeswitch.conn.reconnectOpts, { retryMaxDelay: 10_000 });
  });

  it('is ended once, and that is no loss', async () => {
    const freeswitch = new FakeFreeSwitch();
    const changes: boolean[] = [];
    const server = await connect(freeswitch, never, (connected) => changes.push(connected));
    server.close();
    server.close();
    freeswitch.conn.emit('esl::end');
    assert.equal(freeswitch.disconnects, 1);
    assert.equal(server.connected, false);
    assert.deepEqual(changes, [true]);
  });
});

describe('an endpoint', () => {
  it("is made for the caller's offer, or without one", async () => {
    const freeswitch = new FakeFreeSwitch();
    const server = await connect(freeswitch);
    await server.createEndpoint(OFFER, never);
    await server.createEndpoint('', never);
    assert.deepEqual(freeswitch.offers, [{ remoteSdp: OFFER }, {}]);
  });

  it('is not had from a FreeSWITCH that is not connected', async () => {
    const freeswitch = new FakeFreeSwitch();
    const server = await connect(freeswitch);
    freeswitch.up = false;
    await assert.rejects(server.createEndpoint(OFFER, never), withCode(routingCodes.mediaUnavailable.code));
  });

  const refusals: readonly [what: string, error: Error, code: string][] = [
    ['488', Object.assign(new Error('Not Acceptable'), { status: 488 }), routingCodes.noCommonCodec.code],
    ['415', Object.assign(new Error('Unsupported'), { status: 415 }), routingCodes.noCommonCodec.code],
    ['503', Object.assign(new Error('Maximum Calls'), { status: 503 }), routingCodes.mediaUnavailable.code],
    ['no event socket', new Error('Connection timeout'), routingCodes.mediaUnavailable.code],
    ['SRTP', Object.assign(new Error('dtls'), { code: 'ERR_ASSERTION' }), routingCodes.noCommonCodec.code],
  ];
  for (const [what, error, code] of refusals) {
    it(`refused with ${what}: ${code}, and room is left for the next`, async () => {
      const freeswitch = new FakeFreeSwitch();
      const server = await connect(freeswitch);
      freeswitch.make = () => Promise.reject(error);
      for (let count = 0; count < 20; count += 1)
        await assert.rejects(server.createEndpoint(OFFER, never), withCode(code));
    });
  }

  it('is one of 8 in the making; 200 wait, and more are refused', async () => {
    const freeswitch = new FakeFreeSwitch();
    const server = await connect(freeswitch);
    const made: (() => void)[] = [];
    freeswitch.make = () => new Promise((resolve) => made.push(() => resolve(new FakeEndpoint())));
    const asked = Array.from({ length: 208 }, () => server.createEndpoint(OFFER, never));
    await turn();
    assert.equal(freeswitch.offers.length, 8);
    await assert.rejects(server.createEndpoint(OFFER, never), withCode(routingCodes.mediaUnavailable.code, /200/));
    while (made.length > 0) {
      made.shift()?.();
      await turn();
    }
    assert.equal((await Promise.all(asked)).length, 208);
  });

  it('that takes longer than 10 s is given up; when it comes after all it is closed', async () => {
    const freeswitch = new FakeFreeSwitch();
    const server = await connect(freeswitch);
    const late = Promise.withResolvers<FakeEndpoint>();
    freeswitch.make = () => late.promise;
    const asked = Array.from({ length: 8 }, () => server.createEndpoint(OFFER, never));
    await turn();
    mock.timers.tick(10_000);
    for (const one of asked) await assert.rejects(one, withCode(routingCodes.mediaUnavailable.code, /within 10 s/));
    const endpoint = new FakeEndpoint();
    late.resolve(endpoint);
    await turn();
    assert.ok(endpoint.destroyed > 0);
    freeswitch.make = () => Promise.resolve(new FakeEndpoint());
    await server.createEndpoint(OFFER, never);
  });

  it('for a call that ends meanwhile is closed when it comes, and before that the call is not free', async () => {
    const freeswitch = new FakeFreeSwitch();
    const server = await connect(freeswitch);
    const coming = Promise.withResolvers<FakeEndpoint>();
    freeswitch.make = () => coming.promise;
    const call = new AbortController();
    let settled = false;
    const asked = server.createEndpoint(OFFER, call.signal).finally(() => {
      settled = true;
    });
    asked.catch(() => {});
    await turn();
    call.abort('over');
    await turn();
    assert.equal(settled, false);
    const endpoint = new FakeEndpoint();
    coming.resolve(endpoint);
    await assert.rejects(asked, (reason) => reason === 'over');
    assert.equal(endpoint.destroyed, 1);
  });

  it('for a call that is over is not asked for', async () => {
    const freeswitch = new FakeFreeSwitch();
    const server = await connect(freeswitch);
    await assert.rejects(server.createEndpoint(OFFER, AbortSignal.abort('over')), (reason) => reason === 'over');
    assert.equal(freeswitch.offers.length, 0);
  });
});
