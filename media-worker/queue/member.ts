/** A caller as it stands in the list that all workers see. */
export interface Member {
  /** Epoch milliseconds. */
  readonly since: number;
  /** The worker that has the call. */
  readonly worker: string;
  /** Of the place, on that worker. */
  readonly id: string;
  readonly callId: string;
}

const DIGITS = 15;

/** Members with the same score stand in the order of their bytes: the time is at the front, so that it is that of their coming. */
export function writeMember({ since, worker, id, callId }: Member): string {
  return JSON.stringify([String(since).padStart(DIGITS, '0'), worker, id, callId]);
}

export function readMember(text: string): Member | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value) || value.length !== 4 || !value.every((part) => typeof part === 'string'))
      return undefined;
    const [since, worker, id, callId] = value as [string, string, string, string];
    return { since: Number(since), worker, id, callId };
  } catch {
    return undefined;
  }
}
