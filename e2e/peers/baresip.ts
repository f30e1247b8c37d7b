import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NetstringReader, netstring } from './netstring.ts';
import { freePort } from './ports.ts';
import { findTone, join, readWavFile, type Sound, type Stretch, silence, wavBytes } from './sound.ts';

export interface BaresipOptions {
  /** Address to call from. Default 127.0.0.1. */
  readonly host?: string;
  /** User part of its address. Default `caller`. */
  readonly user?: string;
  /** Default PCMU. */
  readonly codec?: 'PCMU' | 'PCMA';
  /** What it says at the beginning of each call, 8 kHz; silence before and after. */
  readonly says?: Sound;
  /** `HOST:PORT` of the registrar with which it registers as `user`; without one it does not. */
  readonly registrar?: string;
  /** Further parameters of its account, such as `auth_user=anna;auth_pass=x;outbound="sip:127.0.0.1:5060"`. */
  readonly account?: string;
}

/** An event as baresip tells it: `CALL_RINGING`, `CALL_ESTABLISHED`, `CALL_CLOSED`, `CALL_DTMF_START`… */
export interface BaresipEvent {
  readonly type: string;
  readonly id?: string;
  readonly param?: string;
}

export interface BaresipCall {
  /** Resolves with the answer; rejects with the reason when the call ends without one. */
  readonly established: Promise<void>;
  /** Resolves when the call is over, with baresip's reason (`486 Busy Here`, `Connection reset by peer`: the far end hung up). */
  readonly closed: Promise<string>;
  /** The first event of a type; rejects when the call ends without it. */
  event(type: string): Promise<BaresipEvent>;
  /** RFC 4733 digits: `durationMs` each (default 100), `gapMs` between (default 60). */
  sendDigits(digits: string, durationMs?: number, gapMs?: number): Promise<void>;
  /** Ends the call, answered or not (BYE or CANCEL); resolves when it is over. */
  hangUp(): Promise<void>;
  /** What it has heard so far: written in pieces while the call goes on, whole afterwards, gone after `close`. */
  heard(): Sound;
  /** Resolves when a tone has been heard for `ms` (default 100); rejects when the call ends without it. */
  tone(hertz: number, ms?: number): Promise<Stretch>;
}

export interface Baresip {
  readonly host: string;
  readonly port: number;
  /** Everything that happened. */
  readonly events: readonly BaresipEvent[];
  /** The first event of a type, such as `REGISTER_OK`; rejects when it ends without it. */
  event(type: string): Promise<BaresipEvent>;
  /** Calls `sip:2030@127.0.0.1:5060`, by TCP with `;transport=tcp`. One call at a time. */
  dial(uri: string): Promise<BaresipCall>;
  /** The next call that comes, or has come since the last one, ringing; `accept` answers it. */
  incoming(): Promise<BaresipCall & { accept(): Promise<void> }>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
  /** Ends it without a word to the far end, as a phone whose power fails. */
  kill(): void;
}

const START_LIMIT_MS = 10_000;
/** Its microphone is a file, and the call ends with the file. */
const MICROPHONE_MS = 180_000;
const REGISTER_SECONDS = 60;
/** What ends a key's press (`KEYCODE_REL`). */
const RELEASE = '\x04';

/** Starts a baresip with its own configuration. Rejects with its output when it does not come up. */
export async function startBaresip(options: BaresipOptions = {}): Promise<Baresip> {
  const { host = '127.0.0.1', user = 'caller', codec = 'PCMU', registrar, account = '' } = options;
  const folder = mkdtempSync(joinPath(tmpdir(), 'baresip-'));
  // It opens the port after its own for TLS.
  const [port, controlPort, keyPort] = [
    await freePort(host, 1),
    await freePort('127.0.0.1'),
    await freePort('127.0.0.1'),
  ];
  const microphone = joinPath(folder, 'microphone.wav');
  writeFileSync(microphone, wavBytes(join(options.says ?? silence(0), silence(MICROPHONE_MS))));
  writeFileSync(joinPath(folder, 'config'), configuration({ host, port, controlPort, keyPort, folder, microphone }));
  const at = registrar ?? `${host}:${port}`;
  const interval = registrar === undefined ? 0 : REGISTER_SECONDS;
  const address = `<sip:${user}@${at}>;regint=${interval};audio_codecs=${codec}${account === '' ? '' : `;${account}`}`;
  writeFileSync(joinPath(folder, 'accounts'), registrar === undefined ? `${address}\n` : '');
  writeFileSync(joinPath(folder, 'contacts'), '');

  const child = spawn('baresip', ['-f', folder, '-v'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('latin1')).slice(-8000);
    });
  }
  const exited = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
    child.on('error', () => resolve());
  });
  const events: BaresipEvent[] = [];
  const listeners = new Set<(event: BaresipEvent) => void>();
  const answers: ((answer: { ok: boolean; data: string }) => void)[] = [];

  let control: Socket;
  try {
    control = await connectWhenUp(controlPort, child);
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`baresip did not start: ${output.trim()}`, { cause: error });
  }
  const reader = new NetstringReader();
  control.on('error', () => {});
  control.on('data', (chunk) => {
    for (const text of reader.push(chunk)) {
      const message = JSON.parse(text) as BaresipEvent & { event?: boolean; ok?: boolean; data?: string };
      if (message.event === true) {
        events.push(message);
        for (const listener of [...listeners]) listener(message);
      } else answers.shift()?.({ ok: message.ok === true, data: message.data ?? '' });
    }
  });
  const command = async (name: string, params?: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<{ ok: boolean; data: string }>();
    answers.push(resolve);
    control.write(netstring(JSON.stringify({ command: name, ...(params === undefined ? {} : { params }) })));
    const gone = exited.then(() => ({ ok: false, data: 'baresip has ended' }));
    const answer = await Promise.race([promise, gone]);
    if (!answer.ok) throw new Error(`baresip refused "${name}": ${answer.data}`);
  };
  const keys = createSocket('udp4').unref();
  const press = (key: string): Promise<void> =>
    new Promise((resolve) => keys.send(key, keyPort, '127.0.0.1', () => resolve()));

  // Only now: what happens before somebody listens is told to nobody.
  if (registrar !== undefined) await command('uanew', address);

  let last: Call | undefined;
  let calls = 0;
  /** Events up to here belong to earlier calls. */
  let taken = 0;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= quit();
    return closing;
  };
  const quit = async (): Promise<void> => {
    await Promise.race([command('quit').catch(() => {}), sleep(1000, undefined, { ref: false })]);
    const limit = setTimeout(() => child.kill('SIGKILL'), 2000);
    await exited;
    clearTimeout(limit);
    control.destroy();
    keys.close();
    rmSync(folder, { recursive: true, force: true });
  };

  return {
    host,
    port,
    events,
    event: (type) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find((event) => event.type === type);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void exited.then(() => reject(new Error(`baresip ended without ${type}: ${output.trim()}`)));
      }),
    async dial(uri) {
      // sndfile names its files by the second: the one of the call before would be overwritten.
      last?.keepRecording(`call-${++calls}.wav`);
      const call = new Call(listeners, exited, { hangUp: () => command('hangup'), press, folder });
      last = call;
      await command('dial', uri);
      return call;
    },
    async incoming() {
      last?.keepRecording(`call-${++calls}.wav`);
      const begun = events.findIndex(({ type }, index) => index >= taken && type === 'CALL_INCOMING');
      const call = new Call(listeners, exited, {
        hangUp: () => command('hangup'),
        press,
        folder,
        past: begun < 0 ? [] : events.slice(begun),
      });
      last = call;
      const ringing = await call.event('CALL_INCOMING');
      taken = events.indexOf(ringing) + 1;
      return Object.assign(call, { accept: () => command('accept') });
    },
    close,
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

/** What sndfile writes of what was heard. */
function recording(folder: string): string | undefined {
  const name = readdirSync(folder).find((each) => each.endsWith('-dec.wav'));
  return name === undefined ? undefined : joinPath(folder, name);
}

interface CallParts {
  readonly hangUp: () => Promise<void>;
  readonly press: (key: string) => Promise<void>;
  readonly folder: string;
  /** What has happened of it already. */
  readonly past?: readonly BaresipEvent[];
}

class Call implements BaresipCall {
  readonly established: Promise<void>;
  readonly closed: Promise<string>;
  readonly #parts: CallParts;
  readonly #seen: BaresipEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #reason: string | undefined;
  /** Where the recording is, once it has been put aside. */
  #kept: { readonly path: string | undefined } | undefined;

  constructor(listeners: Set<(event: BaresipEvent) => void>, exited: Promise<void>, parts: CallParts) {
    this.#parts = parts;
    const over = Promise.withResolvers<string>();
    const end = (reason: string): void => {
      if (this.#reason !== undefined) return;
      this.#reason = reason;
      listeners.delete(listen);
      over.resolve(reason);
    };
    const listen = (event: BaresipEvent): void => {
      this.#seen.push(event);
      if (event.type === 'CALL_CLOSED') end(event.param ?? '');
      for (const wake of [...this.#waiting]) wake();
    };
    for (const event of parts.past ?? []) listen(event);
    listeners.add(listen);
    void exited.then(() => {
      end('baresip has ended');
      for (const wake of [...this.#waiting]) wake();
    });
    this.closed = over.promise;
    this.established = this.event('CALL_ESTABLISHED').then(() => {});
    this.established.catch(() => {});
  }

  event(type: string): Promise<BaresipEvent> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#seen.find((event) => event.type === type);
        if (found === undefined && this.#reason === undefined) return;
        this.#waiting.delete(look);
        if (found === undefined) reject(new Error(`the call ended without ${type}: ${this.#reason}`));
        else resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async sendDigits(digits: string, durationMs = 100, gapMs = 60): Promise<void> {
    for (const digit of digits) {
      await this.#parts.press(digit);
      await sleep(durationMs);
      await this.#parts.press(RELEASE);
      await sleep(gapMs);
    }
  }

  async hangUp(): Promise<void> {
    if (this.#reason === undefined) await this.#parts.hangUp();
    await this.closed;
  }

  heard(): Sound {
    const path = this.#kept === undefined ? recording(this.#parts.folder) : this.#kept.path;
    try {
      return path === undefined ? silence(0) : readWavFile(path);
    } catch {
      // Not even its header has been written.
      return silence(0);
    }
  }

  /** Puts the recording aside under another name. */
  keepRecording(name: string): void {
    const path = recording(this.#parts.folder);
    const kept = path === undefined ? undefined : joinPath(this.#parts.folder, name);
    if (path !== undefined && kept !== undefined) renameSync(path, kept);
    this.#kept = { path: kept };
  }

  async tone(hertz: number, ms = 100): Promise<Stretch> {
    for (;;) {
      const over = this.#reason !== undefined;
      const found = findTone(this.heard(), hertz).find((each) => each.lengthMs >= ms);
      if (found !== undefined) return found;
      if (over) throw new Error(`the call ended without a tone of ${hertz} Hz: ${this.#reason}`);
      await sleep(50);
    }
  }
}

/** It opens the port when everything else is up. */
async function connectWhenUp(port: number, child: ChildProcess): Promise<Socket> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
      return socket;
    } catch (error) {
      if (child.exitCode !== null || performance.now() > limit) throw error;
      await sleep(20);
    }
  }
}

interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly controlPort: number;
  readonly keyPort: number;
  readonly folder: string;
  readonly microphone: string;
}

/** For Debian 12's baresip 1.0.0: its aufile cannot record, so sndfile does, beside a player that drops everything. */
function configuration({ host, port, controlPort, keyPort, folder, microphone }: Configuration): string {
  const silent = ['ring', 'ringback', 'callwaiting', 'busy', 'error', 'notfound'].map((name) => `${name}_aufile none`);
  return [
    'poll_method epoll',
    `net_interface ${host}`,
    `sip_listen ${host}:${port}`,
    'call_local_timeout 120',
    'call_max_calls 4',
    `audio_source aufile,${microphone}`,
    'audio_player aubridge,nowhere',
    'audio_alert aubridge,nowhere',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    'ausrc_channels 1',
    'auplay_channels 1',
    'audio_txmode thread',
    'audio_level no',
    'jitter_buffer_delay 1-5',
    'rtcp_mux no',
    'module_path /usr/lib/baresip/modules',
    ...['g711', 'aufile', 'aubridge', 'sndfile', 'ctrl_tcp', 'cons'].map((name) => `module ${name}.so`),
    ...['account', 'menu'].map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    `cons_listen 127.0.0.1:${keyPort}`,
    `snd_path ${folder}`,
    ...silent,
    '',
  ].join('\n');
}
