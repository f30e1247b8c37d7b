import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAddress, parseCSeq, parseUri, parseVia, splitOutside, withTag } from './address.ts';
import { answerChallenge, parseChallenge } from './digest.ts';
import { readEnvelope } from './envelope.ts';
import { first, type Message } from './message.ts';
import { MAX_MESSAGE_BYTES, parseMessage } from './parse.ts';
import { serialize } from './serialize.ts';
import { createFramer } from './tcp-framing.ts';

const crlf = (text: string): string => text.replaceAll('\n', '\r\n');

function parsed(text: string): Message {
  const result = parseMessage(Buffer.from(crlf(text)));
  assert(result.ok, result.ok ? '' : result.fault.message);
  return result.message;
}

/** What a receiver does with a message: 'ok', 'dropped', or the status it answers. */
function verdict(text: string | Buffer): 'ok' | 'dropped' | number {
  const result = parseMessage(typeof text === 'string' ? Buffer.from(crlf(text)) : text);
  if (!result.ok) return result.partial?.kind === 'request' ? result.status : 'dropped';
  const read = readEnvelope(result.message);
  if (read.ok) return 'ok';
  return result.message.kind === 'request' ? read.status : 'dropped';
}

const head = `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx
From: <sip:a@example.com>;tag=1
To: <sip:b@example.com>
Call-ID: c@example.com
Contact: <sip:a@192.0.2.1>
Max-Forwards: 70
`;
const invite = `INVITE sip:b@example.com SIP/2.0\n${head}CSeq: 1 INVITE\n`;

describe('valid messages of RFC 4475', () => {
  test('3.1.1.1 a short tortuous INVITE', () => {
    const message = parsed(
      `INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC

`.replace('150', '152'),
    );
    const read = readEnvelope(message);
    assert(read.ok);
    assert.deepEqual(
      { ...read.envelope, via: undefined },
      {
        callId: 'wsinv.ndaksdj@192.0.2.1',
        seq: 9,
        seqMethod: 'INVITE',
        fromTag: '98asjd8',
        toTag: '1918181833n',
        via: undefined,
      },
    );
    assert.equal(first(message, 'newfangledheader'), 'newfangled value continued newfangled value');
    assert.equal(message.headers.get('via')?.length, 2);
    assert.equal(parseAddress(first(message, 'contact')!)?.params.get('newparam'), 'newvalue');
  });

  test('3.1.1.2 a method of every token character', () => {
    const method = "!interesting-Method0123456789_*+`.%indeed'~";
    assert.equal(parsed(`${method} sip:1@h SIP/2.0\n${head}CSeq: 1 ${method}\n\n`).method, method);
  });

  test('3.1.1.6 a display name without space before <, 3.1.1.7 a long header', () => {
    assert.equal(parseAddress('caller<sip:caller@example.com>;tag=323')?.display, 'caller');
    const long = 'x'.repeat(20_000);
    assert.equal(verdict(`${invite}Subject: ${long}\n\n`), 'ok');
  });

  test('3.1.1.8 what follows the body in a datagram is ignored', () => {
    assert.equal(parsed(`${invite}Content-Length: 3\n\nabcINVITE sip:x SIP/2.0\n`).body, 'abc');
  });

  test('3.1.1.9 a semicolon in the user part', () => {
    assert.deepEqual(parseUri('sip:user;par=u%40example.net@example.com')?.user, 'user;par=u%40example.net');
  });

  test('3.1.1.13 an empty reason phrase', () => {
    const message = parsed(`SIP/2.0 100 \n${head}CSeq: 1 INVITE\n\n`);
    assert.equal(message.status, 100);
    assert.equal(message.reason, '');
  });

  test('compact forms and several values on a line', () => {
    const message = parsed(`OPTIONS sip:h SIP/2.0
v: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b:5061;branch=z9hG4bK2
f: sip:a@b;tag=9
t: sip:c@d
i: 1
CSeq: 2 OPTIONS
l: 0

`);
    const read = readEnvelope(message);
    assert(read.ok);
    assert.equal(read.envelope.via.host, 'a');
    assert.equal(read.envelope.fromTag, '9');
  });
});

describe('messages that are refused', () => {
  const cases: [string, string, 'ok' | 'dropped' | number][] = [
    ['3.1.2.1 white space around the Request-URI', invite.replace(' sip:b', '  sip:b'), 400],
    ['3.1.2.2 Content-Length larger than the message', `${invite}Content-Length: 9999\n\nabc`, 400],
    ['3.1.2.3 negative Content-Length', `${invite}Content-Length: -999\n\n`, 400],
    ['3.1.2.4 CSeq too large', `${invite.replace('CSeq: 1 ', 'CSeq: 36893488147419103232 ')}\n`, 400],
    ['3.1.2.6 a quote that is never closed', `${invite.replace('To: <', 'To: "Mr. J. User <')}\n`, 400],
    ['3.1.2.7 Request-URI in brackets', `${invite.replace('sip:b@example.com SIP', '<sip:b@example.com> SIP')}\n`, 400],
    [
      '3.1.2.8 white space within the Request-URI',
      `${invite.replace('sip:b@example.com SIP', 'sip:b@example.com; lr SIP')}\n`,
      400,
    ],
    ['3.1.2.16 unknown version', `${invite.replace('SIP/2.0', 'SIP/7.0')}\n`, 505],
    ['3.1.2.17 method of CSeq differs', `${invite.replace('1 INVITE', '1 OPTIONS')}\n`, 400],
    ['3.1.2.19 status code too large', `SIP/2.0 4294967301 better not\n${head}CSeq: 1 INVITE\n\n`, 'dropped'],
    [
      '3.3.1 no transaction identifier',
      `${invite.replace('Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx', 'X: y')}\n`,
      400,
    ],
    ['3.3.2 no Call-ID', `${invite.replace('Call-ID: c@example.com\n', '')}\n`, 400],
    ['no From', `${invite.replace('From: <sip:a@example.com>;tag=1\n', '')}\n`, 400],
    ['no To', `${invite.replace('To: <sip:b@example.com>\n', '')}\n`, 400],
    ['no CSeq', `INVITE sip:b@example.com SIP/2.0\n${head}\n`, 400],
    ['3.3.8 two From', `${invite}From: <sip:z@example.com>;tag=2\n\n`, 400],
    ['3.3.9 two Content-Length that differ', `${invite}Content-Length: 1\nContent-Length: 2\n\nab`, 400],
    ['3.3.3 unknown scheme', `${invite.replace('sip:b@example.com SIP', 'nobodyKnows:opaque SIP')}\n`, 416],
    ['an INVITE without Contact', `${invite.replace('Contact: <sip:a@192.0.2.1>\n', '')}\n`, 400],
    ['a line that is no header', `${invite}gibberish\n\n`, 400],
    ['HTTP', 'GET / HTTP/1.1\nHost: x\n\n', 'dropped'],
    ['nothing', '', 'dropped'],
    ['line ends', '\n\n', 'dropped'],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.equal(verdict(text), expected));

  const codes: readonly (readonly [code: string, text: string])[] = [
    ['PV-1700', 'GET / HTTP/1.1\nHost: x\n\n'],
    ['PV-1701', `INVITE sip:b@example.com SIP/2.0\n no header before it\n${head}CSeq: 1 INVITE\n\n`],
    ['PV-1702', `${invite}Subject: ${'x'.repeat(MAX_MESSAGE_BYTES)}\n\n`],
    ['PV-1703', `${invite}Content-Length: 100\n\nshort`],
  ];
  for (const [code, text] of codes) {
    test(`${code} says what is wrong`, () => {
      const result = parseMessage(Buffer.from(crlf(text)));
      assert.equal(result.ok ? 'ok' : result.fault.code, code);
    });
  }

  test('too large, too many lines', () => {
    assert.equal(verdict(Buffer.alloc(MAX_MESSAGE_BYTES + 1, 65)), 'dropped');
    assert.equal(verdict(`${invite}${'X: y\n'.repeat(300)}\n`), 400);
  });
});

describe('serializing', () => {
  test('values cannot start another header, and Content-Length is the true one', () => {
    const message = parsed(`${invite}Content-Length: 0\n\n`);
    const text = serialize({ ...message, body: 'ü', lines: [...message.lines, { name: 'X', value: 'a\r\nEvil: 1' }] });
    assert.doesNotMatch(text, /\nEvil/);
    assert.match(text, /Content-Length: 2\r\n/);
  });

  test('withTag sets and replaces', () => {
    assert.equal(withTag('<sip:a@b>', 't'), '<sip:a@b>;tag=t');
    assert.equal(withTag('sip:a@b', 't'), '<sip:a@b>;tag=t');
    assert.equal(withTag('"A" <sip:a@b>;tag=old;x=y', 't'), '"A" <sip:a@b>;tag=t;x=y');
  });
});

describe('fuzz: nothing throws, and what is accepted survives a round trip', () => {
  const base = crlf(`${invite}Content-Type: application/sdp\nContent-Length: 5\n\nv=0\n`);
  const mutated = fc
    .array(fc.tuple(fc.nat(base.length), fc.nat(6), fc.string({ maxLength: 8 })), { maxLength: 6 })
    .map((edits) => {
      let text = base;
      for (const [at, cut, insert] of edits) text = text.slice(0, at) + insert + text.slice(at + cut);
      return text;
    });

  test('arbitrary bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void verdict(Buffer.from(bytes))));
  });

  test('mutated messages', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const result = parseMessage(Buffer.from(text));
        if (!result.ok) return;
        readEnvelope(result.message);
        const again = parseMessage(Buffer.from(serialize(result.message)));
        assert(again.ok);
        const { lines: _lines, headers: before, ...rest } = result.message;
        const { lines: _again, headers: afterwards, ...restAgain } = again.message;
        assert.deepEqual(restAgain, rest);
        for (const [name, values] of before) {
          if (name !== 'content-length') assert.deepEqual(afterwards.get(name), values);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('parts of headers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        parseAddress(text);
        parseUri(text);
        parseVia(text);
        parseCSeq(text);
        splitOutside(text, ',');
        parseChallenge(`Digest ${text}`);
      }),
    );
  });

  test('a TCP stream cut anywhere gives the same messages', () => {
    const stream = Buffer.from(`${base}\r\n\r\n${base}${base}`);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
        const framer = createFramer();
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const messages: string[] = [];
        for (let i = 1; i < at.length; i++) {
          for (const framed of framer.push(stream.subarray(at[i - 1], at[i]))) {
            if (framed.kind === 'message') messages.push(framed.data.toString());
          }
        }
        assert.deepEqual(messages, [base, base, base]);
        assert.equal(framer.partial, false);
      }),
    );
  });

  test('hostile lengths are fast', () => {
    const started = performance.now();
    verdict(`${invite}${'X: y\n'.repeat(10_000)}`);
    verdict(`INVITE ${' '.repeat(60_000)} SIP/2.0\n\n`);
    parseAddress(`"${'\\'.repeat(60_000)}`);
    parseVia(`SIP/2.0/UDP ${' '.repeat(60_000)}`);
    splitOutside('<'.repeat(60_000), ',');
    verdict(`${invite}Subject: a${'\n '.repeat(20_000)}b\n\n`);
    assert(performance.now() - started < 500);
  });
});

describe('framing over TCP', () => {
  test('two CRLF are a ping, a bad length breaks the stream', () => {
    const framer = createFramer();
    assert.deepEqual(framer.push(Buffer.from('\r\n\r\n')), [{ kind: 'ping' }]);
    assert.deepEqual(framer.push(Buffer.from('\r\n')), []);
    const [broken] = framer.push(Buffer.from(crlf(`${invite}Content-Length: -1\n\n`)));
    assert.equal(broken?.kind, 'broken');
    assert.deepEqual(framer.push(Buffer.from(crlf(`${invite}\n`))), []);
  });

  test('headers without end break the stream', () => {
    const framer = createFramer();
    const framed = [];
    for (let i = 0; i < 80; i++) framed.push(...framer.push(Buffer.alloc(1024, 65)));
    assert.equal(framed.length, 1);
    assert.equal(framed[0]?.kind, 'broken');
  });
});

test('digest: the example of RFC 2617 section 3.5', () => {
  const challenge = parseChallenge(
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
  );
  assert(challenge !== undefined);
  const value = answerChallenge(
    challenge,
    { username: 'Mufasa', password: 'Circle Of Life' },
    'GET',
    '/dir/index.html',
    '0a4f113b',
  );
  assert.match(value, /response="6629fae49393a05397450978507c4ef1"/);
});
