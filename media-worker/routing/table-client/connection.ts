import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { streamCodes } from '../../../crds/errors/stream.ts';
import { readRefusal } from '../../../crds/read-stream.ts';
import { STREAM_LIMITS, STREAM_PROTOCOL, type WorkerMessage } from '../../../crds/stream.ts';
import type { Clock, Timer } from '../../../runtime/clock.ts';

/** How to get in; read anew for each attempt, since both are renewed while the worker runs. */
export interface StreamCredentials {
  readonly token: string;
  /** PEM of whom to trust; the system's own unless given. */
  readonly ca?: string | Buffer;
  /** Name that the operator's certificate must have, if it is not the address. */
  readonly servername?: string;
}

export interface ConnectionTiming {
  /** Until the connection stands. Milliseconds. */
  readonly connectMs: number;
  /** Nothing came for so long: the connection is dead. Milliseconds. */
  readonly silenceMs: number;
}

export type Inbound = { readonly data: Buffer; readonly isBinary: boolean };

/** Bytes that wait to be worked on before the operator is made to wait, and after which it may go on. */
const PAUSE_BYTES = 4 * 1024 * 1024;
const RESUME_BYTES = 1024 * 1024;
/** How long the operator may take to close from its side. Milliseconds. */
const CLOSING_MS = 1_000;
/** Bytes of a refusal that are read. */
const REFUSAL_BYTES = 4096;

/** One connection to the operator. Messages are taken one by one with `next`. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #timing: ConnectionTiming;
  readonly #queue: Inbound[] = [];
  readonly #opened = Promise.withResolvers<boolean>();
  readonly #ended = Promise.withResolvers<void>();
  #bytes = 0;
  #wake: (() => void) | undefined;
  #timer: Timer;
  #fault: Fault | undefined;
  #isEnded = false;

  constructor(url: string, credentials: StreamCredentials, clock: Clock, timing: ConnectionTiming) {
    const { token, ca, servername } = credentials;
    this.#clock = clock;
    this.#timing = timing;
    this.#timer = clock.after(timing.connectMs, () => this.#late(`no connection within ${timing.connectMs / 1000} s`));
    this.#socket = new WebSocket(url, [STREAM_PROTOCOL], {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      maxPayload: STREAM_LIMITS.operatorMessageBytes,
      followRedirects: false,
      ...(ca === undefined ? {} : { ca }),
      ...(servername === undefined ? {} : { servername }),
    });
    this.#socket.on('open', () => this.#listen());
    this.#socket.on('message', (data: Buffer, isBinary) => this.#take({ data, isBinary }));
    this.#socket.on('unexpected-response', (_request, response) => this.#refused(response));
    this.#socket.on('error', (error) => this.#end(fault(streamCodes.unreachable, `${url}: ${error.message}`)));
    this.#socket.on('close', (code, reason) => {
      const why = reason.length === 0 ? '' : `: ${reason.toString().slice(0, 200)}`;
      this.#end(fault(streamCodes.unreachable, `${url}: the connection was closed (${code}${why})`));
    });
  }

  /** Resolves when the connection stands (true) or has failed (false). */
  get opened(): Promise<boolean> {
    return this.#opened.promise;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Why it has ended. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** The next message; undefined: it has ended. */
  async next(): Promise<Inbound | undefined> {
    while (this.#queue.length === 0 && !this.#isEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    // What came before the end is not worked on: the answer would reach nobody, and the table comes again.
    if (this.#isEnded) return undefined;
    const message = this.#queue.shift()!;
    this.#bytes -= message.data.length;
    if (this.#socket.isPaused && this.#bytes < RESUME_BYTES) this.#socket.resume();
    return message;
  }

  send(message: WorkerMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Ends it; `why` undefined: nothing is wrong. */
  close(why: Fault | undefined): void {
    this.#socket.close();
    const timer = this.#clock.after(CLOSING_MS, () => this.#socket.terminate());
    this.#socket.once('close', () => timer.cancel());
    this.#end(why);
  }

  #listen(): void {
    this.#guard(this.#timing.silenceMs);
    this.#opened.resolve(true);
  }

  #guard(ms: number): void {
    this.#timer.cancel();
    this.#timer = this.#clock.after(ms, () => {
      // It is we who do not keep up.
      if (this.#queue.length > 0) this.#guard(ms);
      else this.#late(`nothing came for ${ms / 1000} s`);
    });
  }

  #late(why: string): void {
    this.#end(fault(streamCodes.unreachable, `${this.#socket.url}: ${why}`));
  }

  #take(message: Inbound): void {
    if (this.#isEnded) return;
    this.#guard(this.#timing.silenceMs);
    this.#queue.push(message);
    this.#bytes += message.data.length;
    if (this.#bytes > PAUSE_BYTES) this.#socket.pause();
    this.#wake?.();
  }

  /** An HTTP answer in place of a WebSocket: the operator's refusal, or somebody else who listens there. */
  #refused(response: IncomingMessage): void {
    let body = '';
    const tell = () => {
      const refusal = readRefusal(body);
      const entry = response.statusCode === 401 ? streamCodes.unauthorized : streamCodes.unreachable;
      this.#end(
        refusal === undefined
          ? fault(entry, `${this.#socket.url}: HTTP ${response.statusCode}`)
          : { code: refusal.code, severity: 'error', message: refusal.message },
      );
    };
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > REFUSAL_BYTES) tell();
    });
    response.on('end', tell);
    response.on('error', tell);
  }

  #end(why: Fault | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#fault = why;
    this.#timer.cancel();
    // Half-open: nobody would answer a closing handshake.
    if (why !== undefined) this.#socket.terminate();
    this.#opened.resolve(false);
    this.#ended.resolve();
    this.#wake?.();
  }
}
