/**
 * For tests: plays a trimmed transcript (testdata/*.json) against the stand-in. What the application and the caller did is done again;
 * what FreeSWITCH answered must come again, in the same order on each connection, with the headers and variables that are read.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createRtpPorts } from '../rtp/ports.ts';
import { makeOffer, readAnswer } from '../rtp/sdp.ts';
import type { RtpSession } from '../rtp/types.ts';
import type { Dialog, DialogEnd, UserAgent } from '../sip/types.ts';
import { createUserAgent } from '../sip/user-agent.ts';
import { type Freeswitch, startFreeswitch } from './freeswitch.ts';

/** `$1` stands for the channel of connection 1; connection 0 is inbound. */
type Step =
  | { readonly label: string }
  | { readonly conn: number; readonly send: string }
  | { readonly conn: number; readonly reply: string }
  /** `uuid_dump`: the names of what must be there. */
  | { readonly conn: number; readonly dump: readonly string[] }
  /** A long list: what must stand in it somewhere. */
  | { readonly conn: number; readonly list: readonly string[] }
  | { readonly conn: number; readonly event: Readonly<Record<string, string | null>> }
  | { readonly conn: number; readonly press: string }
  | { readonly bye: 'local'; readonly reason: string }
  | { readonly bye: 'remote' };

/** A message from the stand-in: an event with its headers, or anything else as text. */
type Message = { readonly event: Record<string, string> } | { readonly text: string };

/** Actions that depend on what was said in the call, which the transcripts leave out. */
const IGNORED_ACTIONS = new Set(['start-talking', 'stop-talking', 'floor-change']);

/** Variables of things the stand-in has not got: other transports, RTCP, crypto. Nobody reads them. */
const NOT_OURS = new Set([
  'variable_media_timeout_audio',
  'variable_media_hold_timeout_audio',
  'variable_rtp_hold_timeout_sec',
  'variable_rtp_use_ssrc',
]);

/** Splits messages of an event socket and hands them out in order. */
class Wire {
  readonly socket: Socket;
  readonly #messages: Message[] = [];
  readonly #waiting: ((message: Message) => void)[] = [];
  #buffer = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#buffer += text;
      for (let message = this.#take(); message !== undefined; message = this.#take()) this.#give(message);
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
    return { text: `${head}\n\n${body}` };
  }

  #give(message: Message): void {
    if ('event' in message && ignored(message.event)) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(message);
    else waiting(message);
  }

  async next(what: string): Promise<Message> {
    const ready = this.#messages.shift();
    if (ready !== undefined) return ready;
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error(`nothing came for ${what}`)), 8000);
    try {
      return await Promise.race([new Promise<Message>((resolve) => this.#waiting.push(resolve)), timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function ignored(event: Record<string, string>): boolean {
  return event['Event-Name'] === 'HEARTBEAT' || IGNORED_ACTIONS.has(event['Action'] ?? '');
}

interface Leg {
  readonly wire: Wire;
  readonly uuid: string;
  readonly dialog: Dialog;
  readonly rtp: RtpSession;
}

const SUBSCRIBE =
  'event json CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_PROGRESS_MEDIA CHANNEL_CALLSTATE CHANNEL_ANSWER DTMF ' +
  'DETECTED_TONE SWITCH_EVENT_PLAYBACK_START SWITCH_EVENT_PLAYBACK_STOP CUSTOM conference::maintenance BACKGROUND_JOB\n\n';

class Replay {
  readonly #freeswitch: Freeswitch;
  readonly #agent: UserAgent;
  readonly #rtp = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
  readonly #server: Server;
  readonly #legs = new Map<number, Leg>();
  #inbound: Wire | undefined;
  #hungUp: Dialog[] = [];
  /** Names the transcript had that are others here: conferences, files. */
  readonly #file: string;

  constructor(freeswitch: Freeswitch, agent: UserAgent, server: Server, file: string) {
    this.#freeswitch = freeswitch;
    this.#agent = agent;
    this.#server = server;
    this.#file = file;
  }

  async run(steps: readonly Step[]): Promise<void> {
    let label = '';
    // All channels exist before the first step where the transcript had several at once.
    for (const conn of startConnections(steps)) await this.#leg(conn);
    for (const [index, step] of joined(steps).entries()) {
      if ('label' in step) label = step.label;
      else await this.#step(step, `${this.#file} step ${index}, "${label}"`);
    }
  }

  async #step(step: Exclude<Step, { label: string }>, where: string): Promise<void> {
    if ('bye' in step) return this.#bye(step, where);
    const wire = step.conn === 0 ? await this.#inboundWire() : (await this.#leg(step.conn)).wire;
    if ('send' in step) {
      for (const [, conn] of step.send.matchAll(/\$(\d+)/g)) await this.#leg(Number(conn));
      wire.socket.write(this.#mine(step.send));
      this.#noteHangup(step);
    } else if ('dump' in step) {
      const message = await wire.next(`${where}: channel data`);
      assert.ok('text' in message);
      const names = new Set([...message.text.matchAll(/^([\w-]+): /gm)].map((match) => match[1]));
      assert.deepEqual(
        step.dump.filter((name) => !names.has(name) && !NOT_OURS.has(name)),
        [],
        where,
      );
    } else if ('list' in step) {
      const message = await wire.next(`${where}: a list`);
      assert.ok('text' in message);
      const missing = step.list.filter((part) => !message.text.includes(part));
      assert.deepEqual(missing, [], `${where}: ${message.text}`);
    } else if ('press' in step) await this.#press(step.conn, step.press);
    else if ('reply' in step) {
      const message = await wire.next(`${where}: ${step.reply}`);
      const text = 'text' in message ? message.text : JSON.stringify(message.event);
      assert.equal(this.#comparable(text), this.#comparable(this.#mine(step.reply)), where);
    } else {
      const message = await wire.next(`${where}: ${JSON.stringify(step.event)}`);
      assert.ok('event' in message, `${where}: an event was due, not ${JSON.stringify(message)}`);
      const wanted: Record<string, string | null> = {};
      const seen: Record<string, string | null> = {};
      for (const [name, value] of Object.entries(step.event)) {
        wanted[name] = value === null ? null : this.#comparable(this.#mine(value));
        const actual = message.event[name];
        seen[name] = actual === undefined ? null : this.#comparable(actual);
      }
      assert.deepEqual(seen, wanted, where);
    }
  }

  /** Digits go one at a time; the transcript waits for the event of each. */
  async #press(conn: number, digit: string): Promise<void> {
    const { rtp } = await this.#leg(conn);
    await rtp.sendDigits(digit, 60);
  }

  #noteHangup(step: { readonly conn: number; readonly send: string }): void {
    const conn = /\$(\d+)/.exec(step.send)?.[1];
    const leg = this.#legs.get(Number(conn ?? step.conn));
    const ends = /execute-app-name: (hangup|nosuchapp|record)|^api uuid_kill/m.test(step.send);
    if (leg !== undefined && ends && !leg.dialog.ended.aborted) this.#hungUp.push(leg.dialog);
  }

  async #bye(step: { bye: 'remote' } | { bye: 'local'; reason: string }, where: string): Promise<void> {
    if (step.bye === 'remote') {
      const last = [...this.#legs.values()].at(-1);
      await last?.dialog.bye();
      return;
    }
    const dialog = this.#hungUp.shift() ?? [...this.#legs.values()].find((leg) => !leg.dialog.ended.aborted)?.dialog;
    if (dialog === undefined) return;
    if (!dialog.ended.aborted) await once(dialog.ended, 'abort', { signal: AbortSignal.timeout(8000) });
    const end = dialog.ended.reason as DialogEnd;
    assert.equal(end.message?.headers.get('reason')?.[0], step.reason, where);
  }

  /** The transcript's ids and addresses in ours. */
  #mine(text: string): string {
    return text.replace(/\$(\d+)/g, (all, conn: string) => this.#legs.get(Number(conn))?.uuid ?? all);
  }

  /** Leaves out what differs by nature: lengths, ports, times, member numbers. */
  #comparable(text: string): string {
    return (
      text
        .replace(/\/var\/lib\/freeswitch\/recordings/g, '/tmp/pivot-replay')
        .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replace(/^Content-Length: \d+$/m, 'Content-Length: N')
        .replace(/^\d+;/gm, 'N;')
        // How many have ended meanwhile depends on time, which the replay does not spend.
        .replace(/Stopped \d+ files/, 'Stopped N files')
    );
  }

  async #inboundWire(): Promise<Wire> {
    if (this.#inbound !== undefined) return this.#inbound;
    const wire = new Wire(connect(this.#freeswitch.eslPort, '127.0.0.1'));
    await wire.next('auth/request');
    wire.socket.write('auth ClueCon\n\n');
    await wire.next('accepted');
    this.#inbound = wire;
    return wire;
  }

  async #leg(conn: number): Promise<Leg> {
    const there = this.#legs.get(conn);
    if (there !== undefined) return there;
    const rtp = await this.#rtp.open();
    const port = (this.#server.address() as { port: number }).port;
    const accepted = once(this.#server, 'connection') as Promise<[Socket]>;
    const placed = this.#agent.invite({
      uri: `sip:drachtio@127.0.0.1:${this.#freeswitch.sipPort}`,
      from: 'sip:127.0.0.1',
      sdp: makeOffer({ address: '127.0.0.1', port: rtp.localPort }),
      headers: { 'User-Agent': `drachtio-fsmrf:${randomUUID()}`, 'X-esl-outbound': `127.0.0.1:${port}` },
    });
    const [socket] = await accepted;
    const wire = new Wire(socket);
    socket.write('connect\n\n');
    const data = await wire.next('channel data');
    assert.ok('text' in data);
    const uuid = /^Unique-ID: (\S+)$/m.exec(data.text)?.[1] ?? '';
    socket.write(`${SUBSCRIBE}filter Unique-ID ${uuid}\n\n`);
    await wire.next('event listener enabled');
    await wire.next('filter added');
    const dialog = await placed.answered;
    const remote = readAnswer(dialog.remoteSdp);
    assert.ok(!('code' in remote));
    rtp.setRemote(remote);
    const leg = { wire, uuid, dialog, rtp };
    this.#legs.set(conn, leg);
    return leg;
  }

  close(): void {
    this.#rtp.close();
    this.#inbound?.socket.destroy();
    for (const leg of this.#legs.values()) leg.wire.socket.destroy();
  }
}

/** Connections that are needed at once: those used before another one's end. Others are made when their turn comes. */
function startConnections(steps: readonly Step[]): number[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const [index, step] of steps.entries()) {
    if (!('conn' in step) || step.conn === 0) continue;
    if (!first.has(step.conn)) first.set(step.conn, index);
    last.set(step.conn, index);
  }
  const conns = [...first.keys()].toSorted((a, b) => a - b);
  return conns.filter((conn) => {
    const begin = first.get(conn) ?? 0;
    return (
      conns.some((other) => other !== conn && (first.get(other) ?? 0) <= begin && (last.get(other) ?? 0) > begin) ||
      begin <= 1
    );
  });
}

/** Commands that were sent together arrive together. */
function joined(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  for (const step of steps) {
    const last = out.at(-1);
    if ('send' in step && last !== undefined && 'send' in last && last.conn === step.conn) {
      out[out.length - 1] = { conn: step.conn, send: last.send + step.send };
    } else out.push(step);
  }
  return out;
}

/** Replays one file of testdata; rejects with what differs first. */
export async function replay(name: string): Promise<void> {
  const text = await readFile(new URL(`./testdata/${name}.json`, import.meta.url), 'utf8');
  const rtp = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
  const freeswitch = await startFreeswitch({
    esl: { host: '127.0.0.1', port: 0, password: 'ClueCon' },
    sip: { host: '127.0.0.1', port: 0 },
    rtp,
    heartbeatMs: 60_000,
    maxSessions: 10,
    log: (level, message, fields) => {
      if (process.env['DEBUG_FS'] !== undefined) console.error(level, message, fields);
    },
  });
  const agent = await createUserAgent({
    host: '127.0.0.1',
    port: 0,
    transports: ['udp'],
    user: 'drachtio',
    userAgent: 'replay',
  });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const run = new Replay(freeswitch, agent, server, name);
  try {
    await run.run(JSON.parse(text) as Step[]);
  } finally {
    run.close();
    server.close();
    await agent.close();
    await freeswitch.close();
    rtp.close();
  }
  assert.equal(freeswitch.sessions, 0);
}
