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
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ToneSource } from '../media-worker/softswitch/audio/tone.ts';
import { createMediaClock } from '../media-worker/softswitch/rtp/clock.ts';
import { createRtpPorts } from '../media-worker/softswitch/rtp/ports.ts';

const FRAME_MS = 20;
const PACKET_BYTES = 172;
const LATE_MS = 5;

interface Result {
  readonly sent: number;
  readonly late: number;
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

/** Sends one packet per socket every 20 ms, spread over ten slots like ours. Returns what stops it and gives the counts. */
function pace(sockets: readonly Socket[], ports: readonly number[]): () => { sent: number; late: number } {
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
  return () => {
    clearTimeout(timer);
    return { sent, late };
  };
}

/** The child: far ends that answer with as many packets as they are told to. */
async function farEnds(count: number): Promise<void> {
  const sockets = await openSockets(count);
  let received = 0;
  for (const socket of sockets) socket.on('message', () => received++);
  let stop: (() => unknown) | undefined;
  process.on('message', (message: { ports?: number[]; stop?: true }) => {
    if (message.ports !== undefined) {
      received = 0;
      stop = pace(sockets, message.ports);
    } else {
      stop?.();
      process.send?.({ received });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ ports: sockets.map((socket) => socket.address().port) });
}

function passTime(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Runs `body` beside a fresh set of far ends and measures this process meanwhile. */
async function beside(
  count: number,
  seconds: number,
  start: (
    remotePorts: number[],
  ) => Promise<{ localPorts: number[]; finish(): { sent: number; late: number; note: string } }>,
): Promise<Result> {
  const child = fork(fileURLToPath(import.meta.url), ['--far-ends', String(count)]);
  const [{ ports }] = (await once(child, 'message')) as [{ ports: number[] }];
  const { localPorts, finish } = await start(ports);
  child.send({ ports: localPorts });
  // The first second, with its compiling, belongs to no steady state; the counts of packets include it, the CPU does not.
  await passTime(1);
  const cpu = process.cpuUsage();
  const began = performance.now();
  await passTime(seconds);
  const used = process.cpuUsage(cpu);
  const elapsed = performance.now() - began;
  const { sent, late, note } = finish();
  child.send({ stop: true });
  const [{ received }] = (await once(child, 'message')) as [{ received: number }];
  child.disconnect();
  return {
    sent,
    late,
    received,
    expected: Math.round((count * (seconds + 1) * 1000) / FRAME_MS),
    cpuShare: (used.user + used.system) / 1000 / elapsed,
    note,
  };
}

async function bare(count: number, seconds: number): Promise<Result> {
  return beside(count, seconds, async (remotePorts) => {
    const sockets = await openSockets(count);
    let received = 0;
    for (const socket of sockets) socket.on('message', () => received++);
    const stop = pace(sockets, remotePorts);
    return {
      localPorts: sockets.map((socket) => socket.address().port),
      finish: () => {
        const counts = stop();
        for (const socket of sockets) socket.close();
        return { ...counts, note: `received ${received}` };
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
      finish: () => {
        const total = { sent: 0, late: 0, received: 0, lost: 0, lateIn: 0 };
        for (const { statistics } of open) {
          total.sent += statistics.sent;
          total.late += statistics.sentLate;
          total.received += statistics.received;
          total.lost += statistics.lost;
          total.lateIn += statistics.late;
        }
        delay.disable();
        // Frames given up in a stall were not sent at all: they count as late.
        const skipped = clock.skippedFrames * count;
        ports.close();
        return {
          sent: total.sent,
          late: total.late + skipped,
          note: `received ${total.received}, lost ${total.lost}, too late ${total.lateIn}, frames heard ${frames}, event loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms max ${(delay.max / 1e6).toFixed(1)} ms`,
        };
      },
    };
  });
}

function print(name: string, result: Result): void {
  const perMille = (1000 * result.late) / Math.max(1, result.sent);
  console.log(
    `${name.padEnd(14)} sent ${result.sent} of ${result.expected}, > ${LATE_MS} ms late ${result.late} (${perMille.toFixed(2)} per 1000), ` +
      `far ends got ${result.received}, CPU ${(100 * result.cpuShare).toFixed(1)} % of a core; ${result.note}`,
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
