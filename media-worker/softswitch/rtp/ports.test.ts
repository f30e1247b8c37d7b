import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { PivotError } from '../../../crds/errors/fault.ts';
import { SilenceSource } from '../audio/silence.ts';
import { clearestShare } from '../audio/test-sounds.ts';
import { parseTones, ToneSource } from '../audio/tone.ts';
import { writeRtpHeader } from './packet.ts';
import { createRtpPorts } from './ports.ts';
import type { AudioSink, Frame, ReceivedDigit, RemoteMedia, RtpSession } from './types.ts';

/** Nothing here waits longer, however busy the machine is. */
const limit = { timeout: 15_000 };

/** Hears until `frames` frames have come. */
class Ear implements AudioSink {
  readonly samples: number[] = [];
  readonly enough: Promise<void>;
  #resolve: () => void = () => undefined;
  readonly #frames: number;

  constructor(frames: number) {
    this.#frames = frames;
    this.enough = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  write(frame: Frame): void {
    this.samples.push(...frame);
    if (this.samples.length >= this.#frames * 160) this.#resolve();
  }

  close(): void {}

  share(frequency: number): number {
    return clearestShare(this.samples, frequency);
  }
}

function at(session: RtpSession, changes: Partial<RemoteMedia> = {}): RemoteMedia {
  return {
    address: session.addressFor(''),
    port: session.localPort,
    codec: 'PCMU',
    payloadType: 0,
    eventPayloadType: 101,
    direction: 'sendrecv',
    ...changes,
  };
}

function tone(description: string): ToneSource {
  return new ToneSource(parseTones(description)!);
}

const errors: unknown[] = [];
const ports = createRtpPorts({ host: '127.0.0.1', range: [0, 0], onError: (error) => errors.push(error) });
after(() => ports.close());

async function pair(changes: Partial<RemoteMedia> = {}): Promise<[RtpSession, RtpSession]> {
  const [one, other] = await Promise.all([ports.open(), ports.open()]);
  one.setRemote(at(other, changes));
  other.setRemote(at(one, changes));
  return [one, other];
}

describe('sound', () => {
  for (const [codec, payloadType] of [
    ['PCMU', 0],
    ['PCMA', 8],
    ['PCMA', 96],
  ] as const) {
    test(`goes both ways at once in ${codec} as payload type ${payloadType}`, limit, async () => {
      const [one, other] = await pair({ codec, payloadType });
      const ears = [new Ear(40), new Ear(40)] as const;
      one.source = tone('%(5000,0,440)');
      other.source = tone('%(5000,0,1000)');
      one.addSink(ears[0]);
      other.addSink(ears[1]);
      await Promise.all(ears.map((ear) => ear.enough));
      assert.ok(ears[0].share(1000) > 0.95, String(ears[0].share(1000)));
      assert.ok(ears[1].share(440) > 0.95, String(ears[1].share(440)));
      assert.equal(one.statistics.lost, 0);
      one.close();
      other.close();
    });
  }

  test('the end of a source is told once, and the next may begin in the same frame', limit, async () => {
    const [one, other] = await pair();
    const ended: number[] = [];
    const sources = [tone('%(100,0,440)'), tone('%(100,0,440)')];
    const over = new Promise<void>((resolve) => {
      one.onSourceEnd = (source) => {
        ended.push(source.position);
        one.source = sources[ended.length];
        if (ended.length === 2) resolve();
      };
    });
    const sounding: boolean[] = [];
    one.addSentSink({ write: (frame) => void sounding.push(frame.some((sample) => sample !== 0)), close() {} });
    one.source = sources[0];
    await over;
    assert.deepEqual(ended, [800, 800]);
    assert.deepEqual(sounding.slice(0, 10), Array(10).fill(true));
    one.close();
    other.close();
  });

  test('a far end on hold is sent nothing, and time goes on', limit, async () => {
    const [one, other] = await pair({ direction: 'sendonly' });
    const over = new Promise((resolve) => {
      one.onSourceEnd = resolve;
    });
    one.source = new SilenceSource(100);
    await over;
    assert.equal(one.statistics.sent, 0);
    one.close();
    other.close();
  });

  test('a source, a sink or a callback that throws is put aside, and the call goes on', limit, async () => {
    const [one, other] = await pair();
    errors.length = 0;
    one.source = {
      position: 0,
      read() {
        throw new Error('bad source');
      },
      close() {},
    };
    one.onSourceEnd = () => {
      throw new Error('bad callback');
    };
    one.addSink({
      write() {
        throw new Error('bad sink');
      },
      close() {},
    });
    const ear = new Ear(3);
    one.addSink(ear);
    await ear.enough;
    assert.deepEqual(errors.map(String).sort(), ['Error: bad callback', 'Error: bad sink', 'Error: bad source']);
    one.close();
    other.close();
  });
});

describe('digits', () => {
  test('cross the wire while sound is sent, each once, both ways', limit, async () => {
    const [one, other] = await pair();
    const digits: ReceivedDigit[] = [];
    one.source = tone('%(9000,0,440)');
    const all = new Promise<void>((resolve) => {
      other.onDigit = (digit) => {
        digits.push(digit);
        if (digits.length === 4) resolve();
      };
    });
    await one.sendDigits('1#D*', 60);
    await all;
    assert.deepEqual(
      digits,
      [...'1#D*'].map((digit) => ({ digit, durationSamples: 480, source: 'RTP' })),
    );
    one.close();
    other.close();
  });

  test('are refused with a code when the far end takes none, or the session closes', limit, async () => {
    const [one, other] = await Promise.all([ports.open(), ports.open()]);
    const { eventPayloadType: _, ...withoutEvents } = at(other);
    one.setRemote(withoutEvents);
    await assert.rejects(one.sendDigits('1'), (error: PivotError) => error.fault.code === 'PV-1733');
    one.setRemote(at(other));
    const sending = one.sendDigits('123456');
    one.close();
    await assert.rejects(sending, (error: PivotError) => error.fault.code === 'PV-1732');
    await assert.rejects(one.sendDigits('1'), PivotError);
    other.close();
  });
});

describe('the far end', () => {
  test('is answered where its packets come from, and garbage changes nothing', limit, async () => {
    const session = await ports.open();
    // The signalled port is one where nobody listens.
    session.setRemote({ address: '127.0.0.1', port: 9, codec: 'PCMU', payloadType: 0, direction: 'sendrecv' });
    const phone = createSocket('udp4');
    phone.bind(0, '127.0.0.1');
    await once(phone, 'listening');
    const stranger = createSocket('udp4');
    for (const garbage of ['', 'x', 'INVITE sip:x SIP/2.0', '\x80\x00', `\x80\x7f${'\0'.repeat(30)}`]) {
      stranger.send(Buffer.from(garbage, 'latin1'), session.localPort, '127.0.0.1');
    }
    const packet = Buffer.alloc(172, 0xff);
    writeRtpHeader(packet, 0, true, 1, 160, 7);
    const answered = once(phone, 'message');
    phone.send(packet, session.localPort, '127.0.0.1');
    const [answer] = (await answered) as [Buffer];
    assert.equal(answer.length, 172);
    assert.equal(answer[0], 0x80);
    assert.equal(session.statistics.received, 1);
    assert.ok(session.statistics.discarded >= 4);
    session.close();
    phone.close();
    stranger.close();
  });
});

describe('ports', () => {
  test('are even, given out once, told when they are used up, and free after close', limit, async () => {
    // A pair of free ports, found by asking for one and taking the even number at or above it.
    const probe = createSocket('udp4');
    probe.bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const base = probe.address().port & ~1;
    probe.close();
    const few = createRtpPorts({ host: '127.0.0.1', range: [base, base + 5] });
    assert.equal(few.capacity, 3);
    const open = await Promise.all([few.open(), few.open(), few.open()]);
    assert.deepEqual(
      open.map((session) => session.localPort).sort((a, b) => a - b),
      [base, base + 2, base + 4],
    );
    assert.equal(few.inUse, 3);
    await assert.rejects(few.open(), (error: PivotError) => error.fault.code === 'PV-1730');
    open[1]!.close();
    open[1]!.close();
    assert.equal(few.inUse, 2);
    assert.equal((await few.open()).localPort, open[1]!.localPort);
    few.close();
    assert.equal(few.inUse, 0);
    await assert.rejects(few.open(), PivotError);
  });

  test('a port that another program has is passed over; an address that is not ours is a fault', limit, async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address();
    const base = port & ~1;
    const few = createRtpPorts({ host: '127.0.0.1', range: [base, base + 3] });
    const session = await few.open();
    assert.notEqual(session.localPort, port);
    few.close();
    other.close();
    const foreign = createRtpPorts({ host: '192.0.2.1', range: [0, 0] });
    await assert.rejects(foreign.open(), (error: PivotError) => error.fault.code === 'PV-1731');
  });
});
