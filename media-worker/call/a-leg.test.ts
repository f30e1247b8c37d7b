import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { engineCodes } from '../../crds/errors/engine.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { mediaCodes } from '../../crds/errors/media.ts';
import { routingCodes } from '../../crds/errors/routing.ts';
import type { Sound } from '../media/sound.ts';
import { readInvite } from '../sip/invite.ts';
import { CallSpan } from '../telemetry/span.ts';
import { ALeg } from './a-leg.ts';
import type { CallEnd, PlayOptions } from './call.ts';
import { type FakeRequestOptions, OFFER } from './testing/fake-sip.ts';
import { type OneCall, oneCall, tracing } from './testing/one-call.ts';
import { inVirtualTime } from './testing/virtual-time.ts';

const SOUND: Sound = { kind: 'media', id: 'greeting' };

interface Leg extends OneCall {
  readonly call: ALeg;
  readonly spans: () => readonly ReadableSpan[];
  /** Codes of the warnings and errors so far, the root's included (it is ended for this). */
  readonly codes: () => unknown[];
  readonly play: (sound?: Sound, options?: Partial<PlayOptions>) => ReturnType<ALeg['play']>;
}

function leg(options: FakeRequestOptions = {}): Leg {
  const sides = oneCall(options);
  const read = readInvite(sides.request);
  assert.ok(read.ok);
  const { provider, spans } = tracing();
  const span = CallSpan.root(provider.getTracer('test'), 'call', {});
  const call = new ALeg({
    request: sides.request,
    response: sides.response,
    invite: read.invite,
    signalling: sides.signalling.client,
    resources: sides.resources,
    span,
    account: 'acme',
    callflow: 'acme/support',
    number: '2030',
    language: 'en-us',
    headers: { 'X-Pivot-Trace': 'abc' },
  });
  return {
    ...sides,
    call,
    spans,
    codes: () => {
      span.end();
      return spans().flatMap(({ events }) => events.map(({ attributes }) => attributes?.['pivot.error.code']));
    },
    play: (sound = SOUND, more = {}) => call.play(sound, { stopOn: '', span, ...more }),
  };
}

async function answered(options: FakeRequestOptions = {}): Promise<Leg> {
  const made = leg(options);
  await made.call.answer();
  return made;
}

/** Nothing of the call is left: endpoint closed, no listeners, nothing sent twice. */
async function assertFreed({ call, media, signalling, response }: Leg): Promise<void> {
  await call.release();
  await turn();
  assert.equal(response.late, 0, 'a response was sent behind a final one');
  assert.deepEqual(media.endpoint.eventNames(), []);
  assert.deepEqual(signalling.dialog.eventNames(), []);
}

const reasonOf = ({ call }: Leg): CallEnd => call.signal.reason as CallEnd;
const BY_CALLER: CallEnd = { side: 'caller', cause: 'NORMAL_CLEARING' };
const CANCELED: CallEnd = { side: 'caller', cause: 'ORIGINATOR_CANCEL', sipStatus: 487 };

describe('answering', () => {
  it("sends 200 with FreeSWITCH's session description, made for the caller's offer", async () => {
    const { call, media, response, signalling } = await answered();
    assert.deepEqual(media.offers, [OFFER]);
    assert.deepEqual(response.statuses, [200]);
    assert.deepEqual(signalling.answers, [{ localSdp: media.endpoint.local.sdp, headers: { 'X-Pivot-Trace': 'abc' } }]);
    assert.equal(call.answered, true);
    assert.equal(call.facts().status, 'in-progress');
    assert.ok(call.answeredAt !== undefined && call.answeredAt >= call.createdAt);
  });

  it('happens once, however often and at how many places at once it is asked for', async () => {
    const { call, signalling, media } = leg();
    await Promise.all([call.answer(), call.answer()]);
    await call.answer();
    assert.equal(signalling.answers.length, 1);
    assert.equal(media.offers.length, 1);
  });

  it('without an offer of the caller sends one plain audio stream of ours, and takes the answer from the ACK', async () => {
    const { media, signalling } = await answered({ body: '' });
    assert.deepEqual(media.offers, ['']);
    signalling.dialog.emit('ack', { body: 'v=0 the answer' });
    assert.deepEqual(media.endpoint.modified, ['v=0 the answer']);
    signalling.dialog.emit('ack', { body: '' });
    assert.equal(media.endpoint.modified.length, 1);
  });

  it('says ringing before, and not after', async () => {
    const { call, response } = leg();
    call.ring();
    await call.answer();
    call.ring();
    assert.deepEqual(response.statuses, [180, 200]);
  });

  it('that drachtio-server refuses ends the call as failed', async () => {
    const made = leg();
    made.signalling.accept = () => Promise.reject(new Error('failed sending, possibly due to far end closing socket'));
    await assert.rejects(made.call.answer(), (reason) => reason === made.call.signal.reason);
    assert.deepEqual(reasonOf(made), { side: 'worker', cause: 'NORMAL_TEMPORARY_FAILURE' });
    assert.equal(made.call.facts().status, 'failed');
    assert.ok(made.codes().includes(routingCodes.answerFailed.code));
    await assertFreed(made);
  });

  it('that crosses a CANCEL is the end by the caller, though drachtio-srf passes no CANCEL on after a 200', async () => {
    const made = leg();
    made.signalling.accept = () => Promise.reject('Response not sent due to unknown transaction');
    await assert.rejects(made.call.answer(), (reason) => reason === made.call.signal.reason);
    assert.deepEqual(reasonOf(made), { side: 'caller', cause: 'ORIGINATOR_CANCEL', sipStatus: 487 });
    assert.equal(made.call.facts().status, 'canceled');
    assert.deepEqual(made.codes(), []);
    await assertFreed(made);
  });

  it('of a call that is over rejects with its end', async () => {
    const made = leg();
    made.request.emit('cancel');
    await assert.rejects(made.call.answer(), (reason) => reason === made.call.signal.reason);
    assert.equal(made.media.offers.length, 0);
  });

  it('is known to be over when the BYE came in one packet with the confirmation', async () => {
    const made = leg();
    made.signalling.accept = async () => {
      made.signalling.dialog.connected = false;
    };
    await assert.rejects(made.call.answer());
    assert.deepEqual(reasonOf(made), BY_CALLER);
    assert.equal(made.call.facts().status, 'completed');
  });
});

describe('a caller who gives up', () => {
  it('while it rings: canceled, nothing more is sent, since drachtio-server has answered 487', async () => {
    const made = leg();
    made.call.ring();
    made.request.emit('cancel');
    assert.deepEqual(reasonOf(made), CANCELED);
    assert.equal(made.call.facts().status, 'canceled');
    await made.call.hangup();
    assert.deepEqual(made.response.statuses, [180]);
    await assertFreed(made);
  });

  it('while the endpoint is made: the answer is given up at once; the endpoint is closed when it comes', async () => {
    const made = leg();
    const coming = Promise.withResolvers<void>();
    made.media.make = () => coming.promise;
    const answering = made.call.answer();
    made.request.emit('cancel');
    await assert.rejects(answering, (reason) => reason === made.call.signal.reason);
    const released = made.call.release();
    coming.resolve();
    await released;
    assert.equal(made.media.endpoint.destroyed, 1);
    assert.deepEqual(made.response.statuses, []);
    await assertFreed(made);
  });

  it('as the 200 goes out: it was too late, and the call is hung up', async () => {
    const made = leg();
    const confirmed = Promise.withResolvers<void>();
    made.signalling.accept = () => confirmed.promise;
    const answering = made.call.answer();
    await turn();
    made.request.emit('cancel');
    await assert.rejects(answering);
    confirmed.resolve();
    await turn();
    assert.equal(made.signalling.dialog.byes.length, 1);
    await assertFreed(made);
  });

  it('during early media', async () => {
    const made = leg();
    const playing = made.play(SOUND, { early: true });
    await turn();
    made.request.emit('cancel');
    await assert.rejects(playing, (reason) => reason === made.call.signal.reason);
    assert.deepEqual(made.response.statuses, [183]);
    await assertFreed(made);
    assert.equal(made.media.endpoint.destroyed, 1);
  });
});

describe('a caller who hangs up', () => {
  it('completes the call, with the cause that the BYE gives', async () => {
    for (const [headers, cause] of [
      [{}, 'NORMAL_CLEARING'],
      [{ Reason: 'Q.850;cause=41' }, 'NORMAL_TEMPORARY_FAILURE'],
    ] as const) {
      const made = await answered();
      made.signalling.dialog.bye(headers);
      assert.deepEqual(reasonOf(made), { side: 'caller', cause });
      assert.equal(made.call.facts().status, 'completed');
      assert.equal(made.signalling.dialog.byes.length, 0);
      await assertFreed(made);
    }
  });

  it('ends everything that the call is doing, each with the end as its reason', async () => {
    const made = await answered();
    const doing = [
      made.play(),
      made.play({ kind: 'media', id: 'never' }),
      made.call.sleep(60_000),
      made.call.digits.next(60_000, made.call.signal),
      made.call.sendDigits('1'),
    ];
    const ended = doing.map((one) => assert.rejects(one, (reason) => reason === made.call.signal.reason));
    await turn();
    made.signalling.dialog.bye();
    // FreeSWITCH goes on until it is told; the call does not wait for it.
    made.media.endpoint.playing?.done();
    const released = made.call.release();
    await Promise.all(ended);
    await released;
    await assertFreed(made);
  });
});

describe('hanging up', () => {
  const refusals: readonly [options: object, status: number, phrase: string, callStatus: string][] = [
    [{}, 480, 'Temporarily Unavailable', 'no-answer'],
    [{ cause: 'USER_BUSY' }, 486, 'Busy Here', 'busy'],
    [{ cause: 'CALL_REJECTED' }, 603, 'Decline', 'no-answer'],
    [{ cause: 'NORMAL_TEMPORARY_FAILURE' }, 503, 'Service Unavailable', 'failed'],
    [{ cause: 'CALL_REJECTED', sipStatus: 404, reason: 'Nobody\r\nX-Evil: 1' }, 404, 'Nobody X-Evil: 1', 'no-answer'],
    [{ cause: 'USER_BUSY', sipStatus: 600 }, 600, '', 'busy'],
  ];
  for (const [options, status, phrase, callStatus] of refusals) {
    it(`before the answer with ${JSON.stringify(options)}: ${status}, and the call was ${callStatus}`, async () => {
      const made = leg();
      await made.call.hangup(options);
      await made.call.hangup({ cause: 'USER_BUSY' });
      assert.deepEqual(made.response.statuses, [status]);
      assert.equal(made.response.last?.reason, phrase);
      assert.match(made.response.last?.headers?.['Reason'] ?? '', /^Q\.850;cause=\d+;text="[A-Z_]+"$/);
      assert.equal(made.response.last?.headers?.['X-Pivot-Trace'], 'abc');
      assert.equal(made.call.facts().status, callStatus);
      assert.equal(reasonOf(made).sipStatus, status);
      await assertFreed(made);
    });
  }

  it('with a status that drachtio-srf does not know sends the general one of its class', async () => {
    const made = leg();
    await made.call.hangup({ cause: 'CALL_REJECTED', sipStatus: 499 });
    assert.deepEqual(made.response.statuses, [400]);
    assert.equal(reasonOf(made).sipStatus, 499);
  });

  it('ends the call even when nothing can be sent any more', async () => {
    const made = leg();
    made.response.failure = new Error('socket closed');
    await made.call.hangup();
    assert.equal(reasonOf(made).side, 'worker');
  });

  it('after the answer sends BYE with the cause', async () => {
    const made = await answered();
    await made.call.hangup();
    assert.deepEqual(made.signalling.dialog.byes, [{ Reason: 'Q.850;cause=16;text="NORMAL_CLEARING"' }]);
    assert.deepEqual(reasonOf(made), { side: 'worker', cause: 'NORMAL_CLEARING' });
    assert.equal(made.call.facts().status, 'completed');
    await assertFreed(made);
  });

  it('after the answer with a status tells it as the reason of the BYE', async () => {
    const made = await answered();
    await made.call.hangup({ cause: 'USER_BUSY', sipStatus: 486 });
    assert.deepEqual(made.signalling.dialog.byes, [{ Reason: 'SIP;cause=486;text="USER_BUSY"' }]);
  });

  it('twice, or as the caller does, sends one BYE at most', async () => {
    const made = await answered();
    await Promise.all([made.call.hangup(), made.call.hangup()]);
    assert.equal(made.signalling.dialog.byes.length, 1);
    const other = await answered();
    other.signalling.dialog.bye();
    await other.call.hangup();
    assert.equal(other.signalling.dialog.byes.length, 0);
  });

  it('is done also when the BYE fails', async () => {
    const made = await answered();
    made.signalling.dialog.byeResult = 'failed';
    await made.call.hangup();
    await assertFreed(made);
  });

  it('while the endpoint is made sends the final status at once', async () => {
    const made = leg();
    const coming = Promise.withResolvers<void>();
    made.media.make = () => coming.promise;
    const answering = made.call.answer();
    await made.call.hangup({ cause: 'USER_BUSY' });
    assert.deepEqual(made.response.statuses, [486]);
    await assert.rejects(answering);
    coming.resolve();
    await assertFreed(made);
    assert.equal(made.media.endpoint.destroyed, 1);
    assert.equal(made.signalling.answers.length, 0);
  });

  it('as the 200 goes out waits for what becomes of it, and then sends BYE', async () => {
    const made = leg();
    const confirmed = Promise.withResolvers<void>();
    made.signalling.accept = () => confirmed.promise;
    const answering = made.call.answer();
    await turn();
    const hungUp = made.call.hangup();
    await turn();
    assert.equal(made.call.signal.aborted, false);
    confirmed.resolve();
    await Promise.all([hungUp, answering.catch(() => {})]);
    assert.deepEqual(made.response.statuses, [200]);
    assert.equal(made.signalling.dialog.byes.length, 1);
    await assertFreed(made);
  });
});

describe('without media', () => {
  const codes: readonly [what: string, error: PivotError, status: number, cause: string][] = [
    [
      'no codec in common: 488',
      new PivotError(fault(routingCodes.noCommonCodec, 'no PCMU')),
      488,
      'INCOMPATIBLE_DESTINATION',
    ],
    [
      'FreeSWITCH refuses: 503 with Retry-After',
      new PivotError(fault(routingCodes.mediaUnavailable, 'SIP 503')),
      503,
      'NETWORK_OUT_OF_ORDER',
    ],
  ];
  for (const [what, error, status, cause] of codes) {
    for (const when of ['at once', 'later'] as const) {
      it(`${what} (said ${when})`, async () => {
        const made = leg();
        if (when === 'at once') made.media.missing = error;
        else made.media.make = () => turn().then(() => Promise.reject(error));
        await assert.rejects(made.call.answer(), (reason) => reason === made.call.signal.reason);
        assert.deepEqual(made.response.statuses, [status]);
        assert.equal(made.response.last?.headers?.['Retry-After'], status === 503 ? '5' : undefined);
        assert.deepEqual(reasonOf(made), { side: 'media', cause, sipStatus: status });
        assert.equal(made.call.facts().status, 'failed');
        assert.ok(made.codes().includes(error.fault.code));
        await assertFreed(made);
      });
    }
  }

  it('early media fails in the same way', async () => {
    const made = leg();
    made.media.make = () => Promise.reject(new Error('Connection timeout'));
    await assert.rejects(made.play(SOUND, { early: true }));
    assert.deepEqual(made.response.statuses, [503]);
    await assertFreed(made);
  });
});

describe('FreeSWITCH ending the endpoint', () => {
  it('of an answered call hangs up, with its cause', async () => {
    const made = await answered();
    const playing = made.play();
    await turn();
    made.media.endpoint.emit('destroy', { reason: 'MEDIA_TIMEOUT' });
    await assert.rejects(playing, (reason) => reason === made.call.signal.reason);
    assert.deepEqual(reasonOf(made), { side: 'media', cause: 'MEDIA_TIMEOUT' });
    assert.deepEqual(made.signalling.dialog.byes, [{ Reason: 'Q.850;cause=102;text="MEDIA_TIMEOUT"' }]);
    assert.equal(made.call.facts().status, 'failed');
    assert.ok(made.codes().includes(routingCodes.mediaLost.code));
    await made.call.release();
  });

  it('of a call in early media refuses it: the INVITE is not left without an answer', async () => {
    const made = leg();
    const playing = made.play(SOUND, { early: true });
    await turn();
    made.media.endpoint.emit('destroy', { reason: 'NORMAL_CLEARING' });
    await assert.rejects(playing, (reason) => reason === made.call.signal.reason);
    assert.deepEqual(made.response.statuses, [183, 503]);
    assert.equal(made.call.facts().status, 'failed');
  });
});

describe('drachtio-server going away', () => {
  it('ends the call, answered or not', async () => {
    for (const made of [leg(), await answered()]) {
      made.call.lost();
      assert.deepEqual(reasonOf(made), { side: 'media', cause: 'NETWORK_OUT_OF_ORDER' });
      assert.deepEqual(
        made.response.statuses.filter((status) => status > 200),
        [],
      );
      await assertFreed(made);
    }
  });

  it('while the 200 goes out: nobody waits for a word that will not come', async () => {
    const made = leg();
    made.signalling.accept = () => new Promise(() => {});
    const answering = made.call.answer();
    await turn();
    const hungUp = made.call.hangup();
    made.call.lost();
    await assert.rejects(answering, (reason) => reason === made.call.signal.reason);
    await hungUp;
    await assertFreed(made);
  });

  it('with the BYE unanswered for ever: the endpoint is freed all the same', async () => {
    const made = await answered();
    made.signalling.dialog.byeResult = undefined;
    made.call.lost();
    await made.call.release();
    assert.equal(made.media.endpoint.destroyed, 1);
  });
});

describe('early media', () => {
  it('is 183 with our session description, once, and no answer', async () => {
    const made = leg();
    made.media.endpoint.responses.set('playback', 'FILE PLAYED');
    assert.deepEqual(await made.play(SOUND, { early: true }), { kind: 'finished' });
    await made.play(SOUND, { early: true });
    assert.deepEqual(made.response.statuses, [183]);
    assert.equal(made.response.last?.body, made.media.endpoint.local.sdp);
    assert.equal(made.response.last?.headers?.['Content-Type'], 'application/sdp');
    made.call.ring();
    assert.deepEqual(made.response.statuses, [183]);
  });

  it('is followed by an answer from the same endpoint', async () => {
    const made = leg();
    made.media.endpoint.responses.set('playback', 'FILE PLAYED');
    await made.play(SOUND, { early: true });
    await made.play(SOUND);
    assert.deepEqual(made.response.statuses, [183, 200]);
    assert.equal(made.media.offers.length, 1);
  });

  it('on an answered call is just sound', async () => {
    const made = await answered();
    made.media.endpoint.responses.set('playback', 'FILE PLAYED');
    await made.play(SOUND, { early: true });
    assert.deepEqual(made.response.statuses, [200]);
  });
});

describe('playing', () => {
  it('answers first and lasts until FreeSWITCH has played it', async () => {
    const made = leg();
    const playing = made.play();
    await turn();
    assert.deepEqual(made.response.statuses, [200]);
    assert.equal(made.media.endpoint.playing?.arg, 'greeting');
    made.media.endpoint.playing?.done();
    assert.deepEqual(await playing, { kind: 'finished' });
    const span = made.spans().find(({ name }) => name === 'media.play');
    assert.equal(span?.attributes['pivot.media.sound'], 'greeting');
    assert.equal(span?.attributes['pivot.media.outcome'], 'finished');
  });

  it('stops at a key of `stopOn`, which stays in the queue; other keys do not stop it', async () => {
    const made = await answered();
    const playing = made.play(SOUND, { stopOn: '#' });
    await turn();
    made.media.endpoint.emit('dtmf', { dtmf: '5' });
    assert.deepEqual(made.media.endpoint.apis, []);
    made.media.endpoint.emit('dtmf', { dtmf: '#' });
    assert.deepEqual(made.media.endpoint.apis, ['uuid_break endpoint-1']);
    made.media.endpoint.playing?.done();
    assert.deepEqual(await playing, { kind: 'digit', digit: '#' });
    assert.equal(made.call.digits.pending, '5#');
  });

  it('stops when it is told to, also while the sound is still being fetched', async () => {
    for (const id of ['greeting', 'never']) {
      const made = await answered();
      const stop = new AbortController();
      const playing = made.play({ kind: 'media', id }, { signal: stop.signal });
      await turn();
      stop.abort();
      made.media.endpoint.playing?.done();
      assert.deepEqual(await playing, { kind: 'stopped' });
      assert.equal(made.call.signal.aborted, false);
    }
  });

  it('of what cannot be had or played is a warning; the call goes on', async () => {
    const cases: readonly [id: string, code: string][] = [
      ['gone', mediaCodes.unknownMedia.code],
      ['broken', mediaCodes.notFetched.code],
      ['unplayable', mediaCodes.notPlayable.code],
    ];
    for (const [id, code] of cases) {
      const made = await answered();
      made.media.endpoint.responses.set('playback', 'FILE NOT FOUND');
      const outcome = await made.play({ kind: 'media', id });
      assert.ok(outcome.kind === 'failed' && outcome.fault.code === code, id);
      assert.equal(made.call.signal.aborted, false);
      assert.ok(made.codes().includes(code));
    }
  });

  it('passes on the warnings of the sound library', async () => {
    const made = await answered();
    made.media.endpoint.responses.set('playback', 'FILE PLAYED');
    await made.play({ kind: 'media', id: 'stale' });
    assert.deepEqual(made.codes(), [mediaCodes.stale.code]);
  });
});

describe('in the dialog', () => {
  it('a re-INVITE is answered with what FreeSWITCH makes of it', async () => {
    const made = await answered();
    const response = made.signalling.dialog.request('modify', { body: 'v=0 hold' });
    await turn();
    assert.deepEqual(made.media.endpoint.modified, ['v=0 hold']);
    assert.equal(response.last?.status, 200);
    assert.equal(response.last?.body, made.media.endpoint.local.sdp);
    assert.equal(made.signalling.dialog.local.sdp, made.media.endpoint.local.sdp);
  });

  it('a re-INVITE that FreeSWITCH refuses is answered 488, and the call goes on', async () => {
    const made = await answered();
    made.media.endpoint.onModify = () => Promise.reject(new Error('488'));
    const response = made.signalling.dialog.request('modify', { body: 'v=0 video' });
    await turn();
    assert.deepEqual(response.statuses, [488]);
    assert.equal(made.call.signal.aborted, false);
  });

  it('a re-INVITE whose answer nobody can carry any more is a warning', async () => {
    for (const outcome of [() => Promise.resolve(''), () => Promise.reject(new Error('488'))]) {
      const made = await answered();
      made.media.endpoint.onModify = outcome;
      const response = made.signalling.dialog.request('modify', { body: 'v=0 hold' });
      response.failure = new Error('socket is closed');
      await turn();
      assert.deepEqual(made.codes(), [routingCodes.signallingLost.code]);
    }
  });

  it('a re-INVITE without an offer gets ours, and its ACK brings the answer', async () => {
    const made = await answered();
    const response = made.signalling.dialog.request('modify', { body: '' });
    assert.equal(response.last?.status, 200);
    assert.match(response.last?.body ?? '', /m=audio/);
    assert.deepEqual(made.media.endpoint.modified, []);
    made.signalling.dialog.emit('ack', { body: 'v=0 answer' });
    assert.deepEqual(made.media.endpoint.modified, ['v=0 answer']);
  });

  it('an answer in the ACK that FreeSWITCH refuses is a warning', async () => {
    const made = await answered({ body: '' });
    made.media.endpoint.onModify = () => Promise.reject(new Error('488'));
    made.signalling.dialog.emit('ack', { body: 'v=0' });
    await turn();
    assert.deepEqual(made.codes(), [routingCodes.noCommonCodec.code]);
  });

  it('digits come by INFO too; every INFO is answered 200', async () => {
    const made = await answered();
    const info = { method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' } };
    assert.deepEqual(made.signalling.dialog.request('info', { ...info, body: 'Signal=5\r\n' }).statuses, [200]);
    assert.deepEqual(made.signalling.dialog.request('info', { method: 'INFO', body: '' }).statuses, [200]);
    assert.equal(made.call.digits.pending, '5');
  });

  it('a REFER is declined', async () => {
    const made = await answered();
    assert.deepEqual(made.signalling.dialog.request('refer', { method: 'REFER', body: '' }).statuses, [603]);
    assert.equal(made.call.signal.aborted, false);
  });
});

describe('sending digits', () => {
  it('answers, sends, and lasts as long as the digits and their pauses', async () => {
    const made = leg();
    made.media.endpoint.responses.set('send_dtmf', '');
    const ms = await inVirtualTime(async () => {
      await made.call.sendDigits('1w2W', 200);
      return Date.now();
    });
    assert.deepEqual(
      made.media.endpoint.executions.map(({ app, arg }) => `${app} ${arg}`),
      ['send_dtmf 1w2W@200'],
    );
    assert.ok(ms >= 2000 && ms <= 2100, String(ms));
  });

  it('that FreeSWITCH refuses is a warning', async () => {
    const made = await answered();
    const sending = made.call.sendDigits('1');
    await turn();
    made.media.endpoint.executions[0]?.fail(new Error('-ERR'));
    await sending;
    assert.deepEqual(made.codes(), [engineCodes.digitsNotSent.code]);
  });
});

describe('what is known of a call', () => {
  it('comes from its INVITE, its route and what actions remembered', async () => {
    const { call } = leg({ headers: { 'X-Tenant': 'acme', Diversion: '<sip:99@example.com>' } });
    call.memory.collections.set('default', '12');
    call.memory.customApplicationVars.set('tier', 'gold');
    call.memory.variables.set('a', 'b');
    const facts = call.facts();
    assert.equal(facts.callId, 'call-1@phone.example');
    assert.equal(facts.status, 'ringing');
    assert.equal(facts.callerIdNumber, '+15550100');
    assert.equal(facts.forwardedFrom, '99');
    assert.deepEqual(facts.customSipHeaders, { 'X-Tenant': 'acme' });
    assert.deepEqual(facts.collections, { default: '12' });
    assert.deepEqual(facts.customApplicationVars, { tier: 'gold' });
    assert.deepEqual(facts.variables, { a: 'b' });
  });
});
