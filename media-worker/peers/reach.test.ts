import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../runtime/log.ts';
import type { Binding } from '../registrar/bindings.ts';
import { createMemoryStore } from '../shared-store/memory.ts';
import { createPresence, type Presence } from './presence.ts';
import { createReach } from './reach.ts';
import { createTickets, TICKET_HEADER } from './tickets.ts';

const log = createLogger({ level: 'silent' });

function binding(uri: string, route: string, worker: string): Binding {
  return { uri, route, worker, callId: 'c', cseq: 1, until: 0, at: 0, userAgent: '' };
}

async function workers(): Promise<{
  other: Presence;
  reach: ReturnType<typeof createReach>;
  take: (name: string) => Promise<unknown>;
}> {
  const store = createMemoryStore();
  const presence = (worker: string, address: string): Presence =>
    createPresence({ store, worker, address: () => address, log });
  const other = presence('other', '10.0.0.2:5060');
  other.announce();
  const tickets = createTickets(store);
  const reach = createReach({ worker: 'own', presence: presence('own', '10.0.0.1:5060'), tickets });
  return { other, reach, take: (name) => tickets.take(name) };
}

describe('a telephone that registered with another worker', () => {
  const hidden = binding('sip:ann@192.168.1.5:5060', 'sip:198.51.100.1:40000', 'other');

  it('behind NAT is called through that one, by a ticket that says where it is and serves once', async () => {
    const { reach, take } = await workers();
    const { uri, route, headers } = await reach('acme/desk', hidden);
    assert.deepEqual([uri, route], ['sip:ann@192.168.1.5:5060', 'sip:10.0.0.2:5060']);
    const ticket = headers?.[TICKET_HEADER] ?? '';
    assert.deepEqual(await take(ticket), {
      kind: 'contact',
      worker: 'other',
      contact: { uri: 'sip:ann@192.168.1.5:5060', route: 'sip:198.51.100.1:40000' },
    });
    assert.equal(await take(ticket), undefined);
    assert.equal(await take('0'.repeat(32)), undefined);
    assert.equal(await take('../registration:acme/desk'), undefined);
  });

  it('is called directly when that one is gone', async () => {
    const { reach, other } = await workers();
    await other.close();
    const { uri, route } = hidden;
    assert.deepEqual(await reach('acme/desk', hidden), { uri, route });
  });

  it('behind no NAT is called directly; over TCP it is not, since only that one has the connection', async () => {
    const { reach } = await workers();
    const open = binding('sip:ann@198.51.100.1', 'sip:198.51.100.1:5060', 'other');
    assert.equal((await reach('acme/desk', open)).route, open.route);
    const tcp = binding('sip:ann@198.51.100.1:5060;transport=tcp', 'sip:198.51.100.1:5060;transport=tcp', 'other');
    assert.equal((await reach('acme/desk', tcp)).route, 'sip:10.0.0.2:5060');
  });

  it('that registered here is called directly', async () => {
    const { reach } = await workers();
    assert.equal((await reach('acme/desk', { ...hidden, worker: 'own' })).route, hidden.route);
  });
});
