import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onlyAudio } from './sdp.ts';

const SESSION = ['v=0', 'o=FreeSWITCH 1 2 IN IP4 127.0.0.1', 's=FreeSWITCH', 'c=IN IP4 127.0.0.1', 't=0 0'];
const SECURE = [
  'm=audio 20002 RTP/SAVP 0 8 101',
  'a=rtpmap:0 PCMU/8000',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x',
];
const PLAIN = ['m=audio 20000 RTP/AVP 0 8 101', 'a=rtpmap:0 PCMU/8000'];
const VIDEO = ['m=video 20004 RTP/AVP 96'];

const sdp = (...parts: string[][]): string => `${parts.flat().join('\r\n')}\r\n`;

describe("FreeSWITCH's own offer to a caller", () => {
  it('keeps the plain audio stream alone', () => {
    assert.equal(onlyAudio(sdp(SESSION, SECURE, PLAIN, VIDEO)), sdp(SESSION, PLAIN));
  });

  it('stays as it is when it has one stream', () => {
    assert.equal(onlyAudio(sdp(SESSION, PLAIN)), sdp(SESSION, PLAIN));
  });

  it('keeps its first stream when none is plain audio', () => {
    assert.equal(onlyAudio(sdp(SESSION, SECURE)), sdp(SESSION, SECURE));
  });
});
