import type { CodeEntry } from './fault.ts';

/** PV-23xx: what workers know together (Redis or Valkey). */
export const storeCodes = {
  unreachable: {
    code: 'PV-2301',
    severity: 'error',
    title: 'The shared store cannot be reached',
    cause: 'Redis or Valkey is down, refuses the connection or the password, or does not answer within 2 s.',
    cure: 'Calls in progress go on. Registrations, queues and conferences of other workers are unknown meanwhile. The worker connects again by itself; see the address that it was given, and the log of the store.',
  },
} as const satisfies Record<string, CodeEntry>;
