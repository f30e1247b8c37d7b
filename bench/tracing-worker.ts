/**
 * A media worker alone, for `bench/tracing.ts`: `node bench/tracing-worker.ts DRACHTIO FREESWITCH MANIFESTS DATA [OTLP]`. Without the last nobody
 * records a trace: its tracer is the one of OpenTelemetry's API that does nothing.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { watchManifests } from '../cli/manifests.ts';
import { hostPort } from '../cli/options.ts';
import { createHttpClient, createSounds, openStore } from '../cli/worker-parts.ts';
import { createRecordings } from '../media-worker/recordings/recordings.ts';
import { Router } from '../media-worker/routing/router.ts';
import { startMediaWorker } from '../media-worker/worker.ts';
import { createLogger } from '../runtime/log.ts';
import { createTelemetry } from '../runtime/telemetry.ts';

const [drachtio = '', freeswitch = '', manifests = '', data = '', otlpUrl] = process.argv.slice(2);
const log = createLogger({ level: 'error' });
const telemetry = createTelemetry({
  serviceName: 'bench',
  env: process.env,
  ...(otlpUrl === undefined ? {} : { otlpUrl }),
});
const tracer = otlpUrl === undefined ? trace.getTracer('none') : telemetry.tracer;
const { meter } = telemetry;
const outgoing = createHttpClient({ allowPrivate: true });
const sounds = createSounds(join(data, 'sounds'), outgoing, () => undefined);
await sounds.open();
const recordings = await createRecordings({
  folder: join(data, 'recordings'),
  publicUrl: () => 'http://127.0.0.1',
  outgoing,
  tracer,
  meter,
  log,
  settingsOf: () => undefined,
});
const worker = startMediaWorker(
  {
    drachtio: { ...hostPort(drachtio), secret: 'cymru' },
    freeswitch: { ...hostPort(freeswitch), secret: 'ClueCon' },
    eventSocketAddress: '127.0.0.1',
    outgoing,
    sounds,
    recordings,
    tracer,
    meter,
    log,
    maxCalls: () => 1000,
    language: 'en-us',
    inbound: 'open',
    digest: 'both',
    registrations: { least: 60, most: 3600 },
    store: await openStore({ data, redisPrefix: '' }, log),
    name: 'bench',
    allowLoopbackUrls: true,
  },
  new AbortController().signal,
);
await worker.started;
const source = await watchManifests([manifests], { fault: console.error, note: () => {} });
source.onTable((table, secrets) => worker.use(new Router(table), secrets));
console.log('ready');
await once(process, 'SIGTERM');
process.exit(0);
