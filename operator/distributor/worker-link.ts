import type { WebSocket } from 'ws';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { streamCodes } from '../../crds/errors/stream.ts';
import { readWorkerMessage } from '../../crds/read-stream.ts';
import type { Ack, CallflowHealth, Heartbeat, Hello, Nack, Snapshot, State, WorkerState } from '../../crds/stream.ts';
import type { Clock } from '../../runtime/clock.ts';
import { TokenBucket } from '../kube/token-bucket.ts';
import type { ReleaseLog } from './release-log.ts';
import type { Slots } from './slots.ts';

/** Milliseconds. */
export interface LinkTiming {
  readonly heartbeatMs: number;
  /** A worker that says nothing for so long counts as gone. */
  readonly silenceMs: number;
  /** How long it may take over a table: over the answer, and over each part of a snapshot. */
  readonly ackMs: number;
  /** Before a table that was refused as a whole is sent once more. */
  readonly retryMs: number;
}

/** What a link tells. `ended`: always last, once. */
export interface LinkEvents {
  readonly greeted: (link: WorkerLink, hello: Hello) => void;
  readonly progressed: (link: WorkerLink) => void;
  readonly refused: (link: WorkerLink, nack: Nack) => void;
  readonly health: (callflows: readonly CallflowHealth[]) => void;
  readonly ended: (link: WorkerLink, why: Fault | undefined) => void;
  readonly sent: (what: 'delta' | 'snapshot' | 'heartbeat') => void;
}

/** Messages of one worker: a call that begins or ends is one, so this is far above what honest workers send. */
const MESSAGE_RATE = { perSecond: 100, burst: 500 };
/** Close codes of RFC 6455, section 7.4.1, and one of ours. */
export const CLOSE = { goingAway: 1001, protocolError: 1002, policy: 1008, superseded: 4000 } as const;
/** How long a worker may take to close from its side. */
const CLOSING_MS = 2_000;

/**
 * The connection to one worker. It is sent one thing at a time: the next delta or snapshot only when it has answered the last, and what has been
 * published meanwhile goes together. So nothing piles up for a slow one, which is dropped in the end.
 */
export class WorkerLink {
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #log: ReleaseLog;
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #timing: LinkTiming;
  readonly #events: LinkEvents;
  readonly #rate: TokenBucket;
  #name: string;
  #hello: Hello | undefined;
  #state: WorkerState = { ready: false, draining: false, activeCalls: 0, reasons: [] };
  #lastSeenAt: number;
  #lastHeartbeatAt: number;
  /** Serial number of the release that it has; undefined: none that is known here. */
  #at: number | undefined;
  #version: string | undefined;
  /** What it is working on. `since`: when it last took a part of it. */
  #inFlight: { readonly serial: number; readonly snapshot: boolean; since: number } | undefined;
  /** After a refusal. A release after `serial` is sent, not before `until`; `unlessVetted`: or this one, once it is vetted. */
  #held: { readonly serial: number; readonly until: number; readonly unlessVetted: boolean } | undefined;
  #problem: Fault | undefined;
  #ended = false;

  constructor(
    socket: WebSocket,
    name: string | undefined,
    address: string,
    log: ReleaseLog,
    slots: Slots,
    clock: Clock,
    timing: LinkTiming,
    events: LinkEvents,
  ) {
    this.#socket = socket;
    this.#name = name ?? '';
    this.address = address;
    this.#log = log;
    this.#slots = slots;
    this.#clock = clock;
    this.#timing = timing;
    this.#events = events;
    this.#rate = new TokenBucket(MESSAGE_RATE, clock);
    this.#lastSeenAt = clock.monotonic();
    this.#lastHeartbeatAt = this.#lastSeenAt;
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    socket.on('close', () => this.#end(undefined));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A connection that breaks is no news: workers come and go.
      if (error.code?.startsWith('WS_ERR') === true) this.#misbehaved(fault(streamCodes.malformed, error.message));
      else this.#end(undefined);
    });
  }

  /** Empty before it has said hello, unless its token says. */
  get name(): string {
    return this.#name;
  }

  get hello(): Hello | undefined {
    return this.#hello;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get ready(): boolean {
    return this.#state.ready;
  }

  get draining(): boolean {
    return this.#state.draining;
  }

  /** Serial number of the release that it uses. */
  get acked(): number | undefined {
    return this.#at;
  }

  /** Version of the table that it uses. */
  get version(): string | undefined {
    return this.#version;
  }

  /** What it refused last, until it takes a table. */
  get problem(): Fault | undefined {
    return this.#problem;
  }

  /** On the clock's monotonic scale. */
  get lastSeenAt(): number {
    return this.#lastSeenAt;
  }

  /** Sends what is due, if anything is. */
  pump(): void {
    const current = this.#log.current;
    if (current === undefined || this.#hello === undefined || this.#inFlight !== undefined || this.#ended) return;
    if (this.#at === current.serial || this.#isHeld(current.serial, current.vetted)) return;
    this.#held = undefined;
    const delta = this.#at === undefined ? undefined : this.#log.deltaSince(this.#at);
    // A snapshot waits for its turn, and that is not the worker's fault.
    const since = delta === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonic();
    this.#inFlight = { serial: current.serial, snapshot: delta === undefined, since };
    if (delta === undefined) {
      this.#sendSnapshot().catch((error: Error) => this.#failed(error));
      return;
    }
    this.#events.sent('delta');
    this.#send(delta, false).catch((error: Error) => this.#failed(error));
  }

  /** Called now and then: heartbeat, silence, slowness, second tries. */
  tick(): void {
    const now = this.#clock.monotonic();
    const { heartbeatMs, silenceMs, ackMs } = this.#timing;
    if (now - this.#lastSeenAt >= silenceMs) {
      this.drop(fault(streamCodes.workerSilent, `worker ${this.name}: nothing came for ${silenceMs / 1000} s`));
      return;
    }
    if (this.#inFlight !== undefined && now - this.#inFlight.since >= ackMs) {
      const message = `worker ${this.name}: it did not take table ${this.#inFlight.serial} within ${ackMs / 1000} s`;
      this.drop(fault(streamCodes.workerSlow, message));
      return;
    }
    if (now - this.#lastHeartbeatAt >= heartbeatMs) this.#beat();
    this.pump();
  }

  /** Closes in good order. Resolves when the connection has ended. */
  async close(code: number, reason: string): Promise<void> {
    if (this.#ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once('close', () => resolve());
    const timer = this.#clock.after(CLOSING_MS, () => this.#socket.terminate());
    this.#socket.close(code, reason);
    this.#end(undefined);
    await promise;
    timer.cancel();
  }

  /** Cuts the connection. */
  drop(why: Fault): void {
    this.#end(why);
    this.#socket.terminate();
  }

  #end(why: Fault | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.ended(this, why);
  }

  #isHeld(serial: number, vetted: boolean): boolean {
    if (this.#held === undefined) return false;
    if (this.#held.unlessVetted && vetted) return false;
    return serial <= this.#held.serial || this.#clock.monotonic() < this.#held.until;
  }

  async #sendSnapshot(): Promise<void> {
    const done = await this.#slots.take();
    try {
      if (!this.#ended) await this.#sendWhole();
    } finally {
      done();
    }
  }

  /** What is present when its turn has come, which may be a later release than the one that it waited for. */
  async #sendWhole(): Promise<void> {
    const release = this.#log.current!;
    this.#inFlight = { serial: release.serial, snapshot: true, since: this.#clock.monotonic() };
    const parts = await this.#log.snapshot();
    const pieces = this.#version === release.table.version ? [] : parts.pieces;
    const message: Snapshot = {
      type: 'snapshot',
      serial: release.serial,
      version: release.table.version,
      secrets: release.digest,
      pieces: pieces.length,
      secretParts: parts.secretParts.length,
      allowShrink: release.vetted,
    };
    this.#events.sent('snapshot');
    const binary = new Set(pieces);
    for (const part of [Buffer.from(JSON.stringify(message)), ...pieces, ...parts.secretParts]) {
      await this.#send(part, binary.has(part));
      // A large table over a thin line takes its time; as long as it moves on, nothing is wrong.
      if (this.#inFlight !== undefined) this.#inFlight.since = this.#clock.monotonic();
    }
  }

  /** Resolves when the system has taken the bytes: the next part waits for the one before. */
  async #send(data: Buffer, binary: boolean): Promise<void> {
    if (this.#ended) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.send(data, { binary }, (error) => (error == null ? resolve() : reject(error)));
    await promise;
  }

  /** A connection that broke says so itself; anything else is a mistake of ours and must not pass unseen. */
  #failed(error: Error): void {
    this.drop(fault(streamCodes.workerSlow, `worker ${this.name}: ${error.message}`));
  }

  #beat(): void {
    const current = this.#log.current;
    this.#lastHeartbeatAt = this.#clock.monotonic();
    const message: Heartbeat = {
      type: 'heartbeat',
      serial: current?.serial ?? 0,
      version: current?.table.version ?? null,
    };
    this.#events.sent('heartbeat');
    this.#send(Buffer.from(JSON.stringify(message)), false).catch((error: Error) => this.#failed(error));
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    this.#lastSeenAt = this.#clock.monotonic();
    if (!this.#rate.tryTake()) {
      this.#misbehaved(fault(streamCodes.malformed, 'too many messages'));
      return;
    }
    const read = isBinary ? undefined : readWorkerMessage(data.toString());
    if (read === undefined) {
      this.#misbehaved(fault(streamCodes.malformed, 'a worker sent a binary message'));
      return;
    }
    if (!read.ok) {
      this.#misbehaved(read.fault);
      return;
    }
    const { message } = read;
    if (message === undefined) return;
    if ((message.type === 'hello') !== (this.#hello === undefined)) {
      this.#misbehaved(fault(streamCodes.malformed, 'the first message is hello, and no other'));
      return;
    }
    switch (message.type) {
      case 'hello':
        this.#greet(message);
        return;
      case 'ack':
        this.#acked(message);
        return;
      case 'nack':
        this.#refused(message);
        return;
      case 'state':
        this.#reported(message);
        return;
      case 'health':
        this.#events.health(message.callflows);
        return;
    }
  }

  #misbehaved({ message }: Fault): void {
    const why = fault(streamCodes.malformed, `worker ${this.name || this.address}: ${message}`);
    this.#socket.close(CLOSE.protocolError, message.slice(0, 100));
    this.drop(why);
  }

  #greet(hello: Hello): void {
    this.#hello = hello;
    if (this.#name === '') this.#name = hello.worker;
    this.#version = hello.version ?? undefined;
    if (hello.version !== null && hello.secrets !== null) this.#at = this.#log.serialOf(hello.version, hello.secrets);
    this.#events.greeted(this, hello);
    // So that it knows whether it is up to date, and that somebody is there.
    this.#beat();
    this.pump();
  }

  #acked({ serial, version }: Ack): void {
    if (serial !== this.#inFlight?.serial) return;
    this.#inFlight = undefined;
    this.#at = serial;
    this.#version = version;
    this.#problem = undefined;
    this.#events.progressed(this);
    this.pump();
  }

  #refused(nack: Nack): void {
    const { serial, snapshot } = this.#inFlight ?? {};
    if (serial !== nack.serial) return;
    this.#inFlight = undefined;
    this.#problem = { code: nack.code, severity: 'error', message: nack.message };
    const retryAt = this.#clock.monotonic() + this.#timing.retryMs;
    if (nack.reason === 'mismatch') {
      this.#at = undefined;
      this.#version = undefined;
      // Even the whole does not fit: something is wrong that a moment's wait does not mend.
      if (snapshot === true) this.#held = { serial: serial - 1, until: retryAt, unlessVetted: false };
    } else if (nack.reason === 'shrink') this.#held = { serial, until: retryAt, unlessVetted: true };
    else this.#held = { serial, until: 0, unlessVetted: false };
    this.#events.refused(this, nack);
    this.pump();
  }

  #reported({ type: _type, ...state }: State): void {
    this.#state = state;
    this.#events.progressed(this);
  }
}
