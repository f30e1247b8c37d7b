import { randomBytes } from 'node:crypto';
import type { SharedStore } from '../shared-store/store.ts';

/** What an INVITE from another worker is for. */
export interface Ticket {
  /** Who is asked; nobody else takes it. */
  readonly worker: string;
  /** A telephone that registered there: its Contact, and where it was heard from. */
  readonly contact: { readonly uri: string; readonly route: string };
}

/**
 * Workers know each other's INVITEs by tickets in the shared store: a name that nobody can guess, good for one INVITE. What it is for stands in
 * the store and not in the INVITE, so that whoever sends one gains nothing by what he writes into it.
 */
export interface Tickets {
  /** The value of `TICKET_HEADER`. Rejects when the store is away. */
  issue(ticket: Ticket): Promise<string>;
  /** Undefined: there is none, or no more. Rejects when the store is away. */
  take(name: string): Promise<Ticket | undefined>;
}

export const TICKET_HEADER = 'X-Pivot-Ticket';
/** Telephones may ring in turn: as long as the last of them may have to wait. */
const LIFETIME_MS = 900_000;
const NAME = /^[0-9a-f]{32}$/;

export function createTickets(store: SharedStore): Tickets {
  const keyOf = (name: string): string => `ticket:${name}`;
  return {
    async issue(ticket) {
      const name = randomBytes(16).toString('hex');
      await store.set(keyOf(name), JSON.stringify(ticket), LIFETIME_MS);
      return name;
    },
    async take(name) {
      if (!NAME.test(name)) return undefined;
      const text = await store.get(keyOf(name));
      if (text === undefined || !(await store.compareAndSet(keyOf(name), text, undefined))) return undefined;
      return readTicket(text);
    },
  };
}

function readTicket(text: string): Ticket | undefined {
  try {
    const { worker, contact } = JSON.parse(text) as { worker?: unknown; contact?: { uri?: unknown; route?: unknown } };
    const { uri, route } = contact ?? {};
    if (typeof worker !== 'string' || typeof uri !== 'string' || typeof route !== 'string') return undefined;
    return { worker, contact: { uri, route } };
  } catch {
    return undefined;
  }
}
