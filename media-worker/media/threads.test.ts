import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { mediaCodes } from '../../crds/errors/media.ts';
import { sine, temporaryFolder } from './testing.ts';
import { createThreads, type Job } from './threads.ts';
import { writeWav } from './wav.ts';

const forever = (): AbortSignal => new AbortController().signal;
const options = (signal = forever(), timeoutMs = 20_000) => ({
  signal,
  timeoutMs,
  onTimeout: mediaCodes.speechTooSlow,
});
const SHORT: Job = { kind: 'flite', voice: 'kal', text: 'yes' };
/** Takes seconds. */
const LONG: Job = { kind: 'flite', voice: 'slt', text: '9'.repeat(3000) };
const FILE: Job = { kind: 'convert', bytes: writeWav(sine(440, 8000, 1), 8000), speech: false, maxMs: 10_000 };

test('work starts a thread, and a second one only when the first is busy', async (t) => {
  const threads = createThreads({ size: 2 });
  t.after(() => threads.close());
  assert.equal(threads.statistics.threads, 0);
  assert.ok((await threads.run(SHORT, options())).ok);
  assert.ok((await threads.run(FILE, options())).ok);
  assert.equal(threads.statistics.threads, 1);
  await Promise.all([threads.run(SHORT, options()), threads.run(FILE, options())]);
  assert.equal(threads.statistics.threads, 2);
});

test('giving up stops the work at once, and the next job is done by a new thread', async (t) => {
  const threads = createThreads({ size: 1 });
  t.after(() => threads.close());
  assert.ok((await threads.run(SHORT, options())).ok);
  const hangup = new AbortController();
  const long = threads.run(LONG, options(hangup.signal));
  const next = threads.run(SHORT, options());
  assert.deepEqual(threads.statistics, { threads: 1, running: 1, waiting: 1 });
  hangup.abort(new Error('hung up'));
  await assert.rejects(long, /hung up/);
  assert.ok((await next).ok);
});

test('giving up while waiting takes nothing from the others', async (t) => {
  const threads = createThreads({ size: 1 });
  t.after(() => threads.close());
  const first = threads.run(FILE, options());
  const hangup = new AbortController();
  const second = threads.run(LONG, options(hangup.signal));
  hangup.abort(new Error('hung up'));
  await assert.rejects(second, /hung up/);
  assert.ok((await first).ok);
  assert.deepEqual(threads.statistics, { threads: 1, running: 0, waiting: 0 });
});

test('work that takes too long is ended with a coded fault', async (t) => {
  const threads = createThreads({ size: 1 });
  t.after(() => threads.close());
  const result = await threads.run(LONG, options(forever(), 50));
  assert.ok(!result.ok && result.fault.code === 'PV-1517');
  assert.ok((await threads.run(SHORT, options())).ok);
});

test('past the length of the queue jobs are refused', async (t) => {
  const threads = createThreads({ size: 1, queue: 1 });
  t.after(() => threads.close());
  const running = threads.run(SHORT, options());
  const waiting = threads.run(SHORT, options());
  const refused = await threads.run(SHORT, options());
  assert.ok(!refused.ok && refused.fault.code === 'PV-1519');
  assert.ok((await running).ok && (await waiting).ok);
});

test('a job that breaks its thread is a fault, and the next one is done', async (t) => {
  const threads = createThreads({ size: 1 });
  t.after(() => threads.close());
  // Not a job: the thread throws on it.
  const broken = await threads.run({ kind: 'convert' } as unknown as Job, options());
  assert.ok(!broken.ok && broken.fault.code === 'PV-1520');
  assert.ok((await threads.run(SHORT, options())).ok);
});

test('an idle thread ends', async (t) => {
  const threads = createThreads({ size: 1, idleMs: 1 });
  t.after(() => threads.close());
  assert.ok((await threads.run(SHORT, options())).ok);
  const { promise, resolve } = Promise.withResolvers<void>();
  const poll = setInterval(() => {
    if (threads.statistics.threads === 0) resolve();
  }, 5);
  await promise;
  clearInterval(poll);
});

test('closing ends what runs and what waits, each with a fault', async () => {
  const threads = createThreads({ size: 1 });
  const jobs = [threads.run(LONG, options()), threads.run(SHORT, options())];
  await threads.close();
  for (const result of await Promise.all(jobs)) assert.ok(!result.ok && result.fault.code === 'PV-1524');
  const after = await threads.run(SHORT, options());
  assert.ok(!after.ok && after.fault.code === 'PV-1524');
});

test('an idle thread does not keep the process alive', async (t) => {
  const module = JSON.stringify(import.meta.resolve('./threads.ts'));
  const script = join(await temporaryFolder(t), 'speak.mjs');
  await writeFile(
    script,
    `import { createThreads } from ${module};
    const threads = createThreads({ size: 1 });
    const result = await threads.run({ kind: 'flite', voice: 'kal', text: 'yes' },
      { signal: new AbortController().signal, timeoutMs: 10000, onTimeout: {} });
    process.stdout.write(String(result.ok));`,
  );
  const { stdout, status } = spawnSync(process.execPath, [script], { timeout: 20_000, encoding: 'utf8' });
  assert.deepEqual([stdout, status], ['true', 0]);
});
