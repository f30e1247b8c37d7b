import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock, test } from 'node:test';
import { referCodes } from '../../crds/errors/refer.ts';
import type { SipDialog } from '../sip/srf.ts';
import { refer } from './refer.ts';
import { FakeResponse, fakeRequest } from './testing/fake-sip.ts';

/** A far end that answers REFER as it is told, and tells of the other call. */
class FarEnd extends EventEmitter {
  readonly asked: unknown[] = [];
  answer: () => Promise<{ status: number }> = async () => ({ status: 202 });

  request(options: unknown): Promise<{ status: number }> {
    this.asked.push(options);
    return this.answer();
  }

  notify(body: string, event = 'refer'): number | undefined {
    const response = new FakeResponse();
    this.emit('notify', fakeRequest({ method: 'NOTIFY', body, headers: { Event: event } }), response);
    return response.last?.status;
  }

  get dialog(): SipDialog {
    return this as unknown as SipDialog;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the result is what the last NOTIFY says; all are answered, and nobody listens any more afterwards', async () => {
  const far = new FarEnd();
  const referred = refer(far.dialog, 'sip:a@b.example', 1000, new AbortController().signal);
  await turn();
  assert.deepEqual(far.asked, [{ method: 'REFER', headers: { 'Refer-To': '<sip:a@b.example>' } }]);
  assert.equal(far.notify('SIP/2.0 100 Trying'), 200);
  assert.equal(far.notify('SIP/2.0 200 OK', 'message-summary'), 200);
  assert.equal(far.notify('not a status line'), 200);
  assert.equal(far.notify('SIP/2.0 200 OK\r\nServer: x\r\n', 'refer;id=93809824'), 200);
  assert.deepEqual(await referred, { status: 'completed', referStatus: 202, notifyStatus: 200 });
  assert.equal(far.listenerCount('notify'), 0);
});

test('a NOTIFY that overtakes the response to the REFER waits for it', async () => {
  const far = new FarEnd();
  const response = Promise.withResolvers<{ status: number }>();
  far.answer = () => response.promise;
  const referred = refer(far.dialog, 'sip:a@b.example', 1000, new AbortController().signal);
  far.notify('SIP/2.0 200 OK');
  await turn();
  response.resolve({ status: 202 });
  assert.deepEqual(await referred, { status: 'completed', referStatus: 202, notifyStatus: 200 });
});

test('the other call was refused', async () => {
  const far = new FarEnd();
  const referred = refer(far.dialog, 'sip:a@b.example', 1000, new AbortController().signal);
  await turn();
  far.notify('SIP/2.0 486 Busy Here');
  assert.deepEqual(await referred, { status: 'failed', referStatus: 202, notifyStatus: 486 });
});

test('the REFER itself is refused, or cannot be sent', async () => {
  const far = new FarEnd();
  far.answer = async () => ({ status: 405 });
  const refused = await refer(far.dialog, 'sip:a@b.example', 1000, new AbortController().signal);
  assert.deepEqual(
    [refused.status, refused.referStatus, refused.fault?.code],
    ['failed', 405, referCodes.refused.code],
  );
  far.answer = () => Promise.reject(new Error('the socket is gone'));
  const unsent = await refer(far.dialog, 'sip:a@b.example', 1000, new AbortController().signal);
  assert.deepEqual([unsent.status, unsent.fault?.code], ['failed', referCodes.notSent.code]);
  assert.match(unsent.fault!.message, /the socket is gone/);
});

test('a far end that says nothing, and one that hangs up, end the wait', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const far = new FarEnd();
    const waiting = refer(far.dialog, 'sip:a@b.example', 60_000, new AbortController().signal);
    await turn();
    far.notify('SIP/2.0 180 Ringing');
    mock.timers.tick(60_000);
    const unheard = await waiting;
    assert.deepEqual([unheard.status, unheard.notifyStatus], ['no-answer', 180]);
    assert.equal(unheard.fault?.code, referCodes.unheard.code);
  } finally {
    mock.timers.reset();
  }
  const hungUp = new AbortController();
  const cut = refer(new FarEnd().dialog, 'sip:a@b.example', 1000, hungUp.signal);
  await turn();
  hungUp.abort();
  assert.deepEqual(await cut, { status: 'canceled', referStatus: 202 });
});
