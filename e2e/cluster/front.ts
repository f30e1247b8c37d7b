import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What the Service of the table stream does: new connections go to the pod that carries the leader's label. */
export interface Front {
  /** `wss://127.0.0.1:PORT`. */
  readonly url: string;
  /** Cuts all connections without a word, as a network that goes away does: nothing more passes, and neither side is told. */
  freeze(): void;
  /** Lets new connections through again; those that were frozen stay so. */
  thaw(): void;
  close(): Promise<void>;
}

/** `leader` says the port of who leads; undefined: nobody, and connections are refused. */
export async function startFront(leader: () => Promise<number | undefined>): Promise<Front> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  const server = createServer({ pauseOnConnect: true }, (client) => {
    client.on('error', () => client.destroy());
    leader()
      .then((port) => {
        if (port === undefined || client.destroyed || frozen) {
          client.destroy();
          return;
        }
        const upstream = connect(port, '127.0.0.1');
        const pair = [client, upstream] as const;
        pairs.add(pair);
        const end = (): void => {
          if (!pairs.delete(pair)) return;
          client.destroy();
          upstream.destroy();
        };
        upstream.on('error', end).on('close', end);
        client.on('close', end);
        client.pipe(upstream).pipe(client);
        client.resume();
      })
      .catch(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze() {
      frozen = true;
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
    },
    thaw() {
      frozen = false;
    },
    async close() {
      server.close();
      for (const [client, upstream] of pairs) {
        client.destroy();
        upstream.destroy();
      }
      await once(server, 'close');
    },
  };
}
