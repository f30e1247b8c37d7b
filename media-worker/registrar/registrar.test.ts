import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { admissionCodes } from '../../crds/errors/admission.ts';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { storeCodes } from '../../crds/errors/store.ts';
import type { RoutingTable } from '../../crds/routing-table.ts';
import { createLogger } from '../../runtime/log.ts';
import { createDoor } from '../admission/door.ts';
import { answerTo } from '../admission/testing/digest-client.ts';
import { FakeResponse, fakeRequest } from '../call/testing/fake-sip.ts';
import { tracing } from '../call/testing/one-call.ts';
import { Router } from '../routing/router.ts';
import { createMemoryStore } from '../shared-store/memory.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { NO_METRICS } from '../telemetry/metrics.ts';
import { createLocations } from './locations.ts';
import { createRegistrar } from './registrar.ts';

const PASSWORD = 'not-a-real-password';
const DEVICE = { ringSeconds: 20, maxContacts: 2, doNotDisturb: false } as const;
const password = { secretKeyRef: { namespace: 'acme', name: 'phones', key: 'password' } };
const TABLE: RoutingTable = {
  version: 'v1',
  defaultAccount: 'acme',
  realms: {},
  routes: [],
  callflows: {},
  devices: {
    'acme/desk': { ...DEVICE, credentials: { username: '101', password } },
    'acme/other': { ...DEVICE, credentials: { username: '102', password } },
  },
};

interface Sent {
  readonly username?: string;
  readonly given?: string;
  readonly of?: string;
  readonly contact?: string | undefined;
  readonly expires?: string | undefined;
  readonly cseq?: number;
  readonly callId?: string;
  readonly port?: number;
}

function bench(store: SharedStore = createMemoryStore()) {
  const { provider, spans } = tracing();
  const door = createDoor({ inbound: 'authenticated', digest: 'md5', metrics: NO_METRICS });
  door.use(new Router(TABLE), new Map([['acme/phones/password', PASSWORD]]));
  const said: string[] = [];
  const log = createLogger({ level: 'warn', destination: { write: (line: string) => said.push(line) } });
  const results: string[] = [];
  const locations = createLocations({ store, now: Date.now, log });
  const registrar = createRegistrar({
    locations,
    authenticator: door.authenticator,
    known: door.known,
    durations: { least: 60, most: 600 },
    worker: 'w1',
    tracer: provider.getTracer('test'),
    log,
    metrics: { registration: (result) => results.push(result) },
    now: Date.now,
  });
  let cseq = 0;
  const send = async (sent: Sent, authorization?: string): Promise<FakeResponse> => {
    const { of = '101', contact = `<sip:101@10.0.0.5:5060>`, expires, callId = 'c1', port = 40_000 } = sent;
    cseq += 1;
    const request = Object.assign(
      fakeRequest({
        method: 'REGISTER',
        uri: 'sip:pivot.example',
        headers: {
          To: `<sip:${of}@pivot.example>`,
          CSeq: `${sent.cseq ?? cseq} REGISTER`,
          'Call-ID': callId,
          Contact: 'contact' in sent && sent.contact === undefined ? undefined : contact,
          Expires: expires,
          Authorization: authorization,
        },
      }),
      { source_address: '198.51.100.1', source_port: port },
    );
    const response = new FakeResponse();
    registrar.handle(request, response);
    while (response.last === undefined) await turn();
    return response;
  };
  /** Asks, and answers the challenge. */
  const register = async (sent: Sent = {}): Promise<FakeResponse> => {
    const asked = await send(sent);
    assert.equal(asked.last?.status, 401);
    const { username = '101', given = PASSWORD } = sent;
    const answer = { method: 'REGISTER', uri: 'sip:pivot.example', username, password: given, nc: 1 };
    return send(sent, answerTo(asked.last?.headers?.['WWW-Authenticate'] ?? '', answer));
  };
  const codes = (): unknown[] => spans().map(({ attributes }) => attributes['pivot.error.code']);
  return { send, register, locations, registrar, results, spans, codes, said };
}

describe('a telephone', () => {
  it('that proves itself is reached where it was heard from', async () => {
    const { register, locations, results, spans } = bench();
    const { last } = await register();
    assert.equal(last?.status, 200);
    assert.match(last.headers?.['Contact'] ?? '', /^<sip:101@10\.0\.0\.5:5060>;expires=600$/);
    assert.deepEqual(await locations.contactsOf('acme/desk'), [
      { uri: 'sip:101@10.0.0.5:5060', route: 'sip:198.51.100.1:40000' },
    ]);
    assert.deepEqual(await locations.contactsOf('acme/other'), []);
    assert.equal(locations.count, 1);
    assert.deepEqual(results, ['challenge', 'registered']);
    assert.equal(spans()[0]?.attributes['pivot.device'], 'acme/desk');
  });

  it('that refreshes is told all addresses, and is no news', async () => {
    const { register, spans } = bench();
    await register();
    await register({ contact: '<sip:101@10.0.0.6:5060>', callId: 'c2' });
    const before = spans().length;
    const { last } = await register();
    assert.equal(last?.headers?.['Contact']?.split(', ').length, 2);
    assert.equal(spans().length, before);
  });

  it('beyond its maxContacts takes the place of the oldest, with a warning', async () => {
    const { register, locations, spans } = bench();
    for (const host of ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
      await register({ contact: `<sip:101@${host}>`, callId: host });
    assert.equal((await locations.contactsOf('acme/desk')).length, 2);
    const warning = spans().at(-1)?.events[0]?.attributes?.['pivot.error.code'];
    assert.equal(warning, admissionCodes.contactsReplaced.code);
  });

  it('asks what is known, removes itself, and removes everything', async () => {
    const { register, locations } = bench();
    await register();
    assert.match((await register({ contact: undefined })).last?.headers?.['Contact'] ?? '', /10\.0\.0\.5/);
    const removed = await register({ contact: '<sip:101@10.0.0.5:5060>;expires=0' });
    assert.deepEqual([removed.last?.status, removed.last?.headers], [200, {}]);
    await register();
    await register({ contact: '*', expires: '0' });
    assert.deepEqual(await locations.contactsOf('acme/desk'), []);
    assert.equal(locations.count, 0);
  });

  it('that wants too short a time is told the least', async () => {
    const { register } = bench();
    const { last } = await register({ expires: '30' });
    assert.deepEqual([last?.status, last?.headers?.['Min-Expires']], [423, '60']);
  });

  it('whose REGISTER comes late is told so', async () => {
    const { register, codes } = bench();
    await register({ cseq: 50 });
    assert.equal((await register({ cseq: 50 })).last?.status, 500);
    assert.deepEqual(codes(), [undefined, admissionCodes.outOfOrder.code]);
  });

  it('with a wrong password, or under a name that is not its own, is refused', async () => {
    const { register, codes, locations } = bench();
    assert.equal((await register({ given: 'guess' })).last?.status, 403);
    assert.equal((await register({ of: '102' })).last?.status, 403);
    assert.equal((await register({ of: 'desk' })).last?.status, 200);
    assert.deepEqual(codes(), [admissionCodes.wrongCredentials.code, admissionCodes.notOwnAddress.code, undefined]);
    assert.deepEqual(await locations.contactsOf('acme/other'), []);
  });

  it('that never answers the challenge is traced when it is given up', async () => {
    const { send, registrar, codes } = bench();
    await send({});
    assert.deepEqual(codes(), []);
    registrar.close();
    assert.deepEqual(codes(), [admissionCodes.notAuthenticated.code]);
  });

  it('that sends nonsense is told 400', async () => {
    const { send, said } = bench();
    const { last } = await send({ contact: '<tel:1>' });
    assert.ok(said.some((line) => line.includes(admissionCodes.badRegister.code)));
    assert.deepEqual([last?.status, last?.reason], [400, 'Unreadable Contact']);
  });
});

describe('without the shared store', () => {
  it('a telephone is told to come back, and those that registered here are still known here', async () => {
    const memory = createMemoryStore();
    let away = false;
    const store: SharedStore = {
      ...memory,
      get: async (key) => {
        if (away) throw new PivotError(fault(storeCodes.unreachable, 'it is away'));
        return memory.get(key);
      },
    };
    const { register, locations, codes } = bench(store);
    await register();
    away = true;
    const { last } = await register();
    assert.deepEqual([last?.status, last?.headers?.['Retry-After']], [503, '5']);
    assert.equal(codes().at(-1), storeCodes.unreachable.code);
    assert.equal((await locations.contactsOf('acme/desk')).length, 1);
  });
});

describe('two telephones of one device that register at once', () => {
  it('are both known', async () => {
    const store = createMemoryStore();
    const [one, two] = [bench(store), bench(store)];
    const contact = (host: string) => ({ contact: `<sip:101@${host}>`, callId: host });
    const answers = await Promise.all([one.register(contact('10.0.0.1')), two.register(contact('10.0.0.2'))]);
    assert.deepEqual(
      answers.map(({ last }) => last?.status),
      [200, 200],
    );
    assert.equal((await one.locations.contactsOf('acme/desk')).length, 2);
  });
});
