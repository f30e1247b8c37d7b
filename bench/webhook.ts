/**
 * Our time per webhook exchange beyond a bare undici request to the same server in the same run. The server is a process of its own. Rounds
 * of each kind take turns, so that what else the machine does falls on all alike.
 *
 *     node bench/webhook.ts [REQUESTS PER KIND]
 */
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { Agent, request } from 'undici';
import { createOutgoing } from '../media-worker/outgoing/client.ts';
import { CallSpan } from '../media-worker/telemetry/span.ts';
import { performExchange } from '../media-worker/webhook/exchange.ts';
import { ExchangeLimiter } from '../media-worker/webhook/limiter.ts';
import { readPivotSettings } from '../media-worker/webhook/settings.ts';
import { factsOf } from '../media-worker/webhook/testing/call.ts';

const DOCUMENT =
  '<Response><Gather numDigits="1" action="/next"><Say>Press a key.</Say></Gather><Redirect>/again</Redirect></Response>';
const ROUND = 100;

if (process.send !== undefined) serveDocument();
else await main(Number(process.argv[2] ?? 3000));

function serveDocument(): void {
  const server = createServer((incoming, reply) => {
    incoming.resume();
    incoming.on('end', () => reply.setHeader('content-type', 'text/xml').end(DOCUMENT));
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

async function main(count: number): Promise<void> {
  const child = fork(import.meta.filename);
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('message', (port) => resolve(Number(port)));
  const url = `http://127.0.0.1:${await promise}/voice`;

  const agent = new Agent({ connections: 16, pipelining: 1 });
  const outgoing = createOutgoing({ policy: { allowPrivate: true } });
  const discard: SpanExporter = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} };
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(discard)] });
  const tracer = provider.getTracer('bench');
  const facts = factsOf();
  const signal = new AbortController().signal;
  const exchangeWith = (debug: boolean, signed: boolean) => {
    const settings = readPivotSettings(
      {
        voice_url: url,
        method: 'post',
        req_format: 'twiml',
        debug,
        ...(signed ? { signing: { secretKeyRef: { namespace: 'a', name: 'b', key: 'c' } } } : {}),
      },
      new Map([['a/b/c', 'a signing key']]),
    );
    if (!settings.ok) throw new Error(settings.fault.message);
    return async (): Promise<void> => {
      const span = CallSpan.root(tracer, 'call', {});
      const outcome = await performExchange(
        {
          settings: settings.settings,
          url,
          method: 'POST',
          facts,
          parameters: { Digits: '1' },
          sensitive: false,
          signal,
        },
        {
          outgoing,
          span,
          limiter: new ExchangeLimiter(() => performance.now()),
          version: '0',
          now: Date.now,
          random: Math.random,
        },
      );
      span.end();
      if (!outcome.ok) throw new Error(outcome.fault.message);
    };
  };
  const body = 'CallSid=abc%4010.0.0.5&AccountSid=acme&From=1001&FromRealm=a.example&To=2030&Digits=1';
  const kinds = {
    'undici request': async (): Promise<void> => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      await (await request(url, { method: 'POST', body, headers, dispatcher: agent })).body.text();
    },
    'outgoing.request': async (): Promise<void> => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const result = await outgoing.request({ method: 'POST', url, body, headers, timeoutMs: 5000 });
      if (!result.ok) throw new Error(result.fault.message);
    },
    exchange: exchangeWith(false, false),
    'exchange, debug, signed': exchangeWith(true, true),
  };

  const taken = new Map<string, { times: number[]; cpu: number }>();
  for (const [name, once] of Object.entries(kinds)) {
    taken.set(name, { times: [], cpu: 0 });
    for (let warm = 0; warm < 500; warm += 1) await once();
  }
  for (let done = 0; done < count; done += ROUND) {
    for (const [name, once] of Object.entries(kinds)) {
      const entry = taken.get(name)!;
      const cpu = process.cpuUsage();
      for (let index = 0; index < ROUND; index += 1) {
        const started = performance.now();
        await once();
        entry.times.push(performance.now() - started);
      }
      const used = process.cpuUsage(cpu);
      entry.cpu += (used.user + used.system) / 1000;
    }
  }

  const bare = taken.get('undici request')!;
  const at = (times: readonly number[], share: number): number =>
    times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]!;
  const bareMedian = at(bare.times, 0.5);
  console.log(
    `webhook: one after the other over a kept connection, ${count} of each, document of ${DOCUMENT.length} bytes`,
  );
  console.log(
    ['', 'p50 ms', 'p95 ms', 'beyond undici p50 ms', 'ratio p50', 'CPU ms'].map((text) => text.padEnd(24)).join(''),
  );
  for (const [name, { times, cpu }] of taken) {
    const median = at(times, 0.5);
    const cells = [
      name,
      median.toFixed(3),
      at(times, 0.95).toFixed(3),
      (median - bareMedian).toFixed(3),
      (median / bareMedian).toFixed(2),
      (cpu / times.length).toFixed(3),
    ];
    console.log(cells.map((text) => text.padEnd(24)).join(''));
  }
  await Promise.all([agent.close(), outgoing.close(), provider.shutdown()]);
  child.disconnect();
}
