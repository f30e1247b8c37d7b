/** What callers are told where they reach the softswitch by another address than the one it listens on. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callflowManifest, type Pivot, startPivot } from './harness.ts';
import { openRawSip, type RawSip } from './raw-sip.ts';

const FLOW = { flow: { module: 'tts', data: { text: 'Hello' } } };

function invite(raw: RawSip, callId: string): string {
  const sdp = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 40000 RTP/AVP 0 101',
    'a=rtpmap:101 telephone-event/8000',
    '',
  ].join('\r\n');
  return [
    'INVITE sip:1@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP ${raw.host}:${raw.port};branch=z9hG4bK${callId};rport`,
    `From: <sip:9@127.0.0.1>;tag=${callId}`,
    'To: <sip:1@127.0.0.1>',
    `Call-ID: ${callId}`,
    'CSeq: 1 INVITE',
    `Contact: <sip:9@${raw.host}:${raw.port}>`,
    'Max-Forwards: 70',
    'Content-Type: application/sdp',
    `Content-Length: ${sdp.length}`,
    '',
    sdp,
  ].join('\r\n');
}

const CASES: Readonly<Record<string, { readonly options: readonly string[]; readonly told: string }>> = {
  'behind NAT it is the outside address': {
    options: ['--external-address', '198.51.100.7'],
    told: '198.51.100.7',
  },
  'bound to every address it is the one in the network of the caller': {
    options: ['--sip', '0.0.0.0:0', '--rtp', '0.0.0.0:36000-36099'],
    told: '127.0.0.1',
  },
};

for (const [name, { options, told }] of Object.entries(CASES)) {
  describe(name, () => {
    let pivot: Pivot;
    let raw: RawSip;
    before(async () => {
      pivot = await startPivot({ manifests: { 'f.yaml': callflowManifest('f', ['1'], FLOW) }, options });
      raw = await openRawSip({ host: '127.0.0.1', port: pivot.port }, 'udp');
    });
    after(async () => {
      raw?.close();
      try {
        await pivot?.stop();
      } finally {
        await pivot?.dispose();
      }
    });

    test('in Contact and in SDP', async () => {
      const answer = await raw.ask(invite(raw, 'external1'), 'external1');
      assert.match(answer, /^SIP\/2\.0 200 /);
      assert.match(answer, new RegExp(`^Contact: <sip:[^>]*@?${told.replaceAll('.', '\\.')}:${pivot.port}`, 'm'));
      assert.match(answer, new RegExp(`^c=IN IP4 ${told.replaceAll('.', '\\.')}\r?$`, 'm'));
    });
  });
}
