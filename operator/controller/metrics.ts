import type { Meter, ObservableResult } from '@opentelemetry/api';
import type { Operator } from './operator.ts';

/** Everything that the operator shows, read at each scrape. */
export function observeOperator(meter: Meter, operator: Operator): void {
  const gauge = (name: string, description: string, observe: (result: ObservableResult) => void): void => {
    meter.createObservableGauge(name, { description }).addCallback(observe);
  };
  const counter = (name: string, description: string, observe: (result: ObservableResult) => void): void => {
    meter.createObservableCounter(name, { description }).addCallback(observe);
  };
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
