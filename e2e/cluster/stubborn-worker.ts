import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Cluster } from './cluster.ts';

/** A worker of another version, which cannot use one callflow: it refuses each table with a new generation of it. */
export class StubbornWorker {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async connect(cluster: Cluster, key: string): Promise<StubbornWorker> {
    const name = 'stubborn';
    const token = await cluster.workerToken(name);
    const socket = new WebSocket(`${cluster.front.url}/v1/table`, ['pivot.table.v1'], {
      headers: { authorization: `Bearer ${token}` },
      rejectUnauthorized: false,
    });
    const send = (message: object): void => socket.send(JSON.stringify(message));
    let offer: { readonly serial: number; readonly version: string } | undefined;
    let missing = 0;
    const taken = Promise.withResolvers<void>();
    const accept = (): void => {
      send({ type: 'ack', ...offer });
      taken.resolve();
    };
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        if (--missing === 0) accept();
        return;
      }
      const message = JSON.parse(data.toString());
      if (message.type === 'snapshot') {
        offer = { serial: message.serial, version: message.version };
        missing = message.pieces + message.secretParts;
        if (missing === 0) accept();
      } else if (message.type === 'secrets' && --missing === 0) accept();
      else if (message.type === 'delta') {
        offer = { serial: message.serial, version: message.table.to };
        const set: { key: string; generation: number }[] = message.table.callflows.set;
        if (!set.some((one) => one.key === key && one.generation > 1)) {
          accept();
          return;
        }
        const why = { code: 'PV-2106', message: 'this worker does not know it' };
        send({ type: 'nack', ...offer, reason: 'objects', ...why, objects: [{ key, ...why }] });
      }
    });
    await once(socket, 'open');
    send({ type: 'hello', worker: name, node: 'n', epoch: 'e', build: '0', capacity: 1, version: null, secrets: null });
    send({ type: 'state', ready: true, draining: false, activeCalls: 0, reasons: [] });
    await taken.promise;
    return new StubbornWorker(socket);
  }

  close(): void {
    this.#socket.close();
  }
}
