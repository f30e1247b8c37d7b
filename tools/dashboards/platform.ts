import { OPERATOR_METRICS as OPERATOR } from '../../runtime/metrics/operator-metrics.ts';
import {
  PROCESS_METRICS as PROCESS,
  SDK_METRICS as SDK,
  TRACE_METRICS as TRACE,
} from '../../runtime/metrics/process-metrics.ts';
import { type Dashboard, perSecond, series, total } from './grafana.ts';

/** For whoever looks after the operator and the processes. */
export const PLATFORM: Dashboard = {
  uid: 'pivot-platform',
  title: 'Pivot / Platform',
  about: 'From what is applied to what workers have; and the processes themselves.',
  rows: [
    {
      title: 'Operator',
      panels: [
        {
          title: 'Leader',
          about: 'One, or nothing that is applied takes effect.',
          unit: 'short',
          queries: [
            { expr: series(OPERATOR.leader), legend: '{{pod}} leads' },
            { expr: series(OPERATOR.synced), legend: '{{pod}} synced' },
          ],
        },
        {
          title: 'Objects',
          about: 'Known of each kind.',
          unit: 'short',
          queries: [
            { expr: `max by (resource) (${series(OPERATOR.objects)})`, legend: '{{resource}}' },
            { expr: `max (${series(OPERATOR.routes)})`, legend: 'routes' },
          ],
        },
        {
          title: 'Callflows with a condition that is False',
          about: '`kubectl get pivotcallflows -A` names them.',
          unit: 'short',
          queries: [
            { expr: `max by (condition) (${series(OPERATOR.callflows)})`, legend: '{{condition}}' },
            { expr: `max (${series(OPERATOR.rejectedCallflows)})`, legend: 'rejected by a worker' },
          ],
        },
        {
          title: 'Compiles',
          about: 'A failed one leaves the last table in force.',
          unit: 'reqps',
          queries: [{ expr: perSecond(OPERATOR.compiles, 'pod, result'), legend: '{{pod}} {{result}}' }],
        },
        {
          title: 'Time of the last compile',
          about: 'Grows with the number of callflows.',
          unit: 's',
          queries: [{ expr: series(OPERATOR.compileTime), legend: '{{pod}}' }],
        },
        {
          title: 'Statuses and events',
          about: 'Written, and waiting to be.',
          unit: 'short',
          queries: [
            { expr: perSecond(OPERATOR.statuses, 'outcome'), legend: 'statuses {{outcome}}' },
            { expr: perSecond(OPERATOR.events, 'outcome'), legend: 'events {{outcome}}' },
            { expr: total(OPERATOR.statusesWaiting, 'pod'), legend: 'waiting {{pod}}' },
          ],
        },
        {
          title: 'Silence of the API server',
          about: 'It says something every minute or so.',
          unit: 's',
          queries: [{ expr: `max by (pod) (${series(OPERATOR.watchSilence)})`, legend: '{{pod}}' }],
        },
        {
          title: 'Watches',
          about: 'Failures and new lists.',
          unit: 'reqps',
          queries: [
            { expr: perSecond(OPERATOR.watchFailures, 'resource'), legend: 'failures {{resource}}' },
            { expr: perSecond(OPERATOR.relists, 'resource'), legend: 'lists {{resource}}' },
          ],
        },
      ],
    },
    {
      title: 'Stream to the workers',
      panels: [
        {
          title: 'Workers',
          about: 'As the leader sees them.',
          unit: 'short',
          queries: [
            { expr: total(OPERATOR.workers, 'state'), legend: '{{state}}' },
            { expr: total(OPERATOR.workersBehind), legend: 'without the table in force' },
            { expr: total(OPERATOR.tableRefused), legend: 'table held back' },
          ],
        },
        {
          title: 'Calls on all workers',
          about: 'As they report them.',
          unit: 'short',
          queries: [{ expr: total(OPERATOR.workerCalls), legend: 'calls' }],
        },
        {
          title: 'Messages',
          about: 'Sent, and what became of them.',
          unit: 'reqps',
          queries: [{ expr: perSecond(OPERATOR.streamMessages, 'what'), legend: '{{what}}' }],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'CPU',
          about: 'Cores used.',
          unit: 'short',
          queries: [{ expr: perSecond(PROCESS.cpu, 'pod', 'of="process"'), legend: '{{pod}}' }],
        },
        {
          title: 'Memory',
          about: 'Resident, and the JavaScript heap.',
          unit: 'bytes',
          queries: [
            { expr: series(PROCESS.memory), legend: '{{pod}}' },
            { expr: series(PROCESS.heap), legend: '{{pod}} heap' },
          ],
        },
        {
          title: 'Lateness of the event loop',
          about: 'Above a tenth of a second a process has too much to do.',
          unit: 's',
          queries: [{ expr: series(PROCESS.loopDelay, 'of="p99"'), legend: '{{pod}}' }],
        },
        {
          title: 'Open handles',
          about: 'What only grows is a leak.',
          unit: 'short',
          queries: [{ expr: total(PROCESS.handles, 'pod, kind'), legend: '{{pod}} {{kind}}' }],
        },
        {
          title: 'Spans',
          about: 'Sent where no error is named.',
          unit: 'reqps',
          queries: [
            { expr: perSecond(SDK.spans, 'error_type'), legend: 'sent {{error_type}}' },
            { expr: perSecond(TRACE.spansDropped, 'reason'), legend: 'dropped: {{reason}}' },
          ],
        },
        {
          title: 'Spans that wait',
          about: 'Against what may wait; what is beyond is dropped.',
          unit: 'short',
          queries: [
            { expr: total(SDK.spanQueue, 'pod'), legend: '{{pod}}' },
            { expr: `max (${series(SDK.spanQueueCapacity)})`, legend: 'room of each' },
          ],
        },
      ],
    },
  ],
};
