import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { readOperatorMessage } from '../../../crds/read-stream.ts';
import type { RoutingTable } from '../../../crds/routing-table.ts';
import {
  type Hello,
  type Nack,
  type OperatorMessage,
  STREAM_PATH,
  STREAM_PROTOCOL,
  type WorkerMessage,
  type WorkerState,
} from '../../../crds/stream.ts';
import { finish, type TextCache } from '../../../crds/table-hash.ts';
import { TableAssembly } from '../../../crds/table-pieces.ts';

/** The worker's side of the stream, done by hand. */
export class RawWorker {
  readonly socket: WebSocket;
  readonly messages: OperatorMessage[] = [];
  readonly pieces: Buffer[] = [];
  closed: number | undefined;
  /** HTTP status and body of a refusal. */
  refusal: { status: number | undefined; body: string } | undefined;

  constructor(port: number, token = 'token', options: { path?: string; protocol?: string; origin?: string } = {}) {
    const { path = STREAM_PATH, protocol = STREAM_PROTOCOL, origin } = options;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [protocol], {
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      ...(origin === undefined ? {} : { origin }),
    });
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.pieces.push(data);
      else {
        const read = readOperatorMessage(data.toString());
        if (read.ok && read.message !== undefined) this.messages.push(read.message);
      }
    });
    this.socket.on('unexpected-response', (_request, response) => {
      const refusal = { status: response.statusCode, body: '' };
      response.on('data', (data: Buffer) => {
        refusal.body += data.toString();
      });
      response.on('end', () => {
        this.refusal = refusal;
      });
    });
    this.socket.on('close', (code) => {
      this.closed = code;
    });
    this.socket.on('error', () => {});
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  get last(): OperatorMessage | undefined {
    return this.messages.at(-1);
  }

  of<T extends OperatorMessage['type']>(type: T): Extract<OperatorMessage, { type: T }>[] {
    return this.messages.filter((one) => one.type === type) as Extract<OperatorMessage, { type: T }>[];
  }

  send(message: WorkerMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  hello(more: Partial<Hello> = {}): void {
    const self = { worker: 'worker-0', node: 'node-0', epoch: 'e', build: '0', capacity: 200 };
    this.send({ type: 'hello', ...self, version: null, secrets: null, ...more });
  }

  state(more: Partial<WorkerState> = {}): void {
    this.send({ type: 'state', ready: true, draining: false, activeCalls: 0, reasons: [], ...more });
  }

  /** Acknowledges the last snapshot or delta. */
  ack(): void {
    const { serial, version } = this.offered;
    this.send({ type: 'ack', serial, version });
  }

  nack(more: Pick<Nack, 'reason'> & Partial<Nack>): void {
    const { serial, version } = this.offered;
    this.send({ type: 'nack', serial, version, code: 'PV-2106', message: 'no', objects: [], ...more });
  }

  /** What the last snapshot or delta leads to. */
  get offered(): { readonly serial: number; readonly version: string } {
    const last = this.messages.findLast((one) => one.type === 'snapshot' || one.type === 'delta');
    if (last === undefined) throw new Error('nothing was offered');
    return { serial: last.serial, version: last.type === 'snapshot' ? last.version : last.table.to };
  }

  /** The table of the last snapshot. */
  table(cache: TextCache = new WeakMap()): RoutingTable {
    const { version, pieces } = this.of('snapshot').at(-1)!;
    const assembly = new TableAssembly(cache);
    for (const piece of this.pieces.slice(-pieces)) assembly.add(gunzipSync(piece).toString());
    const whole = finish(assembly.finish(version));
    if ('fault' in whole) throw new Error(whole.fault.message);
    return whole.table;
  }
}
