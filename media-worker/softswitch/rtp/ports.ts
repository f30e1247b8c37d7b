import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fault, PivotError } from '../../../crds/errors/fault.ts';
import { softswitchCodes } from '../../../crds/errors/softswitch.ts';
import { addressToTell } from '../sip/local-address.ts';
import { createMediaClock, type MediaClock } from './clock.ts';
import { createG711 } from './g711.ts';
import { createSession } from './session.ts';
import type { RtpPorts, RtpSession } from './types.ts';

export interface RtpPortsOptions {
  /** IP address to bind; also what sessions say in their SDP, unless it is a wildcard. */
  readonly host: string;
  /** IP address that sessions say in their SDP instead. */
  readonly external?: string;
  /** First and last UDP port, both included; the even ones are used. `[0, 0]` takes whatever the machine gives. */
  readonly range: readonly [from: number, to: number];
  /** Sessions without a source send frames of silence, which keeps NAT bindings and far ends' timers alive. Default true. */
  readonly sendSilenceWhenIdle?: boolean;
  /** The clock to share, when the process has several ranges. */
  readonly clock?: MediaClock;
  /** A source, sink or callback threw. Default: a process warning. */
  readonly onError?: (error: unknown) => void;
}

/** `RtpPorts` with the clock that paces its sessions, for mixers and whatever else must keep time with them. */
export interface ClockedRtpPorts extends RtpPorts {
  readonly clock: MediaClock;
}

/** Sessions at once when the machine chooses the ports. */
const FREE_CAPACITY = 10_000;

export function createRtpPorts(options: RtpPortsOptions): ClockedRtpPorts {
  return new Ports(options);
}

class Ports implements ClockedRtpPorts {
  readonly clock: MediaClock;
  readonly capacity: number;
  readonly #options: RtpPortsOptions;
  readonly #g711 = createG711();
  readonly #sessions = new Set<RtpSession>();
  /** Ports in use or being bound. */
  readonly #taken = new Set<number>();
  readonly #first: number;
  /** Goes round the range, so that a port rests as long as possible before packets of its last call could disturb the next. */
  #cursor = 0;
  #opening = 0;
  #closed = false;

  constructor(options: RtpPortsOptions) {
    this.#options = options;
    this.clock = options.clock ?? createMediaClock();
    const [from, to] = options.range;
    this.#first = from + (from % 2);
    this.capacity = from === 0 ? FREE_CAPACITY : Math.max(0, Math.floor((to - this.#first) / 2) + 1);
  }

  get inUse(): number {
    return this.#sessions.size + this.#opening;
  }

  async open(): Promise<RtpSession> {
    if (this.#closed || this.inUse >= this.capacity) throw this.#exhausted();
    this.#opening++;
    try {
      const { socket, taken } = await this.#bind();
      if (this.#closed) {
        socket.close();
        throw this.#exhausted();
      }
      const session = createSession({
        socket,
        addressFor: (peer) => this.#options.external ?? addressToTell(this.#options.host, peer, networkInterfaces()),
        localPort: socket.address().port,
        clock: this.clock,
        g711: this.#g711,
        sendSilenceWhenIdle: this.#options.sendSilenceWhenIdle ?? true,
        onError: this.#options.onError ?? warn,
        onClose: (closed) => {
          this.#sessions.delete(closed);
          this.#taken.delete(taken);
        },
      });
      this.#sessions.add(session);
      return session;
    } finally {
      this.#opening--;
    }
  }

  close(): void {
    this.#closed = true;
    for (const session of [...this.#sessions]) session.close();
  }

  async #bind(): Promise<{ socket: Socket; taken: number }> {
    if (this.#options.range[0] === 0) return { socket: await this.#bindTo(0), taken: 0 };
    for (let attempt = 0; attempt < this.capacity; attempt++) {
      const port = this.#first + 2 * (this.#cursor++ % this.capacity);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      try {
        return { socket: await this.#bindTo(port), taken: port };
      } catch (error) {
        this.#taken.delete(port);
        // Somebody else's port is passed over; anything else would go wrong on every port.
        if (codeOf(error) !== 'EADDRINUSE' && codeOf(error) !== 'EACCES') throw this.#cannotBind(port, error);
      }
    }
    throw this.#exhausted();
  }

  async #bindTo(port: number): Promise<Socket> {
    const { host } = this.#options;
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      // Addresses of far ends are always numeric here; the resolver would cost a turn of the event loop per packet.
      lookup: (address, _options, callback) => callback(null, address, isIPv6(address) ? 6 : 4),
    });
    try {
      const listening = once(socket, 'listening');
      socket.bind({ port, address: host, exclusive: true });
      await listening;
      return socket;
    } catch (error) {
      socket.close();
      throw port === 0 ? this.#cannotBind(port, error) : error;
    }
  }

  #exhausted(): PivotError {
    const { host, range } = this.#options;
    return new PivotError(
      fault(
        softswitchCodes.portsExhausted,
        `no RTP port is free on ${host} in ${range[0]}-${range[1]} (${this.inUse} in use)`,
      ),
    );
  }

  #cannotBind(port: number, cause: unknown): PivotError {
    const { host } = this.#options;
    return new PivotError(
      fault(softswitchCodes.cannotBind, `cannot open UDP port ${port} on ${host}: ${codeOf(cause)}`),
      {
        cause,
      },
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
}
