/** Garbage on every port: the process lives, calls in progress go on with sound, memory stays bounded. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createPhones, type Phones } from '../media-worker/softswitch/phone.ts';
import { type Pivot, pivotManifest, startPivot, type TracedCall } from './harness.ts';
import { type HeapUse, heapOf, INSPECTED } from './heap.ts';
import { offer, openRawSip, type RawSip, request } from './raw-sip.ts';
import type { Standing } from './standing.ts';
import { startWeb, twiml, type Web } from './web.ts';

const limit = { timeout: 60_000 };
const TRANSPORTS = ['udp', 'tcp'] as const;
/** Invented INVITEs whose answers nobody acknowledges. */
const FLOOD = 3000;
/** A frame may be missing while the machine is busy with the garbage; a broken call misses all. */
const LEAST_HEARD = 0.9;

describe('garbage', () => {
  let web: Web;
  let pivot: Pivot;
  let phones: Phones;
  let atRest: Standing;
  let heapAtRest: HeapUse;

  before(async () => {
    web = await startWeb();
    web.on('/tone', twiml('<Play>tone_stream://%(300,0,440)</Play>'));
    web.on('/long', twiml('<Play terminators="">tone_stream://%(60000,0,440)</Play>'));
    pivot = await startPivot({
      manifests: {
        'tone.yaml': pivotManifest('tone', ['1'], `${web.url}/tone`),
        'long.yaml': pivotManifest('long', ['2'], `${web.url}/long`),
      },
      options: ['--quiet', '--max-calls', '100'],
      node: INSPECTED,
    });
    phones = await createPhones();
    for (const transport of TRANSPORTS) {
      const { phone, trace } = await pivot.call(phones, '1', { transport });
      await phone.ended;
      await trace.root;
    }
    web.closeIdle();
    atRest = await pivot.standing();
    heapAtRest = await heapOf(pivot.program);
  });

  after(async () => {
    await phones?.close();
    await pivot?.dispose();
    await web?.close();
  });

  /** Runs `work` beside a call that has to go on sounding, and then sees that calls are taken as ever. */
  async function besideACall(work: (call: TracedCall) => Promise<void>): Promise<void> {
    const call = await pivot.call(phones, '2');
    const { phone } = call;
    await phone.ear.untilTone(440);
    const before = { heardMs: phone.ear.heardMs, soundMs: phone.ear.soundMs };
    await work(call);
    const heardFrom = phone.ear.heardMs;
    await phone.ear.until((ear) => ear.heardMs > heardFrom + 300 && ear.tone(440) > 0.9);
    const share = (phone.ear.soundMs - before.soundMs) / (phone.ear.heardMs - before.heardMs);
    assert.ok(share > LEAST_HEARD, `only ${(share * 100).toFixed(0)} % of the tone was heard`);
    assert.equal((await phone.hangup()).by, 'local');
    // A flood drives the call out of the traces that are kept.
    const root = await call.trace.root.catch(() => undefined);
    if (root !== undefined) assert.equal(root.attributes['pivot.end.side'], 'caller');
    const next = await pivot.call(phones, '1');
    await next.phone.ear.untilTone(440);
    assert.equal((await next.phone.ended).by, 'remote');
    assert.ok(pivot.program.running);
  }

  /** Resolves when the far end has dealt with everything that was sent before. */
  async function dealtWith(sip: RawSip): Promise<void> {
    const callId = `options-${randomBytes(6).toString('hex')}`;
    await sip.ask(request('OPTIONS', sip, pivot, { callId }), callId);
  }

  for (const transport of TRANSPORTS) {
    test(`SIP that is none, over ${transport}`, limit, async () => {
      await besideACall(async () => {
        for (const [index, bytes] of torture(pivot).entries()) {
          const sip = await openRawSip(pivot, transport);
          sip.send(bytes);
          // A connection that has sent what cannot be framed may be closed; a datagram is only dropped.
          if (transport === 'udp' && index % 10 === 0) await dealtWith(sip);
          sip.close();
        }
        const sip = await openRawSip(pivot, transport);
        await dealtWith(sip);
        sip.close();
      });
    });
  }

  test('whole messages cut at every byte, over UDP and, in two parts, over TCP', limit, async () => {
    await besideACall(async () => {
      const udp = await openRawSip(pivot, 'udp');
      const whole = request('INVITE', udp, pivot, { callId: 'cut', user: '404', body: offer('127.0.0.1', 9) });
      for (let length = 1; length < whole.length; length++) {
        udp.send(whole.slice(0, length));
        if (length % 100 === 0) await dealtWith(udp);
      }
      await dealtWith(udp);
      udp.close();
      const tcp = await openRawSip(pivot, 'tcp');
      for (let at = 1; at < 400; at += 7) {
        const callId = `halves-${at}`;
        const text = request('OPTIONS', tcp, pivot, { callId });
        tcp.send(text.slice(0, at));
        tcp.send(text.slice(at));
        await tcp.response(callId, 200);
      }
      tcp.close();
    });
  });

  test('a TCP connection that never ends a message is not read for ever', limit, async () => {
    await besideACall(async () => {
      for (const head of ['X', `INVITE sip:1@${pivot.host} SIP/2.0\r\nContent-Length: 999999999\r\n\r\n`]) {
        const sip = await openRawSip(pivot, 'tcp');
        sip.send(head);
        const chunk = Buffer.alloc(64 * 1024, 'x');
        let open = true;
        void sip.closed.then(() => {
          open = false;
        });
        for (let sent = 0; open && sent < 64; sent++) {
          sip.send(chunk);
          await new Promise(setImmediate);
        }
        await sip.closed;
      }
    });
  });

  test('half-open TCP connections cost nothing but themselves, and go', limit, async () => {
    await besideACall(async () => {
      const sockets = Array.from({ length: 300 }, () => connect(pivot.port, pivot.host).on('error', () => {}));
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      for (const socket of sockets) socket.write('INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP');
      const sip = await openRawSip(pivot, 'tcp');
      await dealtWith(sip);
      sip.close();
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
    });
    web.closeIdle();
    await pivot.settled(atRest);
  });

  test('RTP that is none, and RTP of others, to every port of sound', limit, async () => {
    await besideACall(async ({ phone }) => {
      const port = phone.rtp.remote!.port;
      const stranger = createSocket('udp4');
      stranger.bind(0, '127.0.0.2');
      await once(stranger, 'listening');
      const sameHost = createSocket('udp4');
      sameHost.bind(0, '127.0.0.1');
      await once(sameHost, 'listening');
      for (const socket of [stranger, sameHost]) {
        for (let i = 0; i < 500; i++) {
          await new Promise<void>((resolve) => socket.send(noise(i), port, '127.0.0.1', () => resolve()));
          if (i % 20 === 0) await new Promise((resolve) => phone.ear.until(() => true).then(resolve, resolve));
        }
      }
      // Ports that nobody has open, and the odd ones.
      for (let other = pivot.rtpPorts[0]; other < pivot.rtpPorts[0] + 50; other++) {
        stranger.send(noise(other), other, '127.0.0.1', () => {});
      }
      stranger.close();
      sameHost.close();
    });
  });

  test(`${FLOOD} INVITEs that nobody acknowledges`, { timeout: 150_000 }, async (t) => {
    const statuses = new Map<string, number>();
    await besideACall(async () => {
      const sip = await openRawSip(pivot, 'udp');
      const body = offer('127.0.0.1', 9);
      for (let i = 0; i < FLOOD; i++) {
        // Half of them to a number that answers, half to none.
        const user = i % 2 === 0 ? '1' : '404';
        sip.send(request('INVITE', sip, pivot, { callId: `flood-${i}-`, user, body }));
        if (i % 50 === 49) await dealtWith(sip);
      }
      await dealtWith(sip);
      for (const text of sip.received) {
        const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? '';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      sip.close();
    });
    t.diagnostic(`answers: ${[...statuses].map(([status, count]) => `${count} times ${status}`).join(', ')}`);
    assert.ok((statuses.get('503') ?? 0) > 0, 'nothing was refused');
    // Answers are sent again for 64*T1, then the calls are given up.
    web.closeIdle();
    await pivot.allOver(atRest);
  });

  test('afterwards memory is as before, and the process ends well', { timeout: 90_000 }, async (t) => {
    web.closeIdle();
    await pivot.allOver(atRest);
    const heap = await heapOf(pivot.program);
    for (const [thread, bytes] of Object.entries(heap)) {
      const growth = (bytes - heapAtRest[thread]!) / 1e6;
      t.diagnostic(`${thread}: ${growth.toFixed(2)} MB more`);
      // The traces of 1,000 calls are kept, which is some kilobytes each.
      assert.ok(growth < (thread === 'main' ? 20 : 3), `${thread}: ${growth} MB more`);
    }
    await phones.close();
    await pivot.stop();
  });
});

/** What a SIP port may be sent: after RFC 4475, and worse. */
function torture({ host, port }: Pivot): (string | Uint8Array)[] {
  const uri = `sip:404@${host}:${port}`;
  const invite = (...lines: string[]): string => [`INVITE ${uri} SIP/2.0`, ...lines, '', ''].join('\r\n');
  const via = 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-torture';
  const plain = [via, 'From: <sip:a@b>;tag=1', `To: <${uri}>`, 'Call-ID: torture', 'CSeq: 1 INVITE'];
  return [
    '',
    '\r\n\r\n',
    '\0',
    '\0'.repeat(60_000),
    'x'.repeat(60_000),
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'SIP/2.0 200 OK\r\n\r\n',
    'SIP/2.0 9999999 OK\r\n\r\n',
    `${'SIP/2.0 200 OK\r\n'.repeat(500)}\r\n`,
    'INVITE\r\n\r\n',
    'INVITE  SIP/2.0\r\n\r\n',
    invite(),
    invite(via),
    invite(...plain, 'Content-Length: -1'),
    invite(...plain, 'Content-Length: 99999999999999999999'),
    invite(...plain, 'Content-Length: 10'),
    invite(...plain, 'Content-Length: 0', 'Content-Length: 7'),
    invite(...plain.filter((line) => !line.startsWith('CSeq')), 'CSeq: 99999999999 INVITE'),
    invite(...plain.filter((line) => !line.startsWith('CSeq')), 'CSeq: 1 BYE'),
    invite(...plain.filter((line) => !line.startsWith('To')), `To: ${'<'.repeat(5000)}`),
    invite(...plain.filter((line) => !line.startsWith('From')), `From: "${'\\"'.repeat(5000)}" <sip:a@b>`),
    invite(...plain, `X: ${'y'.repeat(50_000)}`),
    invite(...plain, ...Array.from({ length: 2000 }, (_, i) => `X-${i}: ${i}`)),
    invite(...plain, ...Array.from({ length: 1000 }, () => via)),
    invite(...plain, `Contact: ${'sip:a@b, '.repeat(3000)}`),
    invite(...plain, 'Contact: *'),
    invite(...plain, 'Route: <sip:127.0.0.1:9;lr>', 'Record-Route: ;;;;'),
    invite(...plain, 'Contact: <sip:a@b>', 'Content-Type: application/sdp', 'Content-Length: 4', '', 'v=0'),
    invite(...plain, 'Contact: <sip:a@b>', 'Content-Type: application/sdp', '', `m=audio ${'9'.repeat(400)}`),
    invite(...plain, '\tfolded', ' and folded', 'Bad header without colon'),
    `INVITE sip:${'%'.repeat(3000)}@x SIP/2.0\r\n${plain.join('\r\n')}\r\n\r\n`,
    `INVITE ${uri};${'a=b;'.repeat(5000)} SIP/2.0\r\n${plain.join('\r\n')}\r\n\r\n`,
    `CANCEL ${uri} SIP/2.0\r\n${plain.join('\r\n')}\r\n\r\n`,
    `ACK ${uri} SIP/2.0\r\n${plain.join('\r\n')}\r\n\r\n`,
    `BYE ${uri} SIP/2.0\r\n${plain.join('\r\n')}\r\n\r\n`,
    `${'é'.repeat(100)} ${uri} SIP/2.0\r\n${plain.join('\r\n')}\r\n\r\n`,
    ...Array.from({ length: 200 }, (_, i) => randomBytes(1 + ((i * 37) % 4000))),
  ];
}

/** Packets that are nearly RTP: of wrong versions, cut, huge, with extensions and padding that lead beyond the end, RTCP, STUN. */
function noise(i: number): Uint8Array {
  const length = [0, 1, 11, 12, 13, 172, 1400, 9000, 60_000][i % 9]!;
  const packet = randomBytes(length);
  if (length > 1) {
    packet[0] = [0x00, 0x40, 0xc0, 0x80, 0xbf, 0x9f, 0xa0, 0x90, 0x81][(i * 5) % 9]!;
    packet[1] = [0, 8, 101, 200, 201, 72, 0x80, 127, 13][(i * 7) % 9]!;
  }
  return packet;
}
