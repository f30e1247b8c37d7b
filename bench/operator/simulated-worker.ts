import { WebSocket } from 'ws';
import { STREAM_PATH, STREAM_PROTOCOL } from '../../crds/stream.ts';

export interface SimulatedWorkerOptions {
  /** `wss://HOST:PORT`. */
  readonly url: string;
  readonly ca: Buffer;
  readonly token: string;
  readonly name: string;
  /** Told of each table that was acknowledged. */
  readonly onAck: (name: string) => void;
}

const RETRY_MS = 100;
/** As often as workers do. */
const REPORT_MS = 10_000;

/** Acknowledges whatever is offered and does nothing with it: the operator is what is measured. Connects until it is closed. */
export class SimulatedWorker {
  readonly #options: SimulatedWorkerOptions;
  #socket: WebSocket | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #report: NodeJS.Timeout | undefined;

  constructor(options: SimulatedWorkerOptions) {
    this.#options = options;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#report);
    this.#socket?.terminate();
  }

  #connect(): void {
    const { url, ca, token, name, onAck } = this.#options;
    const socket = new WebSocket(`${url}${STREAM_PATH}`, [STREAM_PROTOCOL], {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      ca,
    });
    this.#socket = socket;
    let offer: { readonly serial: number; readonly version: string } | undefined;
    let missing = 0;
    const answer = (): void => {
      socket.send(JSON.stringify({ type: 'ack', ...offer }));
      onAck(name);
    };
    socket
      .on('error', () => {})
      .on('close', () => {
        clearInterval(this.#report);
        if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
      })
      .on('open', () => {
        const self = { worker: name, node: 'bench', epoch: name, build: 'bench', capacity: 200 };
        socket.send(JSON.stringify({ type: 'hello', ...self, version: null, secrets: null }));
        const state = JSON.stringify({ type: 'state', ready: true, draining: false, activeCalls: 0, reasons: [] });
        socket.send(state);
        this.#report = setInterval(() => socket.send(state), REPORT_MS);
      })
      .on('message', (data: Buffer, isBinary) => {
        if (isBinary) {
          if (--missing === 0) answer();
          return;
        }
        const message = JSON.parse(data.toString());
        if (message.type === 'snapshot') {
          offer = { serial: message.serial, version: message.version };
          missing = message.pieces + message.secretParts;
          if (missing === 0) answer();
        } else if (message.type === 'secrets') {
          if (--missing === 0) answer();
        } else if (message.type === 'delta') {
          offer = { serial: message.serial, version: message.table.to };
          answer();
        }
      });
  }
}
