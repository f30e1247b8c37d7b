/** Starts `pivot up` as a user does and looks at it from outside. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallOptions, PhoneCall, Phones } from '../media-worker/softswitch/phone.ts';
import { Program } from './program.ts';
import { backTo, childProcesses, getText, type Metrics, parseMetrics, type Standing, standingOf } from './standing.ts';
import { followTrace, type Trace } from './trace.ts';

export interface PivotUpOptions {
  /** Manifests by file name: YAML, or objects (JSON is YAML). */
  readonly manifests: Readonly<Record<string, string | object>>;
  /** Further options of `pivot up`. */
  readonly options?: readonly string[];
  /** Options of Node. */
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A `pivot up` that runs. */
export interface Pivot {
  readonly program: Program;
  /** `HOST:PORT`, UDP and TCP. */
  readonly sip: string;
  readonly host: string;
  readonly port: number;
  /** `http://HOST:PORT`. */
  readonly http: string;
  /** Its folder for data. */
  readonly data: string;
  readonly rtpPorts: readonly [from: number, to: number];
  /** Writes a manifest, anew or over the old one. */
  manifest(file: string, content: string | object): void;
  removeManifest(file: string): void;
  metrics(): Promise<Metrics>;
  standing(): Promise<Standing>;
  /** Waits until nothing is held that was not held `before`, but for SIP transactions, which live for 32 s after their last message. */
  settled(before: Standing): Promise<void>;
  /** The same, transactions included. */
  allOver(before: Standing): Promise<void>;
  /** Places a call and follows its trace. */
  call(phones: Phones, number: string, options?: Partial<CallOptions>): Promise<TracedCall>;
  /** SIGTERM; asserts exit code 0 and that no process and no file but cached sounds is left. */
  stop(): Promise<void>;
  /** For `after`: ends it whatever it does, and removes its folders. */
  dispose(): Promise<void>;
}

export interface TracedCall {
  readonly phone: PhoneCall;
  readonly trace: Trace;
}

const READY = /^ready: sip .*\budp:([^\s:]+):(\d+).* http (\S+) numbers (\d+)$/;
const RTP_PORTS = 400;
const TRANSACTIONS = 'pivot_softswitch_transactions';
/** 64*T1 of RFC 3261: timers H and J. */
const TRANSACTION_LIMIT_MS = 32_000;
const SETTLED_LIMIT_MS = 10_000;

/** The part of a manifest that tests vary. */
export function callflowManifest(name: string, numbers: readonly string[], spec: object): object {
  return {
    apiVersion: 'pivot.voice/v1alpha1',
    kind: 'PivotCallflow',
    metadata: { name },
    spec: { numbers, ...spec },
  };
}

/** A manifest that asks a URL, TwiML's way, and shows bodies in the trace. */
export function pivotManifest(name: string, numbers: readonly string[], url: string, more: object = {}): object {
  return callflowManifest(name, numbers, {
    pivot: { voice_url: url, method: 'post', req_format: 'twiml', debug: true, ...more },
  });
}

export async function startPivot({ manifests, options = [], node = [], env = {} }: PivotUpOptions): Promise<Pivot> {
  const folder = mkdtempSync(join(tmpdir(), 'pivot-e2e-'));
  const [temporary, data, declared] = ['tmp', 'data', 'manifests'].map((name) => mkdtempSync(join(folder, `${name}-`)));
  const manifest = (file: string, content: string | object): void =>
    writeFileSync(join(declared!, file), typeof content === 'string' ? content : JSON.stringify(content));
  for (const [file, content] of Object.entries(manifests)) manifest(file, content);

  // Below the ports that Linux gives out by itself, and apart from those of other tests.
  const from = 20_000 + 2 * Math.floor(Math.random() * 5500);
  const rtpPorts = [from, from + RTP_PORTS - 1] as const;
  const places = ['--sip', '127.0.0.1:0', '--http', '127.0.0.1:0', '--rtp', `127.0.0.1:${rtpPorts.join('-')}`];
  const program = new Program(['cli/bin.js', 'up', declared!, ...places, '--data', data!, ...options], {
    // Its name among processes, so that nobody takes it for a `pivot up` of their own.
    node: ['--title=pivot-e2e', ...node],
    env: { TMPDIR: temporary!, ...env },
  });
  const dispose = async (): Promise<void> => {
    program.signal('SIGKILL');
    await program.ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let ready: RegExpExecArray;
  try {
    ready = await program.line(READY);
  } catch (error) {
    await dispose();
    throw error;
  }
  const [, host, port, http] = ready;
  const sip = `${host}:${port}`;
  const standing = (): Promise<Standing> => standingOf(program.pid, http!);
  return {
    program,
    sip,
    host: host!,
    port: Number(port),
    http: http!,
    data: data!,
    rtpPorts,
    manifest,
    removeManifest: (file) => rmSync(join(declared!, file)),
    metrics: async () => parseMetrics((await getText(`${http}/metrics`)).text),
    standing,
    async settled(before) {
      await backTo({ ...before, [TRANSACTIONS]: Number.POSITIVE_INFINITY }, standing, SETTLED_LIMIT_MS);
    },
    async allOver(before) {
      await backTo(before, standing, SETTLED_LIMIT_MS + TRANSACTION_LIMIT_MS);
    },
    async call(phones, number, callOptions = {}) {
      const phone = await phones.placeCall({ number, sip, ...callOptions });
      return { phone, trace: followTrace(phone, http!) };
    },
    async stop() {
      const children = childProcesses(program.pid);
      program.signal('SIGTERM');
      assert.equal(await program.ended, 0, program.lines.join('\n'));
      assert.deepEqual(children.filter(isAlive), [], 'processes are left');
      assert.deepEqual(readdirSync(temporary!), [], 'temporary files are left');
      const files = readdirSync(data!, { recursive: true }).map(String);
      assert.deepEqual(
        files.filter(
          (file) =>
            !/^(registrations\.json|sounds(\/[\w.-]+\.(wav|json))?|recordings(\/RE[0-9a-f]{32}\.(wav|mp3|json))?)$/.test(
              file,
            ),
        ),
        [],
        'files that are neither cached sounds nor finished recordings are left',
      );
    },
    dispose,
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
