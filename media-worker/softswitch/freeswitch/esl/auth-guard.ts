/** Slows password guessing: an address that failed too often is turned away at the door for a while. */

/** Wrong passwords from one address within `WINDOW_MS` before it is refused. FreeSWITCH has no such limit; ours is generous. */
export const MAX_FAILURES = 10;
export const WINDOW_MS = 60_000;
/** Addresses remembered at once; the oldest is forgotten first. */
const MAX_ADDRESSES = 1024;

export interface AuthGuard {
  refused(address: string): boolean;
  failed(address: string): void;
  succeeded(address: string): void;
}

export function createAuthGuard(now: () => number = Date.now): AuthGuard {
  const failures = new Map<string, number[]>();
  const recent = (address: string): number[] => (failures.get(address) ?? []).filter((at) => at > now() - WINDOW_MS);
  return {
    refused: (address) => recent(address).length >= MAX_FAILURES,
    failed(address) {
      const times = [...recent(address), now()];
      failures.delete(address);
      failures.set(address, times);
      const oldest = failures.keys().next().value;
      if (failures.size > MAX_ADDRESSES && oldest !== undefined) failures.delete(oldest);
    },
    succeeded(address) {
      failures.delete(address);
    },
  };
}
