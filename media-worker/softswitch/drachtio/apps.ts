import type { Server, Socket } from 'node:net';
import type { Log } from '../sip/log.ts';
import type { Limits } from './context.ts';
import { createFrameReader, frame } from './frames.ts';
import type { App } from './records.ts';

export interface AppsOptions {
  readonly server: Server;
  readonly limits: Limits;
  readonly receive: (app: App, payload: string) => void;
  /** The connection is closed, by whoever. */
  readonly left: (app: App) => void;
  readonly log: Log | undefined;
}

/** The connections of applications: frames in and out, limits, nothing of what they mean. */
export interface Apps {
  readonly size: number;
  close(): void;
}

/** An application authenticates within this time, in milliseconds, or its place is given to another. */
const SILENT_MS = 30_000;

export function acceptApps(options: AppsOptions): Apps {
  const { server, limits, log } = options;
  const sockets = new Set<Socket>();
  let nextId = 1;

  server.on('connection', (socket) => {
    if (sockets.size >= limits.apps) {
      log?.('warn', 'too many applications connected to the drachtio port', { limit: limits.apps });
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    const reader = createFrameReader();
    const app: App = {
      id: nextId++,
      gone: false,
      authenticated: false,
      send(payload) {
        if (app.gone || !socket.writable) return;
        if (socket.writableLength > limits.queuedBytes) {
          log?.('error', 'an application does not read its drachtio connection, closing it', { app: app.id });
          socket.destroy();
          return;
        }
        socket.write(frame(payload));
      },
      close() {
        socket.end();
      },
    };
    const silence = setTimeout(() => {
      if (!app.authenticated) socket.destroy();
    }, SILENT_MS);
    socket.on('data', (chunk) => {
      const payloads = reader.push(chunk);
      if (payloads === undefined) {
        log?.('warn', 'a malformed frame on the drachtio port, closing the connection', { app: app.id });
        socket.end();
        socket.removeAllListeners('data');
        socket.resume();
        return;
      }
      for (const payload of payloads) {
        try {
          options.receive(app, payload);
        } catch (error) {
          log?.('error', 'handling a drachtio frame failed', {
            error: error instanceof Error ? error.stack : String(error),
          });
        }
      }
    });
    socket.on('error', (error) => log?.('debug', 'drachtio connection', { app: app.id, error: error.message }));
    const leave = (): void => {
      if (app.gone) return;
      app.gone = true;
      options.left(app);
    };
    // Half closed is gone: nothing that is sent now would be handled.
    socket.on('end', leave);
    socket.on('close', () => {
      clearTimeout(silence);
      sockets.delete(socket);
      leave();
    });
  });

  return {
    get size() {
      return sockets.size;
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
