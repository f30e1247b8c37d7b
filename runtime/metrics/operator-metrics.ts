import { define } from './definition.ts';

const RESOURCE = { resource: 'plural name of the kind, e.g. `pivotcallflows`' } as const;

/** Of `pivot operator`. Those of the stream and of workers mean something on the leader only. */
export const OPERATOR_METRICS = define({
  leader: { name: 'pivot.operator.leader', kind: 'gauge', unit: '1', description: '1 on the replica that leads' },
  synced: {
    name: 'pivot.operator.synced',
    kind: 'gauge',
    unit: '1',
    description: '1 when everything has been listed and compiled',
  },
  objects: {
    name: 'pivot.operator.objects',
    kind: 'gauge',
    unit: '{object}',
    description: 'Objects that are known; of Secrets only those that callflows refer to',
    labels: RESOURCE,
  },
  callflows: {
    name: 'pivot.operator.callflows.false',
    kind: 'gauge',
    unit: '{callflow}',
    description: 'Callflows with a condition that is False',
    labels: { condition: '`Accepted`, `ResolvedRefs`, `Programmed`, `WebhookHealthy`' },
  },
  routes: { name: 'pivot.operator.routes', kind: 'gauge', unit: '{route}', description: 'Routes of the table' },
  compiles: {
    name: 'pivot.operator.compiles',
    kind: 'counter',
    unit: '{compile}',
    description: 'Compiles; when one fails the last table stays in force',
    labels: { result: '`ok`, `failed`' },
  },
  compileTime: {
    name: 'pivot.operator.compile.last_duration',
    kind: 'gauge',
    unit: 's',
    description: 'Time of the last compile',
  },
  relists: {
    name: 'pivot.operator.watch.relists',
    kind: 'counter',
    unit: '{list}',
    description: 'Lists taken after the first',
    labels: RESOURCE,
  },
  watchFailures: {
    name: 'pivot.operator.watch.failures',
    kind: 'counter',
    unit: '{failure}',
    description: 'Lists and watches that failed',
    labels: RESOURCE,
  },
  watchSilence: {
    name: 'pivot.operator.watch.silence',
    kind: 'gauge',
    unit: 's',
    description: 'Since something was heard from the API server, which says something every minute or so',
    labels: RESOURCE,
  },
  statuses: {
    name: 'pivot.operator.statuses',
    kind: 'counter',
    unit: '{status}',
    description: 'Statuses by what became of them',
    labels: { outcome: '`written`, `unchanged`, `dropped`, `failures`: to be repeated' },
  },
  statusesWaiting: {
    name: 'pivot.operator.statuses.waiting',
    kind: 'gauge',
    unit: '{status}',
    description: 'Statuses that are still to be written',
  },
  events: {
    name: 'pivot.operator.events',
    kind: 'counter',
    unit: '{event}',
    description: 'Events by what became of them',
    labels: { outcome: '`sent`, `repeated`: told before, `dropped`' },
  },
  workers: {
    name: 'pivot.operator.workers',
    kind: 'gauge',
    unit: '{worker}',
    description: 'Connected media workers',
    labels: { state: '`ready`, `draining`, `not_ready`' },
  },
  workerCalls: {
    name: 'pivot.operator.workers.calls',
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls in progress on all connected media workers',
  },
  workersBehind: {
    name: 'pivot.operator.workers.behind',
    kind: 'gauge',
    unit: '{worker}',
    description: 'Connected media workers that do not have the table in force',
  },
  rejectedCallflows: {
    name: 'pivot.operator.rejected_callflows',
    kind: 'gauge',
    unit: '{callflow}',
    description: 'Callflows that a worker has refused',
  },
  tableRefused: {
    name: 'pivot.operator.table.refused',
    kind: 'gauge',
    unit: '1',
    description: '1 while a new table is held back because it drops most numbers',
  },
  streamMessages: {
    name: 'pivot.operator.stream.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'What was sent to workers and what became of it',
    labels: {
      what: '`releases`, `deltas`, `snapshots`, `heartbeats`; `nacks`: refused by a worker; `refused`: connections not let in; `dropped`: connections cut',
    },
  },
});
