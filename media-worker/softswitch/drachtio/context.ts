import type { Clock } from '../sip/clock.ts';
import type { Log } from '../sip/log.ts';
import type { SipStack } from '../sip/stack.ts';
import type { TransportName } from '../sip/transport.ts';
import type { Dialogs } from './dialogs.ts';
import type { App, Inbound, Outbound } from './records.ts';
import type { Routes } from './routes.ts';

/** What the parts of one server share. */
export interface Context {
  readonly stack: SipStack;
  readonly clock: Clock;
  readonly transports: readonly TransportName[];
  readonly userAgent: string | undefined;
  readonly routes: Routes<App>;
  readonly dialogs: Dialogs;
  /** By transaction id. */
  readonly inbound: Map<string, Inbound>;
  readonly outbound: Map<string, Outbound>;
  readonly limits: Limits;
  readonly log: Log | undefined;
}

export interface Limits {
  /** Transactions at once, both directions; a new request beyond gets 503. */
  readonly transactions: number;
  readonly dialogs: number;
  /** Application connections. */
  readonly apps: number;
  /** How long an INVITE may stay without a final response, in milliseconds. RFC 3261 timer C wants more than 3 minutes. */
  readonly pendingInviteMs: number;
  /** How long a dialog is kept after its application went away, in milliseconds; another may still end it by its id. */
  readonly orphanDialogMs: number;
  /** Most bytes that may wait for an application that does not read. */
  readonly queuedBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  transactions: 20_000,
  dialogs: 10_000,
  apps: 64,
  pendingInviteMs: 600_000,
  orphanDialogMs: 600_000,
  queuedBytes: 16 * 1024 * 1024,
};
