/**
 * For tests: plays a trimmed transcript (testdata/*.json) against the stand-in. What the application and the caller did is done again;
 * what FreeSWITCH answered must come again, in the same order on each connection, with the headers and variables that are read.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRtpPorts } from '../../rtp/ports.ts';
import { makeOffer, readAnswer } from '../../rtp/sdp.ts';
import type { RtpSession } from '../../rtp/types.ts';
import type { Dialog, DialogEnd, UserAgent } from '../../sip/types.ts';
import { createUserAgent } from '../../sip/user-agent.ts';
import { type Freeswitch, startFreeswitch } from '../freeswitch.ts';
import type { EventCatalogue } from './catalogue.ts';
import { type SoundServer, startSoundServer } from './sound-server.ts';
import { type Exchange, joined, type Step, startConnections } from './steps.ts';
import { type Message, Wire } from './wire.ts';

/** Actions that depend on what was said in the call, which the transcripts leave out. */
const IGNORED_ACTIONS = new Set(['start-talking', 'stop-talking', 'floor-change']);

/** Variables of things the stand-in has not got: other transports, RTCP, crypto. Nobody reads them. */
const NOT_OURS = new Set([
  'variable_media_timeout_audio',
  'variable_media_hold_timeout_audio',
  'variable_rtp_hold_timeout_sec',
  'variable_rtp_use_ssrc',
  'variable_rtp_timeout_sec',
  'variable_rtp_last_audio_local_crypto_key',
  'variable_rtp_last_video_local_crypto_key',
  'variable_rtp_last_text_local_crypto_key',
  'variable_srtp_remote_audio_crypto_key',
  'variable_srtp_remote_audio_crypto_type',
  'variable_rtp_has_crypto',
  'variable_rtp_secure_audio_confirmed',
  'variable_rtp_secure_media_negotiated',
  'variable_media_audio_mode',
  'variable_sip_reinvite_sdp',
]);

/** Passed over unless it is what is due. */
function incidental(message: Message, due: string | null | undefined): boolean {
  if (!('event' in message)) return false;
  const name = message.event['Event-Name'];
  return (name === 'HEARTBEAT' && due !== name) || IGNORED_ACTIONS.has(message.event['Action'] ?? '');
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

/** Often, so that a transcript that waits for one has it soon. */
const HEARTBEAT_MS = 500;

/** What one replay has at hand. */
interface Stage {
  readonly freeswitch: Freeswitch;
  readonly agent: UserAgent;
  /** Where the stand-in connects to for a channel. */
  readonly server: Server;
  /** What 127.0.0.1:8088 was in the recordings. */
  readonly sounds: SoundServer;
  /** What the recordings' folder was. */
  readonly folder: string;
}

class Replay {
  readonly #stage: Stage;
  readonly #rtp = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
  readonly #legs = new Map<number, Leg>();
  readonly #inbound = new Map<number | string, Wire>();
  #conference = '';
  #hungUp: Dialog[] = [];
  readonly #name: string;

  constructor(stage: Stage, name: string) {
    this.#stage = stage;
    this.#name = name;
  }

  async run(steps: readonly Step[]): Promise<void> {
    let label = '';
    // All channels exist before the first step where the transcript had several at once.
    for (const conn of startConnections(steps)) await this.#leg(conn);
    for (const [index, step] of joined(steps).entries()) {
      if ('label' in step) label = step.label;
      else await this.#step(step, `${this.#name} step ${index}, "${label}"`);
    }
  }

  async #step(step: Exclude<Step, { label: string }>, where: string): Promise<void> {
    if ('bye' in step) await this.#bye(step, where);
    else if ('call' in step) await this.#call(step, where);
    else if ('refused' in step) await this.#refused(step, where);
    else await this.#exchange(step, where);
  }

  async #exchange(step: Exchange, where: string): Promise<void> {
    const wire = await this.#wire(step.conn);
    if ('send' in step) {
      for (const [, conn] of step.send.matchAll(/\$(\d+)/g)) await this.#leg(Number(conn));
      wire.socket.write(this.#mine(step.send));
      this.#noteHangup(step);
    } else if ('press' in step) {
      // Digits go one at a time; the transcript waits for the event of each.
      await (await this.#leg(Number(step.conn))).rtp.sendDigits(step.press, 60);
    } else if ('reinvite' in step) {
      const { dialog } = await this.#leg(Number(step.conn));
      const remote = readAnswer(await dialog.reinvite(step.reinvite));
      assert.ok(!('code' in remote), where);
      assert.equal(remote.direction, step.direction, where);
    } else if ('closed' in step) await wire.closed();
    else if ('event' in step) await this.#event(wire, step, where);
    else await this.#text(wire, step, where);
  }

  async #event(wire: Wire, step: Extract<Exchange, { event: unknown }>, where: string): Promise<void> {
    const due = step.event['Event-Name'];
    const message = await wire.next(`${where}: ${JSON.stringify(step.event)}`, (it) => incidental(it, due));
    assert.ok('event' in message, `${where}: an event was due, not ${JSON.stringify(message)}`);
    const { event } = message;
    this.#conference = event['Conference-Unique-ID'] ?? this.#conference;
    const wanted: Record<string, string | null> = {};
    const seen: Record<string, string | null> = {};
    for (const [name, value] of Object.entries(step.event)) {
      wanted[name] = value === null ? null : this.#comparable(this.#mine(value));
      const actual = event[name];
      seen[name] = actual === undefined ? null : this.#comparable(actual);
    }
    assert.deepEqual(seen, wanted, where);
    for (const name of step.has ?? []) assert.ok((event[name] ?? '') !== '', `${where}: ${name}`);
  }

  async #text(
    wire: Wire,
    step: Extract<Exchange, { reply: unknown } | { dump: unknown } | { list: unknown } | { matches: unknown }>,
    where: string,
  ): Promise<void> {
    const message = await wire.next(`${where}: ${JSON.stringify(step)}`, (it) => incidental(it, undefined));
    const text = 'text' in message ? message.text : JSON.stringify(message.event);
    if ('reply' in step) assert.equal(this.#comparable(text), this.#comparable(this.#mine(step.reply)), where);
    else if ('matches' in step) assert.match(text, new RegExp(step.matches, 'm'), where);
    else if ('dump' in step) namesIn(text, step.dump, where);
    else {
      const missing = step.list.filter((part) => !text.includes(part));
      assert.deepEqual(missing, [], `${where}: ${text}`);
    }
  }

  #noteHangup(step: { readonly conn: number | string; readonly send: string }): void {
    const conn = /\$(\d+)/.exec(step.send)?.[1];
    const leg = this.#legs.get(Number(conn ?? step.conn));
    const ends = /execute-app-name: (hangup|nosuchapp|record)|^api uuid_kill/m.test(step.send);
    if (leg !== undefined && ends && !leg.dialog.ended.aborted) this.#hungUp.push(leg.dialog);
  }

  async #bye(
    step: { conn?: number } & ({ bye: 'remote' } | { bye: 'local'; reason: string }),
    where: string,
  ): Promise<void> {
    const named = step.conn === undefined ? undefined : (await this.#leg(step.conn)).dialog;
    if (step.bye === 'remote') {
      await (named ?? [...this.#legs.values()].at(-1)?.dialog)?.bye();
      return;
    }
    const dialog =
      named ?? this.#hungUp.shift() ?? [...this.#legs.values()].find((leg) => !leg.dialog.ended.aborted)?.dialog;
    if (dialog === undefined) return;
    if (!dialog.ended.aborted) await once(dialog.ended, 'abort', { signal: AbortSignal.timeout(8000) });
    const end = dialog.ended.reason as DialogEnd;
    assert.equal(end.message?.headers.get('reason')?.[0], step.reason, where);
  }

  /** The transcript's ids and addresses in ours. */
  #mine(text: string): string {
    const { sounds, folder } = this.#stage;
    return text
      .replace(/\$conference/g, this.#conference)
      .replace(/\$(\d+)/g, (all, conn: string) => this.#legs.get(Number(conn))?.uuid ?? all)
      .replace(/127\.0\.0\.1:8088/g, `127.0.0.1:${sounds.port}`)
      .replace(/127\.0\.0\.1:8089/g, `127.0.0.1:${sounds.closedPort}`)
      .replace(/\/var\/lib\/freeswitch\/recordings/g, folder);
  }

  /** Leaves out what differs by nature: lengths, ports, times, member numbers. */
  #comparable(text: string): string {
    return (
      text
        .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replace(/^Content-Length: \d+$/m, 'Content-Length: N')
        .replace(/^\d+;/gm, 'N;')
        // How many have ended meanwhile depends on time, which the replay does not spend.
        .replace(/Stopped \d+ files/, 'Stopped N files')
        // The server chooses these.
        .replace(/(Job-UUID: |\+OK )[0-9a-f]{8}-[0-9a-f-]{27}/g, '$1UUID')
    );
  }

  async #wire(conn: number | string): Promise<Wire> {
    if (typeof conn === 'number' && conn !== 0) return (await this.#leg(conn)).wire;
    const there = this.#inbound.get(conn);
    if (there !== undefined) return there;
    const wire = new Wire(connect(this.#stage.freeswitch.eslPort, '127.0.0.1'));
    this.#inbound.set(conn, wire);
    if (conn === 0) await authenticate(wire);
    return wire;
  }

  async #leg(conn: number): Promise<Leg> {
    return this.#legs.get(conn) ?? (await this.#place(conn, false)).leg;
  }

  async #call(step: Extract<Step, { call: number }>, where: string): Promise<void> {
    const { data } = await this.#place(step.call, step.offerless === true);
    namesIn(data, step.data, where);
  }

  async #refused(step: Extract<Step, { refused: number }>, where: string): Promise<void> {
    const placed = this.#stage.agent.invite(this.#invitation(step.offer));
    await assert.rejects(placed.answered, { status: step.refused }, where);
  }

  #invitation(sdp: string) {
    const { freeswitch, server } = this.#stage;
    const { port } = server.address() as { port: number };
    return {
      uri: `sip:drachtio@127.0.0.1:${freeswitch.sipPort}`,
      from: 'sip:127.0.0.1',
      sdp,
      headers: { 'User-Agent': `drachtio-fsmrf:${randomUUID()}`, 'X-esl-outbound': `127.0.0.1:${port}` },
    };
  }

  /** Makes an endpoint as drachtio-fsmrf does; `offerless` is its 3pcc, where drachtio-srf answers an offer with itself. */
  async #place(conn: number, offerless: boolean): Promise<{ leg: Leg; data: string }> {
    const rtp = await this.#rtp.open();
    const accepted = once(this.#stage.server, 'connection') as Promise<[Socket]>;
    const offer = makeOffer({ address: '127.0.0.1', port: rtp.localPort });
    const placed = this.#stage.agent.invite({
      ...this.#invitation(offerless ? '' : offer),
      onOffer: (theirs) => theirs.replace(/^(t=.*\r\n)/m, '$1a=recvonly\r\n'),
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
    return { leg, data: data.text };
  }

  close(): void {
    this.#rtp.close();
    for (const wire of this.#inbound.values()) wire.socket.destroy();
    for (const leg of this.#legs.values()) leg.wire.socket.destroy();
  }
}

/** The names at the beginning of lines: all of them must be there. */
function namesIn(text: string, wanted: readonly string[], where: string): void {
  const names = new Set([...text.matchAll(/^([\w-]+): /gm)].map((match) => match[1]));
  assert.deepEqual(
    wanted.filter((name) => !names.has(name) && !NOT_OURS.has(name)),
    [],
    where,
  );
}

async function authenticate(wire: Wire): Promise<void> {
  await wire.next('auth/request');
  wire.socket.write('auth ClueCon\n\n');
  await wire.next('accepted');
}

/** Hears every event of a replay; the result says what was wrong. */
async function watch(freeswitch: Freeswitch, catalogue: EventCatalogue): Promise<() => void> {
  const wire = new Wire(connect(freeswitch.eslPort, '127.0.0.1'));
  await authenticate(wire);
  wire.socket.write('event json ALL\n\n');
  await wire.next('event listener enabled');
  let wrong: unknown;
  wire.onMessage = (message) => {
    try {
      if ('event' in message) catalogue.see(message.event);
    } catch (error) {
      wrong ??= error;
    }
  };
  return () => {
    wire.socket.destroy();
    if (wrong !== undefined) throw wrong;
  };
}

/** Replays one file of testdata; rejects with what differs first. All events go to the catalogue too. */
export async function replay(name: string, catalogue: EventCatalogue): Promise<void> {
  const text = await readFile(new URL(`../testdata/${name}.json`, import.meta.url), 'utf8');
  const rtp = createRtpPorts({ host: '127.0.0.1', range: [0, 0] });
  const freeswitch = await startFreeswitch({
    esl: { host: '127.0.0.1', port: 0, password: 'ClueCon' },
    sip: { host: '127.0.0.1', port: 0 },
    rtp,
    heartbeatMs: HEARTBEAT_MS,
    maxSessions: 10,
    log: () => {},
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
  const sounds = await startSoundServer();
  const folder = await mkdtemp(join(tmpdir(), 'pivot-replay-'));
  const watched = await watch(freeswitch, catalogue);
  const run = new Replay({ freeswitch, agent, server, sounds, folder }, name);
  try {
    await run.run(JSON.parse(text) as Step[]);
  } finally {
    run.close();
    server.close();
    sounds.close();
    await agent.close();
    await freeswitch.close();
    rtp.close();
    await rm(folder, { recursive: true });
  }
  watched();
  assert.equal(freeswitch.sessions, 0);
}
