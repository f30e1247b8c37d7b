import { define } from './definition.ts';

/** Of every process. */
export const PROCESS_METRICS = define({
  handles: {
    name: 'pivot.process.resources',
    kind: 'gauge',
    unit: '{handle}',
    description: 'Open handles and requests of the event loop',
    labels: { kind: "Node's name of the kind, e.g. `TCPSocketWrap`" },
  },
  heap: {
    name: 'pivot.process.heap',
    kind: 'gauge',
    unit: 'By',
    description: "JavaScript heap in use, the main thread's",
  },
  memory: { name: 'pivot.process.memory', kind: 'gauge', unit: 'By', description: 'Resident memory of the process' },
  cpu: {
    name: 'pivot.process.cpu.time',
    kind: 'counter',
    unit: 's',
    description: 'CPU time so far',
    labels: { of: '`process`; `main`: its main thread' },
  },
  loopDelay: {
    name: 'pivot.process.event_loop.delay',
    kind: 'gauge',
    unit: 's',
    description: 'How late the event loop came to its timers since the last scrape',
    labels: { of: '`mean`, `p99`, `max`' },
  },
});

/** Of `pivot up` and of workers with the softswitch. */
export const SOFTSWITCH_METRICS = define({
  sessions: {
    name: 'pivot.softswitch.sessions',
    kind: 'gauge',
    unit: '{session}',
    description: 'Sessions of calls',
  },
  eventSockets: {
    name: 'pivot.softswitch.event_sockets',
    kind: 'gauge',
    unit: '{connection}',
    description: 'Connections of its event socket',
  },
  dialogs: { name: 'pivot.softswitch.dialogs', kind: 'gauge', unit: '{dialog}', description: 'SIP dialogs' },
  transactions: {
    name: 'pivot.softswitch.transactions',
    kind: 'gauge',
    unit: '{transaction}',
    description: 'SIP transactions',
  },
  softswitchHeap: {
    name: 'pivot.softswitch.heap',
    kind: 'gauge',
    unit: 'By',
    description: "JavaScript heap in use, its thread's",
  },
  softswitchCpu: {
    name: 'pivot.softswitch.cpu.time',
    kind: 'counter',
    unit: 's',
    description: 'CPU time of its thread so far',
  },
  rtpPorts: { name: 'pivot.softswitch.rtp.ports', kind: 'gauge', unit: '{port}', description: 'RTP ports in use' },
  rtpSent: { name: 'pivot.softswitch.rtp.sent', kind: 'counter', unit: '{packet}', description: 'RTP packets sent' },
  rtpSentLate: {
    name: 'pivot.softswitch.rtp.sent_late',
    kind: 'counter',
    unit: '{packet}',
    description: 'RTP packets sent more than 5 ms late',
  },
  rtpReceived: {
    name: 'pivot.softswitch.rtp.received',
    kind: 'counter',
    unit: '{packet}',
    description: 'RTP packets received',
  },
  rtpLost: {
    name: 'pivot.softswitch.rtp.lost',
    kind: 'counter',
    unit: '{packet}',
    description: 'RTP packets that were missing from what was received',
  },
});

const PROCESSOR = {
  'otel.component.name': 'name of the span processor',
  'otel.component.type': '`batching_span_processor`',
} as const;

/** Made by OpenTelemetry's SDK, in every process that exports spans. */
export const SDK_METRICS = define({
  spans: {
    name: 'otel.sdk.processor.span.processed',
    kind: 'counter',
    unit: '{span}',
    description: 'Spans that were sent or given up',
    labels: {
      ...PROCESSOR,
      'error.type': 'absent: sent; `queue_full`: dropped, as the receiver is too slow; else why it could not be sent',
    },
  },
  spanQueue: {
    name: 'otel.sdk.processor.span.queue.size',
    kind: 'gauge',
    unit: '{span}',
    description: 'Spans that wait to be sent',
    labels: PROCESSOR,
  },
  spanQueueCapacity: {
    name: 'otel.sdk.processor.span.queue.capacity',
    kind: 'gauge',
    unit: '{span}',
    description: 'Spans that may wait',
    labels: PROCESSOR,
  },
});

/** Beside the SDK's own. */
export const TRACE_METRICS = define({
  spansDropped: {
    name: 'pivot.trace.spans.dropped',
    kind: 'counter',
    unit: '{span}',
    description: 'Spans that were dropped before they came into the queue',
    labels: {
      reason:
        '`too_large`: those that wait have 64 MiB together; `undecided`: the call was not sampled, nor over, and too many such spans waited',
    },
  },
});
