import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** Prometheus' text: value by name with its labels, as it is written. */
export type Metrics = ReadonlyMap<string, number>;

export function parseMetrics(text: string): Metrics {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const match = /^([^\s{]+)(?:\{(.*)\})?\s+(\S+)/.exec(line);
      if (match === null) throw new Error(`no metric: ${line}`);
      const labels = (match[2] ?? '').replace(/(?:^|,)otel_scope_[a-z_]+="[^"]*"/g, '').replace(/^,/, '');
      return [`${match[1]}${labels === '' ? '' : `{${labels}}`}`, Number(match[3])];
    }),
  );
}

/** `GET`, over a connection of its own that is gone afterwards. */
export function getText(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, headers: { connection: 'close' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('close', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
    }).on('error', reject);
  });
}

/**
 * What a process holds, as seen from outside: gauges of `/metrics`, `resource KIND` for the event loop's own list, files and sockets of
 * the kernel's, child processes.
 */
export type Standing = Readonly<Record<string, number>>;

const GAUGES = [
  'pivot_calls_active',
  'pivot_softswitch_sessions',
  'pivot_softswitch_event_sockets',
  'pivot_softswitch_dialogs',
  'pivot_softswitch_transactions',
  'pivot_softswitch_rtp_ports',
] as const;

/** These last for a turn of the event loop, or as long as a scrape's own connection takes to close. */
const PASSING = new Set(['FSReqPromise', 'FSReqCallback', 'Immediate', 'SimpleWriteWrap', 'SimpleShutdownWrap']);
/** Timers of Node's HTTP server, of undici and of the folder's watcher come and go at rest too; one a call would be seen nevertheless. */
const PASSING_TIMERS = 2;

export async function standingOf(pid: number, http: string): Promise<Standing> {
  const metrics = parseMetrics((await getText(`${http}/metrics`)).text);
  const standing: Record<string, number> = {};
  for (const gauge of GAUGES) {
    const value = metrics.get(gauge);
    if (value === undefined) throw new Error(`/metrics has no ${gauge}`);
    standing[gauge] = value;
  }
  for (const [name, value] of metrics) {
    const kind = /^pivot_process_resources\{kind="(.*)"\}$/.exec(name)?.[1];
    if (kind !== undefined && !PASSING.has(kind)) standing[`resource ${kind}`] = value;
  }
  standing['open files'] = openFiles(pid);
  standing['child processes'] = childProcesses(pid).length;
  return standing;
}

/** Files, sockets and pipes that a process has open (Linux; elsewhere 0). */
function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

export function childProcesses(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

const LOOK_AGAIN_MS = 50;

/** Waits until nothing is held that was not before. `limitMs`: over UDP, SIP transactions live for 32 s after their last message. */
export async function backTo(before: Standing, now: () => Promise<Standing>, limitMs: number): Promise<Standing> {
  const limit = performance.now() + limitMs;
  for (;;) {
    const standing = await now();
    const most = (name: string): number => (before[name] ?? 0) + (name === 'resource Timeout' ? PASSING_TIMERS : 0);
    const more = Object.entries(standing).filter(([name, value]) => value > most(name));
    if (more.length === 0) return standing;
    if (performance.now() > limit) {
      const list = more.map(([name, value]) => `${name}: ${value}, before: ${before[name] ?? 0}`);
      throw new Error(`left behind:\n  ${list.join('\n  ')}`);
    }
    await delay(LOOK_AGAIN_MS);
  }
}
