import type { Meter, ObservableResult } from '@opentelemetry/api';
import type { Distributor } from '../distributor/distributor.ts';
import type { Operator } from './operator.ts';

/** Makes instruments that are read at each scrape. */
function instruments(meter: Meter) {
  return {
    gauge(name: string, description: string, observe: (result: ObservableResult) => void): void {
      meter.createObservableGauge(name, { description }).addCallback(observe);
    },
    counter(name: string, description: string, observe: (result: ObservableResult) => void): void {
      meter.createObservableCounter(name, { description }).addCallback(observe);
    },
  };
}

/** The stream to the workers; means something on the leader only. */
export function observeDistributor(meter: Meter, distributor: Distributor): void {
  const { gauge, counter } = instruments(meter);
  gauge('pivot.operator.workers', 'Connected media workers by state', (result) => {
    const { workers } = distributor;
    const draining = workers.filter((one) => one.draining).length;
    const ready = workers.filter((one) => one.ready && !one.draining).length;
    result.observe(ready, { state: 'ready' });
    result.observe(draining, { state: 'draining' });
    result.observe(workers.length - ready - draining, { state: 'not_ready' });
  });
  gauge('pivot.operator.workers.calls', 'Calls in progress on all connected media workers', (result) =>
    result.observe(distributor.workers.reduce((sum, { activeCalls }) => sum + activeCalls, 0)),
  );
  gauge('pivot.operator.workers.behind', 'Connected media workers that do not have the table in force', (result) => {
    const version = distributor.release?.table.version;
    result.observe(distributor.workers.filter((one) => one.version !== version).length);
  });
  gauge('pivot.operator.rejected_callflows', 'Callflows that a worker has refused', (result) =>
    result.observe(distributor.rejections.size),
  );
  gauge('pivot.operator.table.refused', '1 while a new table is held back because it drops most numbers', (result) =>
    result.observe(distributor.refusal === undefined ? 0 : 1),
  );
  counter('pivot.operator.stream.messages', 'What was sent to workers and what became of it', (result) => {
    for (const [what, count] of Object.entries(distributor.figures)) result.observe(count, { what });
  });
}

/** Everything that the operator shows, read at each scrape. */
export function observeOperator(meter: Meter, operator: Operator): void {
  const { gauge, counter } = instruments(meter);
  const kinds = () => Object.entries(operator.figures.reflectors);

  gauge('pivot.operator.leader', '1 on the replica that leads', (result) => result.observe(operator.leads ? 1 : 0));
  gauge('pivot.operator.synced', '1 when everything has been listed and compiled', (result) =>
    result.observe(operator.synced ? 1 : 0),
  );
  gauge('pivot.operator.objects', 'Objects that are known; of Secrets only those that callflows refer to', (result) => {
    for (const [resource, { objects }] of kinds()) result.observe(objects, { resource });
  });
  gauge('pivot.operator.routes', 'Routes of the table', (result) => {
    if (operator.synced) result.observe(operator.latest().table.routes.length);
  });
  counter('pivot.operator.compiles', 'Compiles', (result) => result.observe(operator.figures.compiler.compiles));
  counter('pivot.operator.compile.failures', 'Compiles that threw; the last table stays in force', (result) =>
    result.observe(operator.figures.compiler.failures),
  );
  gauge('pivot.operator.compile.last_ms', 'Time of the last compile', (result) =>
    result.observe(operator.figures.compiler.lastMs),
  );
  counter('pivot.operator.watch.relists', 'Lists taken after the first', (result) => {
    for (const [resource, { relists }] of kinds()) result.observe(relists, { resource });
  });
  counter('pivot.operator.watch.failures', 'Lists and watches that failed', (result) => {
    for (const [resource, { failures }] of kinds()) result.observe(failures, { resource });
  });
  gauge('pivot.operator.watch.last_event_ms', 'Time since something was heard from the API server', (result) => {
    for (const [resource, { lastEventAgeMs }] of kinds()) {
      if (lastEventAgeMs !== undefined) result.observe(lastEventAgeMs, { resource });
    }
  });
  counter('pivot.operator.statuses', 'Statuses by what became of them', (result) => {
    const { written, unchanged, dropped, failures } = operator.figures.reporter.statuses;
    for (const [outcome, count] of Object.entries({ written, unchanged, dropped, failures })) {
      result.observe(count, { outcome });
    }
  });
  gauge('pivot.operator.statuses.waiting', 'Statuses that are still to be written', (result) => {
    const { waiting, delayed, processing } = operator.figures.reporter.statuses;
    result.observe(waiting + delayed + processing);
  });
  counter('pivot.operator.events', 'Events by what became of them', (result) => {
    for (const [outcome, count] of Object.entries(operator.figures.reporter.events)) result.observe(count, { outcome });
  });
}
