/** For tests: one event socket as the application sees it. */

import { once } from 'node:events';
import type { Socket } from 'node:net';

/** A message from the stand-in: an event with its headers, or anything else as text. */
export type Message = { readonly event: Readonly<Record<string, string>> } | { readonly text: string };

/** Longest that a message may be waited for: on a busy machine, several times what the longest sound of a transcript takes. */
const PATIENCE_MS = 20_000;

function plainEvent(body: string): Record<string, string> {
  const headers = body.split('\n\n')[0] ?? '';
  return Object.fromEntries(
    headers.split('\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), decodeURIComponent(line.slice(colon + 2))];
    }),
  );
}

/** Splits messages of an event socket and hands them out in order. */
export class Wire {
  readonly socket: Socket;
  /** Takes all messages from now on. */
  onMessage: ((message: Message) => void) | undefined;
  readonly #messages: Message[] = [];
  #arrived: (() => void) | undefined;
  #buffer = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#buffer += text;
      for (let message = this.#take(); message !== undefined; message = this.#take()) {
        if (this.onMessage === undefined) this.#messages.push(message);
        else this.onMessage(message);
      }
      this.#arrived?.();
    });
    socket.on('error', () => {});
  }

  #take(): Message | undefined {
    const end = this.#buffer.indexOf('\n\n');
    if (end === -1) return undefined;
    const head = this.#buffer.slice(0, end);
    const channelData = head.startsWith('Event-Name: CHANNEL_DATA');
    const length = channelData ? 0 : Number(/^Content-Length: (\d+)/m.exec(head)?.[1] ?? 0);
    if (Buffer.byteLength(this.#buffer) < end + 2 + length) return undefined;
    const body = this.#buffer.slice(end + 2, end + 2 + length);
    this.#buffer = this.#buffer.slice(end + 2 + length);
    if (head.includes('text/event-json')) return { event: JSON.parse(body) as Record<string, string> };
    if (head.includes('text/event-plain')) return { event: plainEvent(body) };
    return { text: `${head}\n\n${body}` };
  }

  /** The next message that is not passed over. */
  async next(what: string, passOver: (message: Message) => boolean = () => false): Promise<Message> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`nothing came for ${what}`)), PATIENCE_MS);
    try {
      for (;;) {
        const message = this.#messages.shift();
        if (message === undefined) {
          const arrival = Promise.withResolvers<void>();
          this.#arrived = arrival.resolve;
          await Promise.race([arrival.promise, promise]);
        } else if (!passOver(message)) return message;
      }
    } finally {
      clearTimeout(timer);
      this.#arrived = undefined;
      resolve();
    }
  }

  /** Resolves when the stand-in has closed its side. */
  async closed(): Promise<void> {
    if (!this.socket.readableEnded) await once(this.socket, 'end', { signal: AbortSignal.timeout(PATIENCE_MS) });
  }
}
