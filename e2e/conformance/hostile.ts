import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setInterval as every } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What a hostile server does with a connection once a request has come. */
export type Misdeed = (socket: Socket, url: string) => unknown;

/** A server that speaks no HTTP of its own: each path is answered byte by byte as its misdeed says. */
export interface Hostile {
  readonly url: string;
  /** Connections that are open. */
  readonly open: number;
  close(): Promise<void>;
}

export async function startHostile(misdeeds: Readonly<Record<string, Misdeed>>): Promise<Hostile> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = pending.slice(0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      pending = pending.slice(end + 4 + length);
      const path = /^\S+ \/([^/? ]*)/.exec(head)?.[1] ?? '';
      void Promise.resolve(misdeeds[path]?.(socket, url)).catch(() => socket.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    get open() {
      return sockets.size;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A whole answer, as a well-behaved server sends it. */
export function answer(
  type: string,
  body: string | Uint8Array,
  headers: readonly string[] = [],
  status = '200 OK',
): Misdeed {
  const bytes = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, `content-type: ${type}`, `content-length: ${bytes.length}`, ...headers];
  return raw(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]));
}

/** These bytes and the end of the connection. */
export function raw(bytes: string | Uint8Array): Misdeed {
  return (socket) => socket.end(bytes);
}

/** `first` at once, then `more` again and again: every so many milliseconds, or as fast as it is taken. */
export function trickle(first: string, more: string, everyMs?: number): Misdeed {
  return async (socket) => {
    socket.write(first);
    if (everyMs === undefined) {
      while (!socket.destroyed)
        if (!socket.write(more)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
      return;
    }
    for await (const _ of every(everyMs)) {
      if (socket.destroyed) return;
      socket.write(more);
    }
  };
}

export function moved(location: string, status = 302): Misdeed {
  return raw(`HTTP/1.1 ${status} Moved\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
}

const MIB = 1024 * 1024;

/** 100 MiB of TwiML in about 100 KiB. */
export function gzipBomb(): Uint8Array {
  return gzipSync(Buffer.alloc(100 * MIB, ' '));
}

/** 100 MiB in about 100 bytes. */
export function brotliBomb(): Uint8Array {
  return brotliCompressSync(Buffer.alloc(100 * MIB, ' '), { params: {} });
}

/** Ten levels of ten: ten thousand million times "ha". */
export function billionLaughs(): string {
  const entities = Array.from({ length: 10 }, (_, level) =>
    level === 0 ? '<!ENTITY e0 "ha">' : `<!ENTITY e${level} "${`&e${level - 1};`.repeat(10)}">`,
  );
  return `<?xml version="1.0"?><!DOCTYPE Response [${entities.join('')}]><Response><Say>&e9;</Say></Response>`;
}
