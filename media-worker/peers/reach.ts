import type { ResourceKey } from '../../crds/routing-table.ts';
import type { Contact } from '../dial/contacts.ts';
import type { Binding } from '../registrar/bindings.ts';
import { readTargetUri } from '../sip/target-uri.ts';
import type { Presence } from './presence.ts';
import { TICKET_HEADER, type Tickets } from './tickets.ts';

export interface ReachOptions {
  readonly worker: string;
  readonly presence: Pick<Presence, 'addressOf'>;
  readonly tickets: Pick<Tickets, 'issue'>;
}

/**
 * How a telephone is reached from here: directly, if it registered here or is behind no NAT; else through the worker with which it registered,
 * whose packets its NAT lets through and who has its TCP connection; directly again when that worker is gone.
 */
export function createReach({ worker, presence, tickets }: ReachOptions) {
  return async (_device: ResourceKey, { uri, route, worker: owner }: Binding): Promise<Contact> => {
    const direct: Contact = { uri, route };
    if (owner === worker || isOpen(uri, route)) return direct;
    const address = await presence.addressOf(owner);
    if (address === undefined) return direct;
    try {
      const ticket = await tickets.issue({ kind: 'contact', worker: owner, contact: { uri, route } });
      return { uri, route: `sip:${address}`, headers: { [TICKET_HEADER]: ticket } };
    } catch {
      return direct;
    }
  };
}

/** It was heard from where it says that it is, over UDP: anybody reaches it there. */
function isOpen(uri: string, route: string): boolean {
  const [said, heard] = [readTargetUri(uri), readTargetUri(route)];
  if (said === undefined || heard === undefined) return false;
  return (
    said.transport === 'udp' && heard.transport === 'udp' && said.host === heard.host && portOf(said) === portOf(heard)
  );
}

function portOf({ port }: { readonly port?: number }): number {
  return port ?? 5060;
}
