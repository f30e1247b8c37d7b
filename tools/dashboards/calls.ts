import { TABLE_METRICS as TABLE, WORKER_METRICS as WORKER } from '../../runtime/metrics/worker-metrics.ts';
import { type Dashboard, perSecond, series, times, total } from './grafana.ts';

/** For whoever looks after calls. */
export const CALLS: Dashboard = {
  uid: 'pivot-calls',
  title: 'Pivot / Calls',
  about: 'Calls, what web servers and sounds do to them, and where callers wait.',
  rows: [
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls by result',
          about: '`failed`: cut off. `refused`: limit, draining or no table. `rejected`: ended by the callflow.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.calls, 'result'), legend: '{{result}}' }],
        },
        {
          title: 'Calls in progress',
          about: 'Against what the workers take at once.',
          unit: 'short',
          queries: [
            { expr: total(WORKER.activeCalls, 'pod'), legend: '{{pod}}' },
            { expr: total(WORKER.callLimit), legend: 'limit of all' },
          ],
        },
        {
          title: 'INVITE to answer',
          about: 'What callers wait for, the first webhook exchange included.',
          unit: 's',
          queries: times(WORKER.setup),
        },
        {
          title: 'Who may call',
          about: 'Calls that came in, by who was let in. Many refusals are scanners, or a password that was changed.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.admissions, 'result'), legend: '{{result}}' }],
        },
        {
          title: 'Registrations',
          about:
            'Of telephones, by what became of them; addresses now. A fall to none is Redis or the network, not the telephones.',
          unit: 'short',
          queries: [
            { expr: perSecond(WORKER.registrations, 'result'), legend: '{{result}} per second' },
            { expr: total(WORKER.activeRegistrations), legend: 'addresses' },
          ],
        },
        {
          title: 'Length of calls',
          about: 'From INVITE to the end, of calls that were completed.',
          unit: 's',
          queries: times(WORKER.callDuration, 'result="completed"'),
        },
        {
          title: 'Legs dialled',
          about: 'By the cause of their end.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.legs, 'cause, answered'), legend: '{{cause}}, answered: {{answered}}' }],
        },
        {
          title: 'Legs, conferences, queues',
          about: 'Now.',
          unit: 'short',
          queries: [
            { expr: total(WORKER.activeLegs), legend: 'legs' },
            { expr: total(WORKER.conferences), legend: 'conferences' },
            { expr: total(WORKER.queuedCallers), legend: 'callers in queues' },
          ],
        },
      ],
    },
    {
      title: 'Webhooks',
      panels: [
        {
          title: 'Exchanges by result',
          about: 'After retries and fallback. What a code means is in docs/errors.md.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.exchanges, 'result'), legend: '{{result}}' }],
        },
        {
          title: 'Time of exchanges',
          about: 'Callers hear silence meanwhile.',
          unit: 's',
          queries: times(WORKER.exchanges),
        },
        {
          title: 'Outgoing requests',
          about: 'Waiting ones mean that a host answers more slowly than it is asked.',
          unit: 'short',
          queries: [
            { expr: total(WORKER.outgoing, 'state'), legend: '{{state}}' },
            { expr: total(WORKER.background), legend: 'nobody waits for' },
            { expr: total(WORKER.idleConnections), legend: 'idle connections' },
          ],
        },
        {
          title: 'TwiML verbs',
          about: 'By name and what became of them.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.verbs, 'verb, outcome'), legend: '{{verb}} {{outcome}}' }],
        },
        {
          title: 'Callflow actions',
          about: 'By module and what became of them.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.actions, 'module, outcome'), legend: '{{module}} {{outcome}}' }],
        },
      ],
    },
    {
      title: 'Sounds and recordings',
      panels: [
        {
          title: 'Sounds by kind and result',
          about: '`failed`: not fetched, not spoken or not converted.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.sounds, 'kind, result'), legend: '{{kind}} {{result}}' }],
        },
        {
          title: 'Time to make a sound ready',
          about: 'Those that were not in the cache.',
          unit: 's',
          queries: times(WORKER.sounds, 'result="made"'),
        },
        {
          title: 'Sounds in work',
          about: 'At most 64 wait; further ones fail.',
          unit: 'short',
          queries: [{ expr: total(WORKER.soundJobs, 'state'), legend: '{{state}}' }],
        },
        {
          title: 'Recordings to be delivered',
          about: 'By Pod.',
          unit: 'short',
          queries: [{ expr: total(WORKER.recordingsWaiting, 'pod'), legend: '{{pod}}' }],
        },
        {
          title: 'Deliveries of recordings',
          about: 'Uploads and callbacks.',
          unit: 'reqps',
          queries: [{ expr: perSecond(WORKER.recordingDeliveries, 'what, result'), legend: '{{what}} {{result}}' }],
        },
      ],
    },
    {
      title: 'Workers',
      panels: [
        {
          title: 'Ready',
          about: 'Workers that take calls.',
          unit: 'short',
          kind: 'stat',
          queries: [{ expr: total(WORKER.ready), legend: 'ready' }],
        },
        {
          title: 'Media servers',
          about: '1: connected.',
          unit: 'short',
          queries: [{ expr: series(WORKER.connected), legend: '{{pod}} {{server}}' }],
        },
        {
          title: 'Age of the routing table',
          about: 'A few seconds while an operator leads; it grows when none confirms the table.',
          unit: 's',
          queries: [{ expr: series(TABLE.tableAge), legend: '{{pod}}' }],
        },
        {
          title: 'Numbers',
          about: 'Numbers and extensions in the table of each worker.',
          unit: 'short',
          queries: [{ expr: series(WORKER.numbers), legend: '{{pod}}' }],
        },
        {
          title: 'Versions in use',
          about: 'Different tables that workers use, by where these came from: more than one for long is a fault.',
          unit: 'short',
          queries: [
            {
              expr: `count by (origin) (count_values by (origin) ("version", ${series(TABLE.tableVersion)} > 0))`,
              legend: '{{origin}}',
            },
          ],
        },
        {
          title: 'Stream from the operator',
          about: 'What came over it.',
          unit: 'reqps',
          queries: [
            { expr: perSecond(TABLE.tableStream, 'what'), legend: '{{what}}' },
            { expr: total(TABLE.tableConnected), legend: 'connected workers' },
          ],
        },
      ],
    },
  ],
};
