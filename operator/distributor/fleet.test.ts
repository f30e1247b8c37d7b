import assert from 'node:assert/strict';
import { it } from 'node:test';
import { WebSocket } from 'ws';
import { STREAM_PATH, STREAM_PROTOCOL } from '../../crds/stream.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Distributor } from './distributor.ts';
import { TestSource } from './testing/source.ts';
import { numbersTable } from './testing/tables.ts';

const WORKERS = 1000;
const CALLFLOWS = 1000;

/** Answers whatever is offered, and does nothing with it: the operator is what is measured. */
function simulate(port: number, index: number): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${STREAM_PATH}`, [STREAM_PROTOCOL], {
    headers: { authorization: 'Bearer t' },
    perMessageDeflate: false,
  });
  let offer: { serial: number; version: string } | undefined;
  let pieces = 0;
  const answer = () => socket.send(JSON.stringify({ type: 'ack', ...offer }));
  socket.on('open', () => {
    const hello = { worker: `w${index}`, node: 'n', epoch: 'e', build: '0', capacity: 1, version: null, secrets: null };
    socket.send(JSON.stringify({ type: 'hello', ...hello }));
    socket.send(JSON.stringify({ type: 'state', ready: true, draining: false, activeCalls: 0, reasons: [] }));
  });
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      if (--pieces === 0) answer();
      return;
    }
    const message = JSON.parse(data.toString());
    if (message.type === 'snapshot') pieces = message.pieces;
    if (message.type === 'delta') offer = { serial: message.serial, version: message.table.to };
    if (message.type === 'snapshot') offer = { serial: message.serial, version: message.version };
    if (message.type === 'delta') answer();
  });
  return socket;
}

/** Both ends are in this process. How long it takes is told here and measured by `npm run bench:operator`. */
it(`${WORKERS} workers have each change once, and what waits for them is bounded`, async (t) => {
  const source = new TestSource();
  source.set(numbersTable(CALLFLOWS));
  let check = () => {};
  const distributor = new Distributor({
    source,
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    authenticate: async () => ({ worker: undefined }),
    clock: systemClock,
    timing: { gatherMs: 0 },
    onChange: () => check(),
    onFault: (one) => assert.fail(one.message),
  });
  const allHave = (serial: number) =>
    new Promise<void>((resolve) => {
      check = () => {
        const { progress } = distributor;
        if (progress.kind === 'acked' && progress.serial >= serial && distributor.workers.length === WORKERS) resolve();
      };
      check();
    });
  const { port } = await distributor.serve();
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  const sockets = Array.from({ length: WORKERS }, (_, index) => simulate(port, index));
  await allHave(1);
  const joined = performance.now() - begun;

  const times: number[] = [];
  for (let change = 1; change <= 5; change++) {
    source.set(numbersTable(CALLFLOWS, [change]));
    const changed = performance.now();
    await allHave(change + 1);
    times.push(performance.now() - changed);
  }
  const megabytes = (process.memoryUsage().rss - before) / 1024 / 1024;
  t.diagnostic(`${WORKERS} workers joined with a snapshot of ${CALLFLOWS} callflows in ${joined.toFixed(0)} ms`);
  t.diagnostic(
    `a change acknowledged by all (30 ms of debounce included): ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`,
  );
  t.diagnostic(`${megabytes.toFixed(0)} MB for both ends of all connections`);
  for (const socket of sockets) socket.terminate();
  await distributor.close();
  assert.equal(distributor.figures.deltas, WORKERS * 5);
  assert.equal(distributor.figures.snapshots, WORKERS);
  assert.ok(megabytes < 300);
});
