/** <Play digits>, <Refer> and <Gather>'s extras over real SIP and RTP. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot } from './harness.ts';
import { offer, openRawSip, type RawSip, request } from './raw-sip.ts';
import { startWeb, twiml, type Web } from './web.ts';

describe('TwiML beyond the first verbs', { timeout: 60_000 }, () => {
  let web: Web;
  let phones: Phones;
  let pivot: Pivot;

  before(async () => {
    web = await startWeb();
    web.on('/digits', twiml('<Play digits="1w2#"/><Pause length="1"/>'));
    web.on('/refer', twiml('<Refer action="/referred"><Sip>sip:agent@127.0.0.1:5999</Sip></Refer>'));
    web.on('/referred', twiml('<Hangup/>'));
    web.on('/silent', twiml('<Gather timeout="1" actionOnEmptyResult="true" action="/nothing"/>'));
    web.on('/nothing', twiml('<Hangup/>'));
    web.on('/keys', twiml('<Gather timeout="5" finishOnKey="*#" action="/finished"/>'));
    web.on('/finished', twiml('<Pause length="1"/><Hangup/>'));
    web.on('/pause', twiml('<Pause length="1"/><Reject reason="busy"/>'));
    web.on('/hangup', twiml('<Hangup/>'));
    const paths = ['digits', 'refer', 'silent', 'keys', 'pause', 'hangup'];
    const manifests = Object.fromEntries(
      paths.map((path, index) => [`${path}.yaml`, pivotManifest(path, [String(index + 1)], `${web.url}/${path}`)]),
    );
    phones = await createPhones();
    pivot = await startPivot({ manifests });
  });
  after(async () => {
    await phones?.close();
    await pivot?.stop();
    await pivot?.dispose();
    await web?.close();
  });

  test('<Play digits> reaches the caller as telephone events, with its pauses', async () => {
    const { phone } = await pivot.call(phones, '1');
    const heard: { digit: string; at: number }[] = [];
    phone.events.on('digit', ({ digit }) => heard.push({ digit, at: performance.now() }));
    await phone.ended;
    assert.deepEqual(
      heard.map(({ digit }) => digit),
      ['1', '2', '#'],
    );
    assert.ok(heard[1]!.at - heard[0]!.at >= 500, 'w waits half a second');
  });

  test('<Refer> tells the caller’s telephone whom to call; its NOTIFY is the result for action', async () => {
    const sip = await openRawSip(pivot, 'udp');
    const callId = 'refer-1';
    sip.send(request('INVITE', sip, pivot, { callId, user: '2', body: offer('127.0.0.1', 39_998) }));
    const toTag = /^To:.*;tag=([^\s;]+)/im.exec(await sip.response(callId, 200))?.[1] ?? '';
    const inDialog = { callId, user: '2', toTag };
    sip.send(request('ACK', sip, pivot, { ...inDialog, branch: 'refer-ack' }));
    const refer = await got(sip, 'REFER');
    assert.match(refer, /^Refer-To: <sip:agent@127\.0\.0\.1:5999>\r$/im);
    sip.send(reply(refer, 202, 'Accepted'));
    const notify = (cseq: number, fragment: string): string =>
      request('NOTIFY', sip, pivot, {
        ...inDialog,
        cseq,
        branch: `refer-notify-${cseq}`,
        headers: [
          'Event: refer',
          `Subscription-State: ${cseq === 2 ? 'active;expires=60' : 'terminated;reason=noresource'}`,
        ],
        body: fragment,
      }).replace('application/sdp', 'message/sipfrag;version=2.0');
    sip.send(notify(2, 'SIP/2.0 180 Ringing\r\n'));
    sip.send(notify(3, 'SIP/2.0 200 OK\r\n'));
    const { parameters, body } = await web.request('/referred');
    const told = new URLSearchParams(body || parameters.toString());
    assert.deepEqual(
      ['ReferCallStatus', 'ReferSipResponseCode', 'NotifySipResponseCode'].map((name) => told.get(name)),
      ['completed', '202', '200'],
    );
    sip.send(reply(await got(sip, 'BYE'), 200, 'OK'));
    sip.close();
  });

  test('<Gather actionOnEmptyResult> asks its action without Digits; of several finish keys each ends the input', async () => {
    const { phone: silent } = await pivot.call(phones, '3');
    const empty = new URLSearchParams((await web.request('/nothing')).body);
    assert.equal(empty.has('Digits'), false);
    await silent.ended;

    for (const key of ['#', '*']) {
      const { phone, trace } = await pivot.call(phones, '4');
      await Promise.all([phone.answered, trace.started('verb Gather')]);
      await phone.press(`12${key}`);
      const { body } = await web.request('/finished');
      const typed = new URLSearchParams(body);
      assert.deepEqual([typed.get('Digits'), typed.get('FinishedOnKey')], ['12', key]);
      await phone.ended;
    }
  });

  test('as first verbs <Pause> and <Reject> do not answer, and neither does <Hangup>', async () => {
    for (const [number, status] of [
      ['5', 486],
      ['6', 480],
    ] as const) {
      const begun = performance.now();
      const { phone } = await pivot.call(phones, number);
      await assert.rejects(phone.answered);
      const end = await phone.ended;
      assert.equal(end.status, status);
      if (number === '5') assert.ok(performance.now() - begun >= 1000, 'the pause comes first');
    }
  });
});

/** The first request of a method that came, now or later. */
async function got(sip: RawSip, method: string): Promise<string> {
  for (;;) {
    const found = sip.received.find((text) => text.startsWith(`${method} `));
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A response to a request, with the headers that it takes from it. */
function reply(asked: string, status: number, phrase: string): string {
  const kept = asked.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/i.test(line));
  return [`SIP/2.0 ${status} ${phrase}`, ...kept, 'Content-Length: 0', '', ''].join('\r\n');
}
