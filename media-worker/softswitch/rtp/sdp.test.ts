import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerOffer, type LocalMedia, makeOffer, readAnswer } from './sdp.ts';

const local: LocalMedia = { address: '127.0.0.1', port: 20000, name: 'FreeSWITCH', sessionId: 7 };

function sdp(...lines: string[]): string {
  return `${['v=0', 'o=- 1 1 IN IP4 10.0.0.1', 's=-', 'c=IN IP4 10.0.0.1', 't=0 0', ...lines].join('\r\n')}\r\n`;
}

function answered(offer: string, ours = local) {
  const answer = answerOffer(offer, ours);
  assert.ok(!('code' in answer), JSON.stringify(answer));
  return answer;
}

function refused(offer: string): string {
  const answer = answerOffer(offer, local);
  assert.ok('code' in answer);
  return answer.code;
}

test('our offer', () => {
  assert.equal(
    makeOffer(local),
    [
      'v=0',
      'o=FreeSWITCH 7 7 IN IP4 127.0.0.1',
      's=FreeSWITCH',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 20000 RTP/AVP 0 8 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ].join('\r\n'),
  );
});

test('an offer of ours is answered, and the answer read, on either side', () => {
  const { sdp: answer, remote } = answered(makeOffer({ ...local, port: 30000 }), { ...local, codecs: ['PCMA'] });
  assert.deepEqual(remote, {
    address: '127.0.0.1',
    port: 30000,
    codec: 'PCMA',
    payloadType: 8,
    eventPayloadType: 101,
    direction: 'sendrecv',
  });
  assert.deepEqual(readAnswer(answer), { ...remote, port: 20000 });
});

test('the offer’s order and its payload types count', () => {
  const offer = sdp(
    'm=audio 4000 RTP/AVP 102 111 96 0 97',
    'a=rtpmap:102 opus/48000/2',
    'a=rtpmap:111 telephone-event/48000',
    'a=rtpmap:96 PCMA/8000',
    'a=rtpmap:97 telephone-event/8000',
  );
  const { sdp: answer, remote } = answered(offer);
  assert.deepEqual([remote.codec, remote.payloadType, remote.eventPayloadType], ['PCMA', 96, 97]);
  assert.match(
    answer,
    /m=audio 20000 RTP\/AVP 96 97\r\na=rtpmap:96 PCMA\/8000\r\na=rtpmap:97 telephone-event\/8000\r\n/,
  );
});

test('static payload types need no rtpmap, and digits only come with telephone-event', () => {
  const { remote } = answered(sdp('m=audio 4000 RTP/AVP 8 0'));
  assert.deepEqual(remote, { address: '10.0.0.1', port: 4000, codec: 'PCMA', payloadType: 8, direction: 'sendrecv' });
});

test('of several streams the first that fits is taken, the others keep their places with port 0', () => {
  const offer = sdp(
    'm=audio 4000 RTP/SAVP 0',
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xyz',
    'm=video 4002 RTP/AVP 99',
    'a=rtpmap:99 H264/90000',
    'm=audio 4004 RTP/AVP 0',
    'c=IN IP4 10.0.0.9',
    'm=audio 4006 RTP/AVP 0',
  );
  const { sdp: answer, remote } = answered(offer);
  assert.deepEqual([remote.address, remote.port], ['10.0.0.9', 4004]);
  assert.deepEqual(
    answer.match(/^m=.*$/gm)?.map((line) => line.trim()),
    ['m=audio 0 RTP/SAVP 0', 'm=video 0 RTP/AVP 99', 'm=audio 20000 RTP/AVP 0', 'm=audio 0 RTP/AVP 0'],
  );
});

for (const [theirs, ours] of [
  ['sendrecv', 'sendrecv'],
  ['sendonly', 'recvonly'],
  ['recvonly', 'sendonly'],
  ['inactive', 'inactive'],
]) {
  test(`${theirs} is answered ${ours}, whether said by stream or session`, () => {
    for (const offer of [sdp('m=audio 4000 RTP/AVP 0', `a=${theirs}`), sdp(`a=${theirs}`, 'm=audio 4000 RTP/AVP 0')]) {
      const { sdp: answer, remote } = answered(offer);
      assert.equal(remote.direction, theirs);
      assert.ok(answer.includes(`a=${ours}\r\n`));
    }
  });
}

test('hold in the way of RFC 2543, by the address 0.0.0.0', () => {
  const { sdp: answer, remote } = answered(
    sdp('m=audio 4000 RTP/AVP 0').replace('c=IN IP4 10.0.0.1', 'c=IN IP4 0.0.0.0'),
  );
  assert.equal(remote.direction, 'sendonly');
  assert.ok(answer.includes('a=recvonly'));
});

test('IPv6', () => {
  const { remote } = answered(sdp('m=audio 4000 RTP/AVP 0').replaceAll('IN IP4 10.0.0.1', 'IN IP6 2001:db8::1'));
  assert.equal(remote.address, '2001:db8::1');
});

test('what cannot be used is a fault for 488', () => {
  assert.equal(refused(sdp('m=audio 4000 RTP/AVP 18', 'a=rtpmap:18 G729/8000')), 'PV-1735');
  assert.equal(refused(sdp('m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 PCMU/16000')), 'PV-1735');
  assert.equal(refused(sdp('m=audio 4000 RTP/SAVP 0')), 'PV-1735');
  assert.equal(refused(sdp('m=video 4000 RTP/AVP 99')), 'PV-1734');
  assert.equal(refused(sdp('m=audio 0 RTP/AVP 0')), 'PV-1734');
  assert.equal(refused(sdp('m=audio 99999 RTP/AVP 0')), 'PV-1734');
  assert.equal(refused(sdp('m=audio 4000 RTP/AVP 0').replaceAll('10.0.0.1', 'phone.example')), 'PV-1734');
  assert.equal(refused(''), 'PV-1734');
  assert.equal(refused('hello'), 'PV-1734');
});

test('garbage gives an answer or a fault, never a throw', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'v=0',
      'c=IN IP4 10.0.0.1',
      'm=audio 4000 RTP/AVP 0',
      'm=audio',
      'm=',
      'a=rtpmap:',
      'a=rtpmap:0',
      'c=',
    ),
    fc.tuple(fc.constantFrom('m', 'a', 'c', 'o', 't'), fc.string()).map(([key, value]) => `${key}=${value}`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = `v=0\r\n${lines.join('\r\n')}`;
      for (const result of [answerOffer(text, local), readAnswer(text)]) assert.ok(typeof result === 'object');
    }),
    { numRuns: 500 },
  );
});
