/**
 * How well many sessions with sound both ways keep time. `node bench/rtp.ts [SESSIONS] [SECONDS]`, default 100 and 10.
 *
 * The sessions run in this process; their far ends, as many streams of paced packets, in a child process. Before that, in the same
 * run, the same traffic through a bare dgram loop (one socket per stream, one timer, no codec, no jitter buffer): the limit that
 * Node and the machine set.
 */
import { fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ToneSource } from '../media-worker/softswitch/audio/tone.ts';
import { createMediaClock } from '../media-worker/softswitch/rtp/clock.ts';
import { createRtpPorts } from '../media-worker/softswitch/rtp/ports.ts';

const FRAME_MS = 20;
const PACKET_BYTES = 172;
const LATE_MS = 5;

interface Counts {
  readonly sent: number;
  readonly late: number;
}

interface Result extends Counts {
  /** Late in the first second, while Node compiles and sockets are opened; not in the counts. */
  readonly lateAtStart: number;
  readonly received: number;
  readonly expected: number;
  readonly cpuShare: number;
  readonly note: string;
}

/** A paced stream per socket: the far ends, and the bare loop. */
async function openSockets(count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
      // With a lookup that answers at once, so does bind.
      const listening = once(socket, 'listening');
      socket.bind(0, '127.0.0.1');
      await listening;
      return socket;
    }),
  );
}

interface Pacer {
  counts(): Counts;
  stop(): void;
}

/** Sends one packet per socket every 20 ms, spread over ten slots like ours. */
function pace(sockets: readonly Socket[], ports: readonly number[]): Pacer {
  const packets = sockets.map((_, i) => {
    const packet = Buffer.alloc(PACKET_BYTES, 0xff);
    packet[0] = 0x80;
    packet[1] = 0;
    packet.writeUInt32BE(i + 1, 8);
    return packet;
  });
  let round = 0;
  let sent = 0;
  let late = 0;
  const slots = 10;
  const start = performance.now();
  let timer: NodeJS.Timeout;
  const run = (): void => {
    const now = performance.now();
    let due = start + (round * FRAME_MS) / slots;
    while (due <= now) {
      for (let i = round % slots; i < sockets.length; i += slots) {
        const packet = packets[i]!;
        packet.writeUInt16BE((packet.readUInt16BE(2) + 1) & 0xffff, 2);
        packet.writeUInt32BE((packet.readUInt32BE(4) + 160) >>> 0, 4);
        sockets[i]!.send(packet, ports[i]!, '127.0.0.1');
        sent++;
        if (performance.now() - due > LATE_MS) late++;
      }
      round++;
      due = start + (round * FRAME_MS) / slots;
    }
    timer = setTimeout(run, Math.max(1, due - performance.now()));
  };
  run();
  return { counts: () => ({ sent, late }), stop: () => clearTimeout(timer) };
}

/** The child: far ends that answer with as many packets as they are told to. */
async function farEnds(count: number): Promise<void> {
  const sockets = await openSockets(count);
  let received = 0;
  for (const socket of sockets) socket.on('message', () => received++);
  let pacer: Pacer | undefined;
  process.on('message', (message: { ports?: number[]; stop?: true }) => {
    if (message.ports !== undefined) {
      received = 0;
      pacer = pace(sockets, message.ports);
    } else {
      pacer?.stop();
      process.send?.({ received });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ ports: sockets.map((socket) => socket.address().port) });
}

/** Milliseconds so far in which this thread could have run but other processes did (Linux; elsewhere 0): what the numbers owe to the machine. */
function waitedForCpu(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

function passTime(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** What is measured: begun beside a fresh set of far ends. */
interface Subject {
  readonly localPorts: number[];
  counts(): Counts;
  /** Ends it; says what else was seen. */
  finish(): string;
}

async function beside(
  count: number,
  seconds: number,
  start: (remotePorts: number[]) => Promise<Subject>,
): Promise<Result> {
  const child = fork(fileURLToPath(import.meta.url), ['--far-ends', String(count)]);
  const [{ ports }] = (await once(child, 'message')) as [{ ports: number[] }];
  const subject = await start(ports);
  child.send({ ports: subject.localPorts });
  await passTime(1);
  const atStart = subject.counts();
  const waitedAtStart = waitedForCpu();
  const cpu = process.cpuUsage();
  const began = performance.now();
  await passTime(seconds);
  const used = process.cpuUsage(cpu);
  const elapsed = performance.now() - began;
  const { sent, late } = subject.counts();
  const waited = waitedForCpu() - waitedAtStart;
  const note = `${subject.finish()}; waited ${waited.toFixed(0)} ms for a CPU that others had`;
  child.send({ stop: true });
  const [{ received }] = (await once(child, 'message')) as [{ received: number }];
  child.disconnect();
  return {
    sent: sent - atStart.sent,
    late: late - atStart.late,
    lateAtStart: atStart.late,
    received,
    expected: Math.round((count * elapsed) / FRAME_MS),
    cpuShare: (used.user + used.system) / 1000 / elapsed,
    note,
  };
}

async function bare(count: number, seconds: number): Promise<Result> {
  return beside(count, seconds, async (remotePorts) => {
    const sockets = await openSockets(count);
    let received = 0;
    for (const socket of sockets) socket.on('message', () => received++);
    const pacer = pace(sockets, remotePorts);
    return {
      localPorts: sockets.map((socket) => socket.address().port),
      counts: pacer.counts,
      finish: () => {
        pacer.stop();
        for (const socket of sockets) socket.close();
        return `received ${received} since the start`;
      },
    };
  });
}

async function sessions(count: number, seconds: number): Promise<Result> {
  return beside(count, seconds, async (remotePorts) => {
    const clock = createMediaClock();
    const ports = createRtpPorts({ host: '127.0.0.1', range: [0, 0], clock });
    const open = await Promise.all(remotePorts.map(() => ports.open()));
    let frames = 0;
    const sink = { write: () => void frames++, close: () => undefined };
    const tone = {
      frequencies: [440],
      onSamples: 8000,
      offSamples: 0,
      volume: -7,
      fadeSamples: 0,
      fadeDecibels: 0,
      repeat: 1,
    };
    open.forEach((session, i) => {
      session.source = new ToneSource({ tones: [tone], loops: Number.POSITIVE_INFINITY });
      session.addSink(sink);
      session.setRemote({
        address: '127.0.0.1',
        port: remotePorts[i]!,
        codec: 'PCMU',
        payloadType: 0,
        eventPayloadType: 101,
        direction: 'sendrecv',
      });
    });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    return {
      localPorts: open.map((session) => session.localPort),
      counts: () => {
        let sent = 0;
        // Frames given up in a stall were not sent at all: they count as late.
        let late = clock.skippedFrames * count;
        for (const { statistics } of open) {
          sent += statistics.sent;
          late += statistics.sentLate;
        }
        return { sent, late };
      },
      finish: () => {
        const total = { received: 0, lost: 0, late: 0 };
        for (const { statistics } of open) {
          total.received += statistics.received;
          total.lost += statistics.lost;
          total.late += statistics.late;
        }
        delay.disable();
        ports.close();
        return (
          `since the start received ${total.received}, lost ${total.lost}, too late to be played ${total.late}, frames heard ${frames}, ` +
          `event loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms`
        );
      },
    };
  });
}

function print(name: string, result: Result): void {
  const perMille = (1000 * result.late) / Math.max(1, result.sent);
  console.log(
    `${name.padEnd(14)} sent ${result.sent} of ${result.expected}, > ${LATE_MS} ms late ${result.late} (${perMille.toFixed(2)} per 1000; ${result.lateAtStart} more in the first second), ` +
      `far ends got ${result.received} since the start, CPU ${(100 * result.cpuShare).toFixed(1)} % of a core; ${result.note}`,
  );
}

if (process.argv[2] === '--far-ends') await farEnds(Number(process.argv[3]));
else {
  const count = Number(process.argv[2] ?? 100);
  const seconds = Number(process.argv[3] ?? 10);
  console.log(`${count} streams both ways, ${seconds} s, PCMU, 20 ms`);
  print('bare dgram', await bare(count, seconds));
  print('RTP sessions', await sessions(count, seconds));
}
