/**
 * What the FreeSWITCH stand-in and the test phone need of a media session. Audio inside the softswitch is 16-bit linear PCM,
 * mono, 8000 Hz, in frames of 20 ms (160 samples), whatever the codec on the wire.
 */

export const SAMPLE_RATE = 8000;
export const FRAME_MS = 20;
export const FRAME_SAMPLES = 160;

/** One frame of audio, `FRAME_SAMPLES` samples. A receiver must not keep it: the buffer is used again. */
export type Frame = Int16Array;

/** Something that can be played. Pulled once every 20 ms by the session's clock. */
export interface AudioSource {
  /** Fills `frame` and returns true, or returns false when there is nothing left (the frame is then not sent). */
  read(frame: Frame): boolean;
  /** Samples delivered so far, for `playback_samples` and the like. */
  readonly position: number;
  /** Frees files and decoders; called exactly once, by whoever took the source. */
  close(): void;
}

/** Something that takes received or sent audio: a recorder, a mixer, a test's ear. Called once every 20 ms of received audio. */
export interface AudioSink {
  write(frame: Frame): void;
  close(): void;
}

/** A digit as it ended on the wire. `durationSamples` in units of the RTP clock (8000 Hz). */
export interface ReceivedDigit {
  readonly digit: string;
  readonly durationSamples: number;
  readonly source: 'RTP' | 'INFO' | 'APP';
}

/** The negotiated far end of a session, from offer and answer. */
export interface RemoteMedia {
  readonly address: string;
  readonly port: number;
  readonly codec: 'PCMU' | 'PCMA';
  readonly payloadType: number;
  /** Payload type of `telephone-event` (RFC 4733); absent when the far end did not offer it. */
  readonly eventPayloadType?: number;
  /** The far end's direction as it said it; `sendonly` and `inactive` mean that it is on hold. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

export interface RtpStatistics {
  readonly sent: number;
  readonly received: number;
  /** Packets that came too late to be played, and gaps that were filled. */
  readonly late: number;
  readonly lost: number;
  readonly discarded: number;
  /** Packets sent more than 5 ms after their time. */
  readonly sentLate: number;
}

export interface RtpSession {
  /** What SDP says to a far end with this address (empty while it is not known). */
  addressFor(peer: string): string;
  readonly localPort: number;
  readonly statistics: RtpStatistics;
  /** Starts or changes the far end. Symmetric RTP: once a valid packet came, it is answered to where it came from. */
  setRemote(remote: RemoteMedia): void;
  readonly remote: RemoteMedia | undefined;
  /** What is sent; undefined sends comfort silence frames (or nothing, see `sendSilenceWhenIdle`). Replacing does not close the old one. */
  source: AudioSource | undefined;
  /** Where received audio goes (after the jitter buffer, gaps concealed). Several at once. */
  addSink(sink: AudioSink): void;
  removeSink(sink: AudioSink): void;
  /** Every frame that was sent, for recordings of both directions. */
  addSentSink(sink: AudioSink): void;
  removeSentSink(sink: AudioSink): void;
  /** Called at the end of each RFC 4733 event, once. */
  onDigit: ((digit: ReceivedDigit) => void) | undefined;
  /** Called when `source.read` returned false; the session has already set `source` to undefined. */
  onSourceEnd: ((source: AudioSource) => void) | undefined;
  /** Queues RFC 4733 events; resolves when the last one has been sent, rejects when the session closes. `w` half a second, `W` one. */
  sendDigits(digits: string, durationMs?: number): Promise<void>;
  /** Ends the session: socket closed, clock released, port free. Idempotent. */
  close(): void;
}

/** Gives out sessions with ports of one range. One per process. */
export interface RtpPorts {
  /** Rejects with a coded error when the range is used up. */
  open(): Promise<RtpSession>;
  readonly inUse: number;
  readonly capacity: number;
  /** Closes every session. */
  close(): void;
}
