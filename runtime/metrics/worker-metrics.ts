import { define } from './definition.ts';

/** From a local answer to the longest wait that a caller bears. Seconds. */
const WAITS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** From a call that is refused at once to one of an hour. Seconds. */
const TALKS = [0.1, 1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600] as const;

/** Of whoever takes calls: `pivot media-worker` and `pivot up`. */
export const WORKER_METRICS = define({
  calls: {
    name: 'pivot.calls',
    kind: 'counter',
    unit: '{call}',
    description: 'Calls that are over, and calls that were not taken',
    labels: {
      result:
        '`completed`; `canceled` by the caller; `rejected` by its callflow; `no-route`; `refused` (limit, draining, no table, unreadable); `failed`: cut off',
    },
  },
  activeCalls: {
    name: 'pivot.calls.active',
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls in progress',
  },
  callLimit: {
    name: 'pivot.calls.limit',
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls that are taken at once; further ones get 503',
  },
  admissions: {
    name: 'pivot.admissions',
    kind: 'counter',
    unit: '{request}',
    description:
      'Calls that came in, by who was let in and who was not; a telephone that is asked for its password comes twice',
    labels: { result: '`device`, `trunk`, `anybody`: let in; `challenge`: asked for its password; `refused`' },
  },
  registrations: {
    name: 'pivot.registrations',
    kind: 'counter',
    unit: '{request}',
    description: 'REGISTERs of telephones',
    labels: {
      result:
        '`registered`, `refreshed`, `removed`; `asked` for what is known; `challenge`: asked for its password; `too-short` a time (423); `refused`',
    },
  },
  activeRegistrations: {
    name: 'pivot.registrations.active',
    kind: 'gauge',
    unit: '{contact}',
    description: 'Addresses of telephones that registered with this worker',
  },
  setup: {
    name: 'pivot.call.setup.duration',
    kind: 'histogram',
    unit: 's',
    description: 'INVITE to answer, of calls that were answered',
    buckets: WAITS,
  },
  callDuration: {
    name: 'pivot.call.duration',
    kind: 'histogram',
    unit: 's',
    description: 'INVITE to the end, of calls that were taken',
    labels: { result: 'as of `pivot.calls`' },
    buckets: TALKS,
  },
  legs: {
    name: 'pivot.legs',
    kind: 'counter',
    unit: '{leg}',
    description: 'Legs dialled for calls that are over',
    labels: { answered: '`true`, `false`', cause: "the Q.850 cause by FreeSWITCH's name, e.g. `USER_BUSY`" },
  },
  activeLegs: {
    name: 'pivot.legs.active',
    kind: 'gauge',
    unit: '{leg}',
    description: 'Legs dialled for calls of which something is left',
  },
  exchanges: {
    name: 'pivot.exchange.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Webhook exchanges, with their retries and the fallback',
    labels: { result: '`ok`, or the code of the [error](errors.md)' },
    buckets: WAITS,
  },
  verbs: {
    name: 'pivot.twiml.verbs',
    kind: 'counter',
    unit: '{verb}',
    description: 'TwiML verbs that ran',
    labels: {
      verb: 'name of the verb',
      outcome: '`continue`, `exchange`, `leave`, `stop`; `call-ended` meanwhile; `failed` from within',
    },
  },
  actions: {
    name: 'pivot.callflow.actions',
    kind: 'counter',
    unit: '{action}',
    description: 'Actions of callflows that ran',
    labels: {
      module: 'name of the module; `other`: one that this version does not run',
      outcome:
        '`continue`, `branch`, `replace`, `attempt`, `stop`, `hardStop`; `skipped`; `call-ended` meanwhile; `failed`',
    },
  },
  sounds: {
    name: 'pivot.media.prepare.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Making a sound ready to be played: fetched or spoken, converted, or found in the cache',
    labels: { kind: '`speech`, `url`, `media`, `stream`', result: '`made`, `cached`, `failed`' },
    buckets: WAITS,
  },
  soundJobs: {
    name: 'pivot.media.jobs',
    kind: 'gauge',
    unit: '{job}',
    description: 'Sounds that are being spoken or converted; at most 64 wait',
    labels: { state: '`running`, `waiting`' },
  },
  background: {
    name: 'pivot.background.requests',
    kind: 'gauge',
    unit: '{request}',
    description: 'Callbacks, CDRs and other requests under way that no call waits for; at most 500',
  },
  outgoing: {
    name: 'pivot.outgoing.requests',
    kind: 'gauge',
    unit: '{request}',
    description: 'Outgoing HTTP requests',
    labels: { state: '`busy`; `waiting` for a connection' },
  },
  idleConnections: {
    name: 'pivot.outgoing.connections.idle',
    kind: 'gauge',
    unit: '{connection}',
    description: 'Outgoing HTTP connections that are kept open',
  },
  conferences: {
    name: 'pivot.conferences.open',
    kind: 'gauge',
    unit: '{conference}',
    description: 'Conferences on this worker',
  },
  queuedCallers: {
    name: 'pivot.queues.waiting',
    kind: 'gauge',
    unit: '{call}',
    description: 'Callers who wait in queues of this worker',
  },
  ready: {
    name: 'pivot.worker.ready',
    kind: 'gauge',
    unit: '1',
    description: '1 while the worker takes calls',
  },
  connected: {
    name: 'pivot.worker.connected',
    kind: 'gauge',
    unit: '1',
    description: '1 while the media server is connected',
    labels: { server: '`drachtio`, `freeswitch`' },
  },
  numbers: {
    name: 'pivot.table.numbers',
    kind: 'gauge',
    unit: '{number}',
    description: 'Numbers and extensions in the routing table',
  },
  recordingDeliveries: {
    name: 'pivot.recording.deliveries',
    kind: 'counter',
    unit: '{delivery}',
    description: 'Uploads and status callbacks of recordings',
    labels: { what: '`upload`, `callback`', result: '`ok`; `failed`: to be repeated; `given up`' },
  },
  recordingsWaiting: {
    name: 'pivot.recordings.waiting',
    kind: 'gauge',
    unit: '{recording}',
    description: 'Recordings about which something is still to be sent',
  },
});

/** Of `pivot media-worker`: its end of the stream from the operator. */
export const TABLE_METRICS = define({
  tableConnected: {
    name: 'pivot.table.connected',
    kind: 'gauge',
    unit: '1',
    description: '1 while the stream to the operator is up',
  },
  tableVersion: {
    name: 'pivot.table.version',
    kind: 'gauge',
    unit: '1',
    description:
      'The routing table in use: the first twelve hexadecimal digits of its version, as a number, by where it came from; 0: another than that',
    labels: {
      origin: '`stream`; `file`: the copy on its disk; `snapshot`: that of the cluster',
    },
  },
  tableAge: {
    name: 'pivot.table.age',
    kind: 'gauge',
    unit: 's',
    description: 'Since the table in use came, or since an operator last said that it is the one in force',
  },
  tableStream: {
    name: 'pivot.table.stream.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'What came over the stream',
    labels: { what: '`connects`, `snapshots`, `deltas`; `refusals`: tables that could not be used' },
  },
});
