import { randomBytes } from 'node:crypto';
import { type Guest, readGuest } from '../conference/guest.ts';
import type { SharedStore } from '../shared-store/store.ts';

/** What an INVITE from another worker is for; `worker` is who is asked, nobody else takes it. */
export type Ticket =
  /** A telephone that registered there: its Contact, and where it was heard from. */
  | {
      readonly kind: 'contact';
      readonly worker: string;
      readonly contact: { readonly uri: string; readonly route: string };
    }
  /** A caller of that worker whom an agent has taken from a queue. */
  | { readonly kind: 'queued'; readonly worker: string; readonly place: string }
  /** Somebody's participant in a conference of that worker. */
  | { readonly kind: 'guest'; readonly worker: string; readonly guest: Guest };

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
    const value = JSON.parse(text) as Record<string, unknown>;
    const { kind, worker, place } = value;
    if (typeof worker !== 'string') return undefined;
    if (kind === 'queued') return typeof place === 'string' ? { kind, worker, place } : undefined;
    if (kind === 'guest') {
      const guest = readGuest(value['guest']);
      return guest === undefined ? undefined : { kind, worker, guest };
    }
    const { uri, route } = (value['contact'] ?? {}) as Record<string, unknown>;
    if (kind !== 'contact' || typeof uri !== 'string' || typeof route !== 'string') return undefined;
    return { kind, worker, contact: { uri, route } };
  } catch {
    return undefined;
  }
}
