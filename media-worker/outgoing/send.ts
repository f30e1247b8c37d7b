import type { Readable } from 'node:stream';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { Connection } from './connection.ts';
import { isRedirect, type Method } from './redirect.ts';

export interface Message {
  readonly method: Method;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | undefined;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** What came back over one connection for one message. */
export type Reply =
  | Response
  | { readonly kind: 'error'; readonly error: unknown; readonly seen: Response | undefined }
  | { readonly kind: 'too-large'; readonly fault: Fault; readonly seen: Response }
  | { readonly kind: 'aborted'; readonly seen: Response | undefined };

/** `seen`, where it is none that can be used: what had come of it. */
export interface Response {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly partial: boolean;
  readonly firstByteMs: number;
}

/**
 * Sends a message on a connection and collects the reply up to `maxBytes`. When `signal` aborts, the connection is dropped at once,
 * even while it is being made.
 */
export function send(
  connection: Connection,
  message: Message,
  maxBytes: number,
  signal: AbortSignal,
  now: () => number,
): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  if (signal.aborted) {
    connection.drop();
    resolve({ kind: 'aborted', seen: undefined });
    return promise;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  let status = 0;
  let headers: Headers = {};
  let started = now();
  let firstByteMs = 0;
  let settled = false;

  const settle = (reply: Reply): void => {
    if (settled) return;
    settled = true;
    signal.removeEventListener('abort', onAbort);
    resolve(reply);
  };
  const response = (partial: boolean): Response => ({
    kind: 'response',
    status,
    headers,
    body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
    partial,
    firstByteMs,
  });
  const seen = (): Response | undefined => (status === 0 ? undefined : response(true));
  // The status says enough where it is no success: what has come of the body will do.
  const enough = (): boolean => status >= 300;
  const onAbort = (): void => {
    settle(status >= 400 ? response(true) : { kind: 'aborted', seen: seen() });
    connection.drop();
  };
  signal.addEventListener('abort', onAbort, { once: true });

  const tooLarge = (bytes: string): void => {
    if (enough()) settle(response(true));
    else {
      settle({
        kind: 'too-large',
        seen: response(true),
        fault: fault(webhookCodes.tooLarge, `the response has ${bytes}, more than the ${maxBytes} allowed`),
      });
    }
    connection.drop();
  };

  try {
    connection.client.dispatch(
      { method: message.method, path: message.path, headers: message.headers, body: message.body ?? null },
      {
        onRequestStart() {
          started = now();
        },
        onResponseStart(_controller, code, fields) {
          if (code < 200) return;
          status = code;
          headers = fields as Headers;
          firstByteMs = now() - started;
          const length = headers['content-length'];
          if (
            message.method !== 'HEAD' &&
            typeof length === 'string' &&
            Number(length) > maxBytes &&
            !isRedirect(code)
          ) {
            tooLarge(`${length} bytes`);
          }
        },
        onResponseData(_controller, chunk) {
          if (settled) return;
          if (size + chunk.length > maxBytes) {
            chunks.push(chunk.subarray(0, maxBytes - size));
            tooLarge(`at least ${size + chunk.length} bytes`);
            return;
          }
          size += chunk.length;
          chunks.push(chunk);
        },
        onResponseEnd() {
          settle(response(false));
        },
        onResponseError(_controller, error) {
          settle({ kind: 'error', error, seen: seen() });
        },
      },
    );
  } catch (error) {
    settle({ kind: 'error', error, seen: undefined });
  }
  return promise;
}
