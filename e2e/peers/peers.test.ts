import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join as joinPath } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startBaresip } from './baresip.ts';
import { createEar } from './ear.ts';
import { headerOf, kindOf } from './messages.ts';
import { requirePackages } from './packages.ts';
import { freePort } from './ports.ts';
import { runSipp, startSipp } from './sipp.ts';
import { findTone, join, silence, sine } from './sound.ts';

/** The helpers against sipp's own answerer, which plays back the RTP that it gets: what they say of a call is then known. */

const skip = requirePackages(['sip-tester', 'baresip-core']);

/** As sipp's own `uas`, but that it takes digits too. */
const ANSWERER = `<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="answerer">
  <recv request="INVITE"/>
  ${response('180 Ringing')}
  ${response(
    '200 OK',
    `v=0
o=sipp 1 1 IN IP4 [media_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
`,
  )}
  <recv request="ACK"/>
  <recv request="BYE"/>
  ${response('200 OK')}
</scenario>
`;

function response(status: string, body = ''): string {
  return `<send><![CDATA[

SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]-[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
${body === '' ? '' : 'Content-Type: application/sdp\n'}Content-Length: [len]

${body}
]]></send>`;
}

interface Answerer {
  readonly host: string;
  readonly port: number;
  readonly mediaPort: number;
}

async function startAnswerer(t: TestContext, transport: 'udp' | 'tcp'): Promise<Answerer> {
  const host = '127.0.0.1';
  const [port, mediaPort] = [await freePort(host), await freePort(host)];
  const scenario = joinPath(mkdtempSync(joinPath(tmpdir(), 'answerer-')), 'answerer.xml');
  t.after(() => rmSync(dirname(scenario), { recursive: true }));
  writeFileSync(scenario, ANSWERER);
  const args = ['-sf', scenario, '-i', host, '-p', String(port), '-rtp_echo', '-mp', String(mediaPort), '-nostdin'];
  const child = spawn('sipp', [...args, '-t', transport === 'tcp' ? 't1' : 'u1'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  // sipp opens the port of its media last; it is up when the port cannot be had.
  for (;;) {
    const probe = createSocket('udp4');
    const taken = await new Promise<boolean>((resolve) => {
      probe.on('error', () => resolve(true));
      probe.bind(mediaPort, host, () => resolve(false));
    });
    if (taken) return { host, port, mediaPort };
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`sipp calls by ${transport}, and hangs up after a time or when told`, { skip, timeout: 30_000 }, async (t) => {
    const to = await startAnswerer(t, transport);
    const media = { host: '127.0.0.1', port: 9 };
    const call = { from: 'anna', number: '2030', to, transport, media, headers: { 'X-Test': 'yes' } };
    const timed = await runSipp({ ...call, ending: { kind: 'hang-up', afterMs: 50 } });
    assert.deepEqual([timed.exitCode, timed.created, timed.successful, timed.failed, timed.errors], [0, 1, 1, 0, '']);
    assert.deepEqual(
      timed.messages.map((message) => `${message.direction} ${kindOf(message)}`),
      ['sent INVITE', 'received 180', 'received 200', 'sent ACK', 'sent BYE', 'received 200'],
    );
    assert.equal(headerOf(timed.messages[0]!, 'x-test'), 'yes');

    const told = await startSipp({ ...call, ending: { kind: 'hang-up', afterMs: 20_000 } });
    await told.hangUp();
    assert.equal((await told.ended).exitCode, 0);

    const many = await runSipp({ ...call, ending: { kind: 'hang-up', afterMs: 10 }, calls: 20, rate: 100, log: false });
    assert.deepEqual([many.exitCode, many.successful, many.messages.length], [0, 20, 0]);
  });

  test(`baresip calls by ${transport}, is heard and hears, and sends digits`, { skip, timeout: 30_000 }, async (t) => {
    const to = await startAnswerer(t, transport);
    const says = join(silence(500), sine(700, 400), silence(200), sine(1100, 300));
    const baresip = await startBaresip({ says });
    t.after(() => baresip.close());
    const call = await baresip.dial(`sip:2030@${to.host}:${to.port};transport=${transport}`);
    await call.established;
    await call.tone(1100, 200);
    await call.sendDigits('5#');
    await call.event('CALL_DTMF_END');
    await call.hangUp();
    for (const [hertz, ms] of [
      [700, 400],
      [1100, 300],
    ] as const) {
      const found = findTone(call.heard(), hertz);
      assert.equal(found.length, 1, `${hertz} Hz: ${JSON.stringify(found)}`);
      assert.ok(Math.abs(found[0]!.lengthMs - ms) <= 60, JSON.stringify(found));
    }
    const digits = baresip.events.filter(({ type }) => type === 'CALL_DTMF_START').map(({ param }) => param);
    assert.deepEqual(digits, ['5', '#']);

    const again = await baresip.dial(`sip:2030@${to.host}:${to.port};transport=${transport}`);
    await again.established;
    await again.hangUp();
    assert.notEqual(again.heard().samples.length, call.heard().samples.length, 'each call has its own recording');
  });
}

test('a call that does not go as its scenario says is a failure with a reason', {
  skip,
  timeout: 30_000,
}, async (t) => {
  const to = await startAnswerer(t, 'udp');
  const call = { from: 'anna', number: '2030', to, media: { host: '127.0.0.1', port: 9 } };
  const stays = await runSipp({ ...call, ending: { kind: 'far-end', withinMs: 100 } });
  assert.deepEqual([stays.exitCode, stays.failed], [1, 1]);
  assert.match(stays.errors, /receive timeout/);
  const answers = await runSipp({ ...call, ending: { kind: 'refused', status: 486 } });
  assert.equal(answers.exitCode, 1);
  assert.match(answers.errors, /received 'SIP\/2.0 200/);
  const waiting = await startSipp({ ...call, ending: { kind: 'hang-up', afterMs: 100 } });
  await assert.rejects(waiting.message('received', '603'), /without having received 603/);
});

test('an ear hears what is sent to it, and sends digits as RFC 4733 says', { timeout: 10_000 }, async (t) => {
  const ear = await createEar();
  t.after(() => ear.close());
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  const events: string[] = [];
  const three = Promise.withResolvers<void>();
  socket.on('message', (packet) => {
    if ((packet[1]! & 0x7f) !== 101) return;
    events.push(`${packet[12]}${packet[13]! & 0x80 ? ' end' : ''} ${packet.readUInt16BE(14)}`);
    if (events.filter((each) => each.startsWith('11 end')).length === 3) three.resolve();
  });
  // A tone as mu-law: 400 Hz is 20 samples a period.
  const period = [0xff, 0xaf, 0xa0, 0x98, 0x94, 0x93, 0x94, 0x98, 0xa0, 0xaf];
  const tone = Buffer.from([...period, ...period.map((code) => code & 0x7f)]);
  for (let i = 0; i < 20; i++) {
    if (i === 5) continue;
    const packet = Buffer.alloc(172);
    packet.set([0x80, 0], 0);
    packet.writeUInt16BE(i, 2);
    packet.writeUInt32BE(i * 160, 4);
    packet.writeUInt32BE(7, 8);
    packet.fill(tone, 12);
    socket.send(packet, ear.port, ear.host);
  }
  await ear.tone(400, 200);
  await ear.sendDigits('1#', 60);
  await three.promise;
  assert.equal(ear.lost, 1);
  assert.deepEqual(events, [
    ...['1 160', '1 320', '1 end 480', '1 end 480', '1 end 480'],
    ...['11 160', '11 320', '11 end 480', '11 end 480', '11 end 480'],
  ]);
});

test('a baresip that is killed ends its call for the test too', { skip, timeout: 20_000 }, async (t) => {
  const to = await startAnswerer(t, 'udp');
  const baresip = await startBaresip();
  const call = await baresip.dial(`sip:1@${to.host}:${to.port}`);
  await call.established;
  baresip.kill();
  assert.equal(await call.closed, 'baresip has ended');
  await assert.rejects(call.event('CALL_HOLD'), /baresip has ended/);
  await baresip.close();
});
