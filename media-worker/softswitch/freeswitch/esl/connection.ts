/**
 * One event socket, inbound (a client connected to us) or outbound (we connected for a channel). Commands are answered strictly in
 * order; events that a command causes follow its reply.
 */

import type { Socket } from 'node:net';
import type { Channel } from '../channel.ts';
import type { Core, EventListener } from '../core.ts';
import { frameEvent, type SwitchEvent } from '../event.ts';
import { runCommand } from './commands.ts';
import { type Command, createCommandParser } from './parser.ts';
import { Subscription } from './subscription.ts';

const GOODBYE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';
/** A client that lets this much pile up does not read; FreeSWITCH drops its events, we drop the client. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** Commands that wait while one is executed. */
const MAX_QUEUED = 1000;
/** Time to authenticate. */
const AUTH_MS = 10_000;

/** What a command is answered with. `close` disconnects after it. */
export interface Reply {
  readonly text: string;
  readonly close?: boolean;
  /** Done once this reply, and those to the commands that came with it, are written. */
  readonly after?: () => void;
}

export interface EventSocketOptions {
  readonly core: Core;
  readonly socket: Socket;
  /** Of an outbound connection. */
  readonly channel?: Channel;
  /** Of an inbound connection: whether the password is right. */
  readonly authenticate?: (password: string) => boolean;
  readonly onClosed: () => void;
}

export class EventSocket implements EventListener {
  readonly core: Core;
  readonly channel: Channel | undefined;
  readonly subscription = new Subscription();
  readonly authenticate: (password: string) => boolean;
  authenticated: boolean;
  /** Seconds to stay after the channel has ended; 0 as long as the client likes, undefined not at all. */
  linger: number | undefined;
  readonly #socket: Socket;
  readonly #queue: Command[] = [];
  readonly #onClosed: () => void;
  #busy = false;
  #held: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #lingering = false;
  /** To be disconnected as soon as the command at hand is answered. */
  #doomed = false;

  constructor(options: EventSocketOptions) {
    this.core = options.core;
    this.channel = options.channel;
    this.authenticate = options.authenticate ?? (() => false);
    this.authenticated = options.channel !== undefined;
    this.#socket = options.socket;
    this.#onClosed = options.onClosed;
    const parser = createCommandParser();
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes) => {
      try {
        this.#receive(parser.push(bytes));
      } catch (error) {
        this.core.log('warn', 'event socket: command too long', { error: String(error) });
        this.#write('Content-Type: command/reply\nReply-Text: -ERR command too long\n\n');
        this.disconnect();
      }
    });
    this.#socket.on('error', (error) => this.core.log('debug', 'event socket', { error: String(error) }));
    this.#socket.on('close', () => this.#closed());
    if (this.channel === undefined) {
      this.#write('Content-Type: auth/request\n\n');
      this.#timer = setTimeout(() => this.disconnect(), AUTH_MS);
    }
  }

  wants(name: string, subclass: string | undefined, uuid: string | undefined): boolean {
    return !this.#closing && !this.#doomed && this.subscription.wants(name, subclass, uuid);
  }

  deliver(event: SwitchEvent): void {
    if (!this.subscription.passes(event)) return;
    const text = frameEvent(event, this.subscription.format);
    if (this.#busy) this.#held.push(text);
    else this.#write(text);
  }

  /** The right password came, or there is none to give. */
  admit(): void {
    this.authenticated = true;
    clearTimeout(this.#timer);
    this.core.listeners.add(this);
  }

  #receive(commands: readonly Command[]): void {
    if (this.#closing) return;
    if (this.#queue.length + commands.length > MAX_QUEUED) throw new RangeError('too many commands at once');
    this.#queue.push(...commands);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    const deeds: (() => void)[] = [];
    for (let command = this.#queue.shift(); command !== undefined; command = this.#queue.shift()) {
      this.#busy = true;
      let reply: Reply | Promise<Reply>;
      try {
        reply = runCommand(this, command);
        if (reply instanceof Promise) reply = await reply;
      } catch (error) {
        this.core.log('error', 'event socket: command failed', { command: command.line, error: String(error) });
        reply = { text: 'Content-Type: command/reply\nReply-Text: -ERR internal error\n\n' };
      }
      this.#write(reply.text);
      if (reply.after !== undefined) deeds.push(reply.after);
      this.#busy = false;
      this.#flush();
      if (reply.close === true) this.#close();
      else if (this.#doomed) this.disconnect();
    }
    // FreeSWITCH hands these to the channel's own thread: commands that came together are all answered before any is carried out (31c).
    for (const deed of deeds) deed();
  }

  #flush(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    this.#write(held.join(''));
  }

  #write(text: string): void {
    if (this.#closing || !this.#socket.writable) return;
    this.#socket.write(text);
    if (this.#socket.writableLength <= MAX_UNREAD_BYTES) return;
    this.core.log('warn', 'event socket: the client does not read; dropped');
    this.#closing = true;
    this.#socket.destroy();
  }

  /** Sends the disconnect notice and closes; with `linger`, closes when its time is up. */
  disconnect(): void {
    if (this.#closing || this.#lingering) return;
    this.#doomed = this.#busy;
    if (this.#busy) return;
    if (this.channel !== undefined && this.linger !== undefined) {
      this.#flush();
      this.#lingering = true;
      this.#write(this.#notice('linger'));
      if (this.linger > 0) this.#timer = setTimeout(() => this.#close(), this.linger * 1000);
      return;
    }
    this.#close();
  }

  #close(): void {
    if (this.#closing) return;
    clearTimeout(this.#timer);
    this.#flush();
    this.#write(this.#notice('disconnect'));
    this.#closing = true;
    this.core.listeners.delete(this);
    this.#socket.end();
    // The client has its say: FreeSWITCH closes its side and waits for the other.
    this.#socket.resume();
    this.#timer = setTimeout(() => this.#socket.destroy(), 1000);
  }

  #notice(disposition: 'linger' | 'disconnect'): string {
    const { channel } = this;
    const lines = ['Content-Type: text/disconnect-notice'];
    if (channel !== undefined) {
      lines.push(`Controlled-Session-UUID: ${channel.uuid}`, `Content-Disposition: ${disposition}`);
      if (disposition === 'linger') lines.push(`Channel-Name: ${channel.name}`, `Linger-Time: ${this.linger ?? 0}`);
    }
    const text = disposition === 'linger' ? '' : GOODBYE;
    return `${lines.join('\n')}\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`;
  }

  #closed(): void {
    clearTimeout(this.#timer);
    this.#closing = true;
    this.core.listeners.delete(this);
    this.#onClosed();
  }

  /** Without notice: the stand-in is going down. */
  destroy(): void {
    clearTimeout(this.#timer);
    this.#closing = true;
    this.core.listeners.delete(this);
    this.#socket.destroy();
  }
}
