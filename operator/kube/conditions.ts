import { isRecord } from './objects.ts';

/** `metav1.Condition`. */
export interface Condition {
  /** CamelCase, unique within the list. */
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One CamelCase word, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** `metadata.generation` of the spec that this is about. */
  readonly observedGeneration?: number;
  /** RFC 3339, in seconds: when `status`, and nothing else, last changed. */
  readonly lastTransitionTime: string;
}

/** A condition as its owner states it: when it last changed is found out here. */
export type StatedCondition = Omit<Condition, 'lastTransitionTime'>;

/** Limit of `message` in `metav1.Condition`: 32768. Counted in UTF-8 bytes, which are never fewer than the characters that the server counts. */
export const MESSAGE_LIMIT = 32_768;
const ELLIPSIS = '…';

/** Cuts a message that the server would refuse; no character is cut in half. */
export function truncateMessage(message: string, limit: number = MESSAGE_LIMIT): string {
  if (Buffer.byteLength(message) <= limit) return message;
  const { read } = new TextEncoder().encodeInto(message, new Uint8Array(limit - Buffer.byteLength(ELLIPSIS)));
  return `${message.slice(0, read)}${ELLIPSIS}`;
}

/** `metav1.Time`: RFC 3339 in whole seconds. `metav1.MicroTime` is {@link microTime}. */
export function time(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

/** `metav1.MicroTime`, always with six digits: the server refuses fewer. */
export function microTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, -1)}000Z`;
}

/**
 * The list to write, in the order stated. `lastTransitionTime` is kept from `current` unless `status` differs (API conventions, "Typical status
 * properties": a change of reason or message alone is no transition). Conditions of `current` that are not stated are left out.
 */
export function mergeConditions(
  current: readonly Condition[],
  stated: readonly StatedCondition[],
  wallMs: number,
): Condition[] {
  return stated.map((condition) => {
    const before = current.find(({ type }) => type === condition.type);
    const kept = before?.status === condition.status ? before.lastTransitionTime : time(wallMs);
    return { ...condition, message: truncateMessage(condition.message), lastTransitionTime: kept };
  });
}

/** Sets one condition of a list and leaves the others and their order as they are. */
export function setCondition(current: readonly Condition[], stated: StatedCondition, wallMs: number): Condition[] {
  const [merged] = mergeConditions(current, [stated], wallMs);
  const known = current.some(({ type }) => type === stated.type);
  return known ? current.map((one) => (one.type === stated.type ? merged! : one)) : [...current, merged!];
}

/** One condition that began, or whose `status` or `reason` changed: what an Event is worth. */
export interface Transition {
  readonly before: Condition | undefined;
  readonly after: Condition;
}

export function transitionsOf(before: readonly Condition[], after: readonly Condition[]): Transition[] {
  return after.flatMap((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const same = old !== undefined && old.status === condition.status && old.reason === condition.reason;
    return same ? [] : [{ before: old, after: condition }];
  });
}

/** The conditions in a status as it came from the server; entries that are none are left out. */
export function conditionsOf(status: unknown): Condition[] {
  const list = isRecord(status) ? status['conditions'] : undefined;
  return Array.isArray(list) ? list.filter(isCondition) : [];
}

function isCondition(value: unknown): value is Condition {
  return (
    isRecord(value) &&
    (value['status'] === 'True' || value['status'] === 'False' || value['status'] === 'Unknown') &&
    ['type', 'reason', 'message', 'lastTransitionTime'].every((field) => typeof value[field] === 'string')
  );
}
