import { randomBytes } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';

import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import type { ClockMember, MediaClock } from './clock.ts';
import type { Companding, G711 } from './g711.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import { Latch } from './latch.ts';
import { emptyRtpPacket, parseRtp, RTP_HEADER_BYTES, writeRtpHeader } from './packet.ts';
import { DEFAULT_DIGIT_MS, EVENT_BYTES, EventReceiver, EventSender } from './telephone-event.ts';
import type { AudioSink, AudioSource, Frame, ReceivedDigit, RemoteMedia, RtpSession, RtpStatistics } from './types.ts';
import { FRAME_SAMPLES } from './types.ts';

/** A packet sent later than this after its time counts in `sentLate`. */
export const LATE_MS = 5;
/** Datagrams are written into these in turn: one that the kernel could not take at once is still being sent when the next is due. */
const SEND_BUFFERS = 4;
/** Sources that end at once when started from `onSourceEnd`, before the rest of the frame is left silent. */
const SOURCES_PER_FRAME = 8;
/** Static payload type of comfort noise (RFC 3389). */
const COMFORT_NOISE = 13;

/** What a session takes from its maker. */
export interface SessionParts {
  readonly socket: Socket;
  /** Our address as that far end should be told it. */
  addressFor(peer: string): string;
  readonly localPort: number;
  readonly clock: MediaClock;
  readonly g711: G711;
  /** Whether frames of silence are sent while there is no source. */
  readonly sendSilenceWhenIdle: boolean;
  /** Something of the application (a source, sink or callback) threw; it is detached and the session goes on. */
  onError(error: unknown): void;
  /** Called once, when the session is closed. */
  onClose(session: RtpSession): void;
}

export function createSession(parts: SessionParts): RtpSession {
  return new Session(parts);
}

class Session implements RtpSession, ClockMember {
  source: AudioSource | undefined;
  onDigit: ((digit: ReceivedDigit) => void) | undefined;
  onSourceEnd: ((source: AudioSource) => void) | undefined;
  readonly localPort: number;

  readonly #parts: SessionParts;
  readonly #socket: Socket;
  #sinks: readonly AudioSink[] = [];
  #sentSinks: readonly AudioSink[] = [];
  #remote: RemoteMedia | undefined;
  #closed = false;

  readonly #packet = emptyRtpPacket();
  readonly #jitter = new JitterBuffer();
  readonly #latch = new Latch();
  readonly #events: EventReceiver;
  #remoteSsrc = -1;
  readonly #heard: Frame = new Int16Array(FRAME_SAMPLES);

  readonly #spoken: Frame = new Int16Array(FRAME_SAMPLES);
  readonly #eventSender = new EventSender();
  readonly #pendingDigits = new Set<(error: Error) => void>();
  readonly #audioBuffers = buffers(RTP_HEADER_BYTES + FRAME_SAMPLES);
  readonly #eventBuffers = buffers(RTP_HEADER_BYTES + EVENT_BYTES);
  #bufferIndex = 0;
  #sequence = 0;
  #timestamp = 0;
  readonly #ssrc: number;
  /** The next sound packet begins a talkspurt (RFC 3551 section 4.1). */
  #marker = true;

  #sent = 0;
  #received = 0;
  #discarded = 0;
  #sentLate = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#socket = parts.socket;
    this.localPort = parts.localPort;
    const random = randomBytes(10);
    this.#sequence = random.readUInt16BE(0);
    this.#timestamp = random.readUInt32BE(2);
    this.#ssrc = random.readUInt32BE(6);
    this.#events = new EventReceiver((digit, durationSamples) => {
      this.#guarded(() => this.onDigit?.({ digit, durationSamples, source: 'RTP' }));
    });
    this.#socket.on('message', (data, from) => this.#receive(data, from));
    // What the network says about single packets (unreachable, no buffer space) is no reason to end a call: SIP ends calls.
    this.#socket.on('error', () => {
      this.#discarded++;
    });
  }

  addressFor(peer: string): string {
    return this.#parts.addressFor(peer);
  }

  get remote(): RemoteMedia | undefined {
    return this.#remote;
  }

  get statistics(): RtpStatistics {
    return {
      sent: this.#sent,
      received: this.#received,
      late: this.#jitter.late,
      lost: this.#jitter.lost,
      discarded: this.#discarded + this.#jitter.discarded,
      sentLate: this.#sentLate,
    };
  }

  setRemote(remote: RemoteMedia): void {
    if (this.#closed) return;
    this.#remote = remote;
    this.#latch.signalled(remote.address, remote.port);
    this.#parts.clock.add(this);
  }

  addSink(sink: AudioSink): void {
    if (!this.#sinks.includes(sink)) this.#sinks = [...this.#sinks, sink];
  }

  removeSink(sink: AudioSink): void {
    this.#sinks = this.#sinks.filter((other) => other !== sink);
  }

  addSentSink(sink: AudioSink): void {
    if (!this.#sentSinks.includes(sink)) this.#sentSinks = [...this.#sentSinks, sink];
  }

  removeSentSink(sink: AudioSink): void {
    this.#sentSinks = this.#sentSinks.filter((other) => other !== sink);
  }

  sendDigits(digits: string, durationMs: number = DEFAULT_DIGIT_MS): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#remote !== undefined && this.#remote.eventPayloadType === undefined) {
      return Promise.reject(
        new PivotError(fault(softswitchCodes.noEvents, 'the far end did not offer telephone-event (RFC 4733)')),
      );
    }
    return new Promise((resolve, reject) => {
      this.#pendingDigits.add(reject);
      this.#eventSender.queue(digits, durationMs, () => {
        this.#pendingDigits.delete(reject);
        resolve();
      });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.clock.remove(this);
    this.#socket.removeAllListeners('message');
    this.#socket.close();
    this.#eventSender.clear();
    for (const reject of this.#pendingDigits) reject(closedError());
    this.#pendingDigits.clear();
    this.#sinks = [];
    this.#sentSinks = [];
    this.source = undefined;
    this.onDigit = undefined;
    this.onSourceEnd = undefined;
    this.#parts.onClose(this);
  }

  tick(lateMs: number): void {
    this.#latch.tick();
    this.#events.tick();
    this.#hear();
    if (this.#closed) return;
    this.#speak(lateMs);
  }

  skip(frames: number): void {
    this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
    this.#marker = true;
  }

  #receive(data: Buffer, from: RemoteInfo): void {
    const remote = this.#remote;
    const packet = this.#packet;
    if (remote === undefined || !parseRtp(data, packet)) {
      this.#discarded++;
      return;
    }
    const type = packet.payloadType;
    const isEvent = type === remote.eventPayloadType;
    const law = isEvent ? undefined : this.#lawOf(type, remote);
    if (
      (!isEvent && law === undefined && type !== COMFORT_NOISE) ||
      !this.#latch.accepts(from.address, from.port, packet.ssrc, packet.sequence)
    ) {
      this.#discarded++;
      return;
    }
    this.#received++;
    if (packet.ssrc !== this.#remoteSsrc) {
      // A new source has numbers and times of its own (a transfer behind the same address, a restarted phone).
      if (this.#remoteSsrc >= 0) {
        this.#jitter.reset();
        this.#events.reset();
      }
      this.#remoteSsrc = packet.ssrc;
    }
    this.#jitter.arrived(packet.sequence);
    if (law !== undefined) {
      this.#jitter.put(packet.timestamp, data, packet.payloadStart, packet.payloadEnd, law.decode);
      return;
    }
    this.#jitter.quiet();
    if (isEvent) this.#events.packet(packet.timestamp, data, packet.payloadStart, packet.payloadEnd);
  }

  /** The static types of both laws are taken whatever was agreed; some gateways switch between them without a word. */
  #lawOf(type: number, remote: RemoteMedia): Companding | undefined {
    if (type === remote.payloadType) return this.#parts.g711[remote.codec];
    if (type === 0) return this.#parts.g711.PCMU;
    if (type === 8) return this.#parts.g711.PCMA;
    return undefined;
  }

  #hear(): void {
    const frame = this.#heard;
    this.#jitter.read(frame);
    for (const sink of this.#sinks) {
      try {
        sink.write(frame);
      } catch (error) {
        this.removeSink(sink);
        this.#parts.onError(error);
      }
    }
  }

  #speak(lateMs: number): void {
    const frame = this.#spoken;
    const sounding = this.#fill(frame);
    // `onSourceEnd` may have closed the session.
    if (this.#closed) return;
    const remote = this.#remote!;
    const timestamp = this.#timestamp;
    this.#timestamp = (timestamp + FRAME_SAMPLES) >>> 0;
    const what = this.#eventSender.active ? this.#eventSender.tick(timestamp) : 'sound';
    // To a far end that put us on hold nothing is sent, but time goes on: a prompt does not wait for it.
    const wanted = remote.port !== 0 && (remote.direction === 'sendrecv' || remote.direction === 'recvonly');
    if (!wanted || what === 'nothing') this.#marker = true;
    else if (what === 'event' && remote.eventPayloadType !== undefined)
      this.#sendEvent(remote.eventPayloadType, lateMs);
    else if (what === 'sound' && (sounding || this.#parts.sendSilenceWhenIdle)) this.#sendSound(remote, frame, lateMs);
    else this.#marker = true;
    for (const sink of this.#sentSinks) {
      try {
        sink.write(frame);
      } catch (error) {
        this.removeSentSink(sink);
        this.#parts.onError(error);
      }
    }
  }

  /** Takes the next frame from the source; silence when there is none. */
  #fill(frame: Frame): boolean {
    for (let i = 0; i < SOURCES_PER_FRAME; i++) {
      const source = this.source;
      if (source === undefined) break;
      try {
        if (source.read(frame)) return true;
      } catch (error) {
        this.#parts.onError(error);
      }
      if (this.source === source) this.source = undefined;
      this.#guarded(() => this.onSourceEnd?.(source));
    }
    frame.fill(0);
    return false;
  }

  #sendSound(remote: RemoteMedia, frame: Frame, lateMs: number): void {
    const data = this.#audioBuffers[this.#bufferIndex]!;
    writeRtpHeader(data, remote.payloadType, this.#marker, this.#sequence, this.#timestampOfFrame(), this.#ssrc);
    const encode = this.#parts.g711[remote.codec].encode;
    for (let i = 0; i < FRAME_SAMPLES; i++) data[RTP_HEADER_BYTES + i] = encode[frame[i]! & 0xffff]!;
    this.#marker = false;
    this.#send(data, lateMs);
  }

  #sendEvent(payloadType: number, lateMs: number): void {
    const data = this.#eventBuffers[this.#bufferIndex]!;
    const sender = this.#eventSender;
    writeRtpHeader(data, payloadType, sender.marker, this.#sequence, sender.timestamp, this.#ssrc);
    data.set(sender.payload, RTP_HEADER_BYTES);
    this.#marker = true;
    this.#send(data, lateMs);
  }

  #timestampOfFrame(): number {
    return (this.#timestamp - FRAME_SAMPLES) >>> 0;
  }

  #send(data: Uint8Array, lateMs: number): void {
    this.#bufferIndex = (this.#bufferIndex + 1) % SEND_BUFFERS;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#sent++;
    if (lateMs > LATE_MS) this.#sentLate++;
    // Without a callback dgram reports failures as 'error' events, and costs less.
    this.#socket.send(data, this.#latch.port, this.#latch.address);
  }

  #guarded(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#parts.onError(error);
    }
  }
}

function buffers(bytes: number): readonly Buffer[] {
  const all = Buffer.alloc(bytes * SEND_BUFFERS);
  return Array.from({ length: SEND_BUFFERS }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes));
}

function closedError(): PivotError {
  return new PivotError(fault(softswitchCodes.sessionClosed, 'the media session was closed'));
}
