import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MediaEndpoint } from './endpoint.ts';
import { FakeEndpoint } from './testing/fake-fsmrf.ts';

const never = new AbortController().signal;

function make(): { fake: FakeEndpoint; endpoint: MediaEndpoint } {
  const fake = new FakeEndpoint();
  return { fake, endpoint: new MediaEndpoint(fake.fsmrf) };
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
afterEach(() => mock.timers.reset());

describe('an endpoint', () => {
  it('has its event socket without delay', () => assert.equal(make().fake.noDelay, true));

  it('tells digits', () => {
    const { fake, endpoint } = make();
    const heard: string[] = [];
    endpoint.onDigit = (digit) => heard.push(digit);
    fake.emit('dtmf', { dtmf: '5', duration: '800', source: 'RTP' });
    assert.deepEqual(heard, ['5']);
  });

  it('sends digits', async () => {
    const { fake, endpoint } = make();
    fake.responses.set('send_dtmf', '');
    await endpoint.sendDigits('12#', 200.4);
    assert.deepEqual(
      fake.executions.map(({ app, arg }) => `${app} ${arg}`),
      ['send_dtmf 12#@200'],
    );
  });

  it('takes a new session description and gives its own', async () => {
    const { fake, endpoint } = make();
    assert.equal(await endpoint.modify('v=0'), fake.local.sdp);
    assert.deepEqual(fake.modified, ['v=0']);
    fake.onModify = () => Promise.reject(new Error('488'));
    await assert.rejects(endpoint.modify('v=0'), /488/);
  });
});

describe('playing', () => {
  it('lasts until FreeSWITCH says that the file was played', async () => {
    const { fake, endpoint } = make();
    const played = endpoint.play('/sounds/a.wav', never);
    await turn();
    assert.equal(fake.playing?.arg, '/sounds/a.wav');
    fake.playing?.done();
    assert.deepEqual(await played, { kind: 'finished' });
  });

  it('tells what FreeSWITCH said when it could not', async () => {
    const { fake, endpoint } = make();
    fake.responses.set('playback', 'FILE NOT FOUND');
    assert.deepEqual(await endpoint.play('gone', never), { kind: 'not-found', response: 'FILE NOT FOUND' });
  });

  it('rejects when the command failed', async () => {
    const { fake, endpoint } = make();
    const played = endpoint.play('a', never);
    await turn();
    fake.playing?.fail(new Error('-ERR'));
    await assert.rejects(played, /-ERR/);
  });

  it('does not begin when it was stopped before', async () => {
    const { fake, endpoint } = make();
    assert.deepEqual(await endpoint.play('a', AbortSignal.abort()), { kind: 'stopped' });
    assert.equal(fake.executions.length, 0);
  });

  it('stopped meanwhile: FreeSWITCH is told at once, and it is over when FreeSWITCH says so', async () => {
    const { fake, endpoint } = make();
    const stop = new AbortController();
    const played = endpoint.play('a', stop.signal);
    await turn();
    stop.abort();
    assert.deepEqual(fake.apis, ['uuid_break endpoint-1']);
    fake.playing?.done();
    assert.deepEqual(await played, { kind: 'stopped' });
    mock.timers.tick(10_000);
    assert.equal(fake.apis.length, 1);
  });

  it('stopped before FreeSWITCH has begun: told when it begins, and again every 250 ms until it ends', async () => {
    const { fake, endpoint } = make();
    fake.emit = ((event: string, ...args: unknown[]) =>
      event === 'playback-start' && args.length === 1 && begun === false
        ? true
        : FakeEndpoint.prototype.emit.call(fake, event, ...args)) as typeof fake.emit;
    let begun = false;
    const stop = new AbortController();
    const played = endpoint.play('a', stop.signal);
    await turn();
    stop.abort();
    assert.equal(fake.apis.length, 0);
    mock.timers.tick(250);
    assert.equal(fake.apis.length, 1);
    begun = true;
    fake.emit('playback-start', { file: 'a' });
    assert.equal(fake.apis.length, 2);
    mock.timers.tick(500);
    assert.equal(fake.apis.length, 4);
    fake.playing?.done();
    assert.deepEqual(await played, { kind: 'stopped' });
    mock.timers.tick(10_000);
    assert.equal(fake.apis.length, 4);
  });

  it('is one at a time: the next begins when the one before is over', async () => {
    const { fake, endpoint } = make();
    const first = endpoint.play('a', never);
    const second = endpoint.play('b', never);
    await turn();
    assert.deepEqual(
      fake.executions.map(({ arg }) => arg),
      ['a'],
    );
    fake.playing?.fail(new Error('-ERR'));
    await assert.rejects(first);
    await turn();
    assert.deepEqual(
      fake.executions.map(({ arg }) => arg),
      ['a', 'b'],
    );
    fake.playing?.done();
    assert.deepEqual(await second, { kind: 'finished' });
  });

  it('leaves no listener behind', async () => {
    const { fake, endpoint } = make();
    fake.responses.set('playback', 'FILE PLAYED');
    const before = fake.listenerCount('playback-start');
    for (let count = 0; count < 20; count += 1) await endpoint.play('a', never);
    assert.equal(fake.listenerCount('playback-start'), before);
  });
});

describe('an endpoint that FreeSWITCH ends', () => {
  it('rejects what is under way, and tells why, once', async () => {
    const { fake, endpoint } = make();
    const causes: string[] = [];
    endpoint.onLost = (cause) => causes.push(cause);
    const played = endpoint.play('a', never);
    await turn();
    fake.emit('destroy', { reason: 'MEDIA_TIMEOUT' });
    fake.emit('destroy');
    await assert.rejects(played, /MEDIA_TIMEOUT/);
    assert.deepEqual(causes, ['MEDIA_TIMEOUT']);
    await assert.rejects(endpoint.play('b', never), /MEDIA_TIMEOUT/);
    await assert.rejects(endpoint.sendDigits('1', 100), /MEDIA_TIMEOUT/);
    assert.equal(fake.executions.length, 1);
    assert.equal(fake.dialog.byes, 0);
  });

  it('by breaking its event socket is out of order, and our call to it is ended', () => {
    const { fake, endpoint } = make();
    const causes: string[] = [];
    endpoint.onLost = (cause) => causes.push(cause);
    fake.emit('destroy');
    assert.deepEqual(causes, ['NETWORK_OUT_OF_ORDER']);
    assert.equal(fake.dialog.byes, 1);
  });

  it('needs no closing', async () => {
    const { fake, endpoint } = make();
    fake.emit('destroy', { reason: 'NORMAL_CLEARING' });
    await endpoint.close();
    assert.equal(fake.destroyed, 0);
  });

  it('does not bring anything down when nobody waits for it', async () => {
    make().fake.emit('destroy');
    await turn();
  });
});

describe('closing', () => {
  it('hangs up once, however often it is asked, and leaves no listener', async () => {
    const { fake, endpoint } = make();
    let lost = 0;
    endpoint.onLost = () => {
      lost += 1;
    };
    await Promise.all([endpoint.close(), endpoint.close()]);
    await endpoint.close();
    assert.equal(fake.destroyed, 1);
    assert.equal(lost, 0);
    assert.deepEqual(fake.eventNames(), []);
  });

  it('rejects what is under way', async () => {
    const { endpoint } = make();
    const played = endpoint.play('a', never);
    await turn();
    await Promise.all([endpoint.close(), assert.rejects(played, /closed/)]);
  });

  it('does not wait for FreeSWITCH longer than 5 s', async () => {
    const { fake, endpoint } = make();
    fake.onDestroy = () => new Promise(() => {});
    const closed = endpoint.close();
    await turn();
    mock.timers.tick(5000);
    await closed;
    assert.deepEqual(fake.eventNames(), []);
  });

  it('ends our call when FreeSWITCH cannot be told', async () => {
    const { fake, endpoint } = make();
    fake.onDestroy = () => Promise.reject(new Error('endpoint no longer active'));
    await endpoint.close();
    assert.equal(fake.dialog.byes, 1);
  });
});
