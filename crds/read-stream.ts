import type { PvCode } from './errors/fault.ts';
import {
  isDigest,
  isMembers,
  isResourceKey,
  isVersion,
  parseJson,
  type Read,
  type Refused,
  readTableDelta,
  refuse,
} from './read-table.ts';
import type { SecretsDelta } from './secret-values.ts';
import {
  type CallflowHealth,
  type NackReason,
  type OperatorMessage,
  type Refusal,
  type RejectedObject,
  STREAM_LIMITS,
  type WorkerMessage,
} from './stream.ts';

/** A message of a type that is not known, of a later version, is undefined and no fault. */
export type ReadMessage<T> = Read<{ readonly message: T | undefined }> | Refused;

type Members = { readonly [name: string]: unknown };

const NACK_REASONS: readonly NackReason[] = ['objects', 'shrink', 'mismatch'];

/** Reads a text message of a worker. Whatever the text, the outcome is a message or a fault. */
export function readWorkerMessage(text: string): ReadMessage<WorkerMessage> {
  if (text.length > STREAM_LIMITS.workerMessageBytes) return refuse('a message of a worker is too long');
  const value = parseJson(text);
  if (!isMembers(value) || typeof value['type'] !== 'string')
    return refuse('a message is not a JSON object with a type');
  const { type } = value;
  switch (type) {
    case 'hello': {
      const { worker, node, epoch, build, capacity, version, secrets } = value;
      const named = isText(worker) && isText(node) && isText(epoch) && isText(build) && isCount(capacity);
      const has = (version === null || isVersion(version)) && (secrets === null || isDigest(secrets));
      if (!named || !has) return refuse('a hello lacks a member');
      return { ok: true, message: { type, worker, node, epoch, build, capacity, version, secrets } };
    }
    case 'ack':
      if (!isCount(value['serial']) || !isVersion(value['version']))
        return refuse('an ack does not say of which table');
      return { ok: true, message: { type, serial: value['serial'], version: value['version'] } };
    case 'nack':
      return readNack(value);
    case 'state': {
      const { ready, draining, activeCalls, reasons } = value;
      if (typeof ready !== 'boolean' || typeof draining !== 'boolean' || !isCount(activeCalls)) {
        return refuse('a state lacks a member');
      }
      if (!Array.isArray(reasons) || reasons.length > 16 || !reasons.every(isText))
        return refuse('a state has no reasons');
      return { ok: true, message: { type, ready, draining, activeCalls, reasons } };
    }
    case 'health':
      return readHealth(value);
    default:
      return { ok: true, message: undefined };
  }
}

function readHealth(value: Members): ReadMessage<WorkerMessage> {
  const { callflows } = value;
  if (!Array.isArray(callflows) || callflows.length > STREAM_LIMITS.health)
    return refuse('a health report has no list');
  const read: CallflowHealth[] = [];
  for (const one of callflows) {
    if (!isMembers(one) || !isResourceKey(one['key']) || !isCount(one['ok']) || !isCount(one['failed'])) {
      return refuse('a health report names a callflow without key or counts');
    }
    const { key, ok, failed, failure } = one;
    if (failure === undefined) {
      read.push({ key, ok, failed });
      continue;
    }
    if (!isMembers(failure)) return refuse('a failure in a health report is no object');
    const { time, code, message, traceId } = failure;
    if (!isTime(time) || !isCode(code) || !isText(message) || !isText(traceId) || !/^[0-9a-f]{0,32}$/.test(traceId)) {
      return refuse('a failure in a health report lacks a member');
    }
    read.push({ key, ok, failed, failure: { time, code, message, traceId } });
  }
  return { ok: true, message: { type: 'health', callflows: read } };
}

function readNack(value: Members): ReadMessage<WorkerMessage> {
  const { serial, version, code, message, objects } = value;
  const reason = NACK_REASONS.find((one) => one === value['reason']);
  if (!isCount(serial) || !isVersion(version) || !isCode(code) || !isText(message) || reason === undefined) {
    return refuse('a nack lacks a member');
  }
  if (!Array.isArray(objects) || objects.length > STREAM_LIMITS.rejections)
    return refuse('a nack has no list of objects');
  const rejected: RejectedObject[] = [];
  for (const one of objects) {
    if (!isMembers(one) || !isResourceKey(one['key']) || !isCode(one['code']) || !isText(one['message'])) {
      return refuse('a nack names an object without key, code or message');
    }
    rejected.push({ key: one['key'], code: one['code'], message: one['message'] });
  }
  return { ok: true, message: { type: 'nack', serial, version, reason, code, message, objects: rejected } };
}

/** Reads a text message of the operator. Whatever the text, the outcome is a message or a fault. */
export function readOperatorMessage(text: string): ReadMessage<OperatorMessage> {
  if (text.length > STREAM_LIMITS.operatorMessageBytes) return refuse('a message of the operator is too long');
  const value = parseJson(text);
  if (!isMembers(value) || typeof value['type'] !== 'string')
    return refuse('a message is not a JSON object with a type');
  const { type } = value;
  switch (type) {
    case 'snapshot': {
      const { serial, version, secrets, pieces, secretParts, allowShrink } = value;
      if (!isCount(serial) || !isVersion(version) || !isDigest(secrets) || typeof allowShrink !== 'boolean') {
        return refuse('a snapshot lacks a member');
      }
      if (!isCount(pieces) || !isCount(secretParts) || Math.max(pieces, secretParts) > STREAM_LIMITS.pieces) {
        return refuse('a snapshot has too many pieces');
      }
      return { ok: true, message: { type, serial, version, secrets, pieces, secretParts, allowShrink } };
    }
    case 'secrets':
      if (!isPairs(value['values'])) return refuse('secret values are not names and texts');
      return { ok: true, message: { type, values: value['values'] } };
    case 'delta': {
      const { serial } = value;
      if (!isCount(serial)) return refuse('a delta has no serial number');
      const table = readTableDelta(value['table']);
      if (!table.ok) return table;
      const secrets = readSecretsDelta(value['secrets']);
      if (secrets === undefined) return refuse('a delta has no change of secret values');
      return { ok: true, message: { type, serial, table: table.delta, secrets } };
    }
    case 'heartbeat': {
      const { serial, version } = value;
      if (!isCount(serial) || !(version === null || isVersion(version))) {
        return refuse('a heartbeat does not say of which table');
      }
      return { ok: true, message: { type, serial, version } };
    }
    default:
      return { ok: true, message: undefined };
  }
}

/** What the operator says to a connection that it refuses; undefined when it is somebody else who answers. */
export function readRefusal(text: string): Refusal | undefined {
  const value = parseJson(text);
  if (!isMembers(value) || !isCode(value['code']) || !isText(value['message'])) return undefined;
  return { code: value['code'], message: value['message'] };
}

function readSecretsDelta(value: unknown): SecretsDelta | undefined {
  if (!isMembers(value) || !isDigest(value['from']) || !isDigest(value['to'])) return undefined;
  const { from, to, set, del } = value;
  if (!isPairs(set) || !Array.isArray(del) || !del.every((name) => typeof name === 'string')) return undefined;
  return { from, to, set, del };
}

function isPairs(value: unknown): value is (readonly [string, string])[] {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= STREAM_LIMITS.text;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCode(value: unknown): value is PvCode {
  return typeof value === 'string' && /^PV-\d{4}$/.test(value);
}

/** RFC 3339, as `Date.toISOString` writes it. */
function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(value);
}
