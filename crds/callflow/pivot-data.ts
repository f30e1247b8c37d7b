import { callflowCodes } from '../errors/callflow.ts';
import { type Collector, show } from './collector.ts';
import { findRequestHeaderRefusal } from './headers.ts';
import { join } from './pointer.ts';
import type { OwnJson, OwnObject } from './prepare.ts';

/** Milliseconds of one exchange attempt, also the default (Kazoo's system setting `pivot.request_timeout_ms`). */
const PIVOT_TIMEOUT_LIMIT_MS = 5000;

/**
 * `admission`: a manifest, which its author can mend, so what is out of range is refused.
 * `runtime`: a web server's answer in the middle of a call, so it is brought within range with a warning; it may not refer to Secrets.
 */
export type ValidationMode = 'admission' | 'runtime';

/**
 * Brings the data of a pivot action into one form: `req_timeout` becomes `req_timeout_ms`, header objects (Kazoo 5) become lists,
 * values out of range are clamped at run time (spec pivot-behaviour 2.1, 2.3, 2.5, 11.1). Changes `data`, which is a copy already.
 */
export function normalisePivot(data: OwnObject, pointer: string, mode: ValidationMode, collector: Collector): void {
  requireOneTarget(data, pointer, collector);
  takeLegacyTimeout(data, pointer, collector);
  takeRetriesWhen(data, pointer, collector);
  if (mode === 'runtime') clamp(data, pointer, collector);
  listHeaders(data, pointer, collector);
  if (mode === 'runtime') refuseSecrets(data, pointer, collector);
}

function requireOneTarget(data: OwnObject, pointer: string, collector: Collector): void {
  const url = data['voice_url'] !== undefined;
  const serverless = data['serverless'] !== undefined;
  if (url && serverless) {
    collector.report(
      callflowCodes.fieldValue,
      'pivot: "voice_url" and "serverless" exclude each other',
      join(pointer, 'serverless'),
    );
  } else if (!url && !serverless) {
    collector.report(callflowCodes.fieldMissing, 'pivot: "voice_url" is missing (the URL to ask first)', pointer);
  }
}

function takeLegacyTimeout(data: OwnObject, pointer: string, collector: Collector): void {
  const seconds = data['req_timeout'];
  if (seconds === undefined) return;
  delete data['req_timeout'];
  const place = join(pointer, 'req_timeout');
  const milliseconds = Math.round(
    Number(typeof seconds === 'string' && seconds.trim() === '' ? Number.NaN : seconds) * 1000,
  );
  if ((typeof seconds !== 'string' && typeof seconds !== 'number') || !(milliseconds > 0)) {
    collector.report(
      callflowCodes.fieldValue,
      `pivot: "req_timeout" must be a number of seconds above 0, not ${show(seconds)}`,
      place,
    );
    return;
  }
  if (data['req_timeout_ms'] !== undefined) {
    collector.report(callflowCodes.deprecatedField, 'pivot: "req_timeout" is ignored beside "req_timeout_ms"', place);
    return;
  }
  const used = Math.min(milliseconds, PIVOT_TIMEOUT_LIMIT_MS);
  data['req_timeout_ms'] = used;
  collector.report(
    callflowCodes.deprecatedField,
    `pivot: "req_timeout" is an old spelling; it was taken as "req_timeout_ms": ${used}${used < milliseconds ? ', the longest allowed' : ''}`,
    place,
  );
}

/** `retries.when` is `retries.on` by another name; the worker reads `on` only. */
function takeRetriesWhen(data: OwnObject, pointer: string, collector: Collector): void {
  const retries = data['retries'];
  if (retries === null || typeof retries !== 'object' || Array.isArray(retries) || retries['when'] === undefined)
    return;
  if (retries['on'] !== undefined) {
    const message = 'pivot: "retries.on" and "retries.when" are two names of one field; give one of them';
    collector.report(callflowCodes.fieldValue, message, join(join(pointer, 'retries'), 'when'));
    return;
  }
  if (!Array.isArray(retries['when'])) return; // ajv says what it must be
  retries['on'] = retries['when'];
  delete retries['when'];
}

function clamp(data: OwnObject, pointer: string, collector: Collector): void {
  const timeout = data['req_timeout_ms'];
  if (typeof timeout === 'number' && (timeout > PIVOT_TIMEOUT_LIMIT_MS || timeout < 1)) {
    const used = timeout < 1 ? 1 : PIVOT_TIMEOUT_LIMIT_MS;
    data['req_timeout_ms'] = used;
    const message = `pivot: "req_timeout_ms" must be between 1 and ${PIVOT_TIMEOUT_LIMIT_MS}, not ${timeout}; ${used} is used`;
    collector.report(callflowCodes.clampedValue, message, join(pointer, 'req_timeout_ms'));
  }
  const method = data['method'];
  if (typeof method === 'string' && method !== 'get' && method !== 'post') {
    data['method'] = 'get';
    const message = `pivot: "method" must be "get" or "post", not ${show(method)}; "get" is used`;
    collector.report(callflowCodes.clampedValue, message, join(pointer, 'method'));
  }
}

/** Kazoo 5 writes headers as an object of texts; the design as a list, which alone can refer to Secrets. The worker reads lists only. */
function listHeaders(data: OwnObject, pointer: string, collector: Collector): void {
  const field = 'custom_request_headers';
  const headers = data[field];
  const place = join(pointer, field);
  if (headers === undefined || headers === null || typeof headers !== 'object') return;
  if (Array.isArray(headers)) {
    headers.forEach((header, index) => {
      if (header === null || typeof header !== 'object' || Array.isArray(header)) return;
      refuseHeader(header['name'], header['value'], join(place, index), collector);
      const sources = Number(header['value'] !== undefined) + Number(header['valueFrom'] !== undefined);
      if (sources !== 1) {
        const message = `pivot: "${field}[${index}]" must have exactly one of "value" and "valueFrom"`;
        collector.report(callflowCodes.fieldValue, message, join(place, index));
      }
    });
    return;
  }
  const list: OwnJson[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') {
      collector.report(
        callflowCodes.fieldType,
        `pivot: the value of the header "${name}" must be text`,
        join(place, name),
      );
    } else {
      refuseHeader(name, value, join(place, name), collector);
      list.push({ name, value });
    }
  }
  data[field] = list;
}

function refuseHeader(
  name: OwnJson | undefined,
  value: OwnJson | undefined,
  place: string,
  collector: Collector,
): void {
  const refusal = findRequestHeaderRefusal(
    typeof name === 'string' ? name : undefined,
    typeof value === 'string' ? value : undefined,
  );
  if (refusal !== undefined) collector.report(callflowCodes.headerRefused, `pivot: ${refusal}`, place);
}

function refuseSecrets(data: OwnObject, pointer: string, collector: Collector): void {
  const stack: { value: OwnJson; place: string }[] = ['custom_request_headers', 'signing', 'tls']
    .filter((field) => data[field] !== undefined)
    .map((field) => ({ value: data[field]!, place: join(pointer, field) }));
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    if (one.value === null || typeof one.value !== 'object') continue;
    for (const [key, value] of Object.entries(one.value)) {
      const place = join(one.place, key);
      if (/^(secretKeyRef|secretRef|ca_secret_ref)$/.test(key)) {
        collector.report(
          callflowCodes.secretReferenceRefused,
          `pivot: the answer of a web server may not use "${key}"`,
          place,
        );
      } else stack.push({ value, place });
    }
  }
}
