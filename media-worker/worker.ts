import type { Meter, Tracer } from '@opentelemetry/api';
import { prepareChecks } from '../crds/callflow/read-node.ts';
import { fault, PivotError } from '../crds/errors/fault.ts';
import { routingCodes } from '../crds/errors/routing.ts';
import type { CompiledMedia, SecretValues } from '../crds/routing-table.ts';
import type { Logger } from '../runtime/log.ts';
import type { DigestOffer } from './admission/digest.ts';
import { createDoor } from './admission/door.ts';
import type { InboundMode } from './admission/inbound-mode.ts';
import { CallHandler } from './call/handler.ts';
import { unlessAborted } from './call/waiting.ts';
import { type Background, createBackground } from './callflow/background.ts';
import { createPivotSession } from './callflow/pivot-session.ts';
import { RUN_MODULES } from './callflow/registry.ts';
import { createGuestLegs } from './conference/guest-legs.ts';
import { createOwnership } from './conference/ownership.ts';
import { createRooms } from './conference/rooms.ts';
import { createSharedRooms } from './conference/shared-rooms.ts';
import { CallsOut } from './dial/calls-out.ts';
import { createDialling } from './dial/dialler.ts';
import type { SoundLibrary } from './media/library.ts';
import { measuredSounds } from './media/measured-sounds.ts';
import { MediaServer } from './media/media-server.ts';
import type { Outgoing } from './outgoing/types.ts';
import { createPresence } from './peers/presence.ts';
import { createReach } from './peers/reach.ts';
import { createRelay } from './peers/relay.ts';
import { createTickets, TICKET_HEADER } from './peers/tickets.ts';
import { createAgentLegs } from './queue/agent-legs.ts';
import { createQueues } from './queue/queues.ts';
import { besideRecordings } from './recordings/beside.ts';
import type { Recordings } from './recordings/recordings.ts';
import type { Durations } from './registrar/bindings.ts';
import { createLocations } from './registrar/locations.ts';
import { createRegistrar } from './registrar/registrar.ts';
import type { Router } from './routing/router.ts';
import type { SharedStore } from './shared-store/store.ts';
import { connectSignalling, type Signalling } from './sip/signalling.ts';
import { createCallMetrics, observeWorker } from './telemetry/metrics.ts';
import { HealthTally } from './webhook/health-tally.ts';
import { type PivotSettings, readPivotSettings } from './webhook/settings.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

export interface MediaWorkerOptions {
  readonly drachtio: ServerAddress;
  readonly freeswitch: ServerAddress;
  /** Address on which FreeSWITCH reaches the worker for its outbound event sockets. */
  readonly eventSocketAddress: string;
  readonly outgoing: Outgoing;
  readonly sounds: SoundLibrary;
  readonly recordings: Recordings;
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly log: Logger;
  /** Calls at once, asked at each INVITE; more get 503. */
  readonly maxCalls: () => number;
  readonly language: string;
  /** Whose calls are taken. */
  readonly inbound: InboundMode;
  /** How passwords are asked for. */
  readonly digest: DigestOffer;
  readonly allowLoopbackUrls: boolean;
  /** What this worker and others know together. */
  readonly store: SharedStore;
  /** Of this worker, among those who share the store. */
  readonly name: string;
  /** `HOST:PORT` at which other workers reach its SIP over UDP. Default: what drachtio-server says. */
  readonly peerAddress?: string;
  /** How long telephones may register. */
  readonly registrations: Durations;
  readonly debugUrl?: (account: string, callId: string) => string;
  /** Counts exchanges by callflow. */
  readonly health?: HealthTally;
  /** Readiness or the number of calls may be another. Called often. */
  readonly onChange?: () => void;
}

export interface MediaWorker {
  /** Resolves when drachtio-server and FreeSWITCH have answered for the first time; rejects when one of them refuses the secret, or at the stop. */
  readonly started: Promise<void>;
  /** SIP addresses that callers reach, as drachtio-server says them. */
  readonly sipAddresses: readonly string[];
  readonly activeCalls: number;
  readonly draining: boolean;
  /** Takes a new table whole; calls in progress keep what they started with. */
  use(router: Router, secrets: SecretValues): void;
  readonly tableVersion: string | undefined;
  /** How webhooks of a callflow (`namespace/name`) are signed, by the present table. */
  webhookSettings(callflow: string): PivotSettings | undefined;
  /** The sound that has this name in an account, by the present table; for the library's `resolveMedia`. */
  media(account: string, name: string): CompiledMedia | undefined;
  readonly numbers: number;
  /** Ready = table loaded, drachtio and FreeSWITCH connected, not draining. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Says that it is not ready, so that no more calls are sent here; those that come all the same are taken. */
  retire(): void;
  /** Refuses new calls, waits for those in progress at most `limitMs`, then hangs up the rest. */
  drain(limitMs: number): Promise<void>;
  /** Hangs up what is left and closes the connections. */
  close(): Promise<void>;
}

/** Requests of `webhook` actions and CDRs that may be under way at once. */
const MOST_BACKGROUND = 500;
const BACKGROUND_DRAIN_MS = 5000;
/** A called side that has been told CANCEL or BYE may take so long to confirm it. */
const CALLS_OUT_DRAIN_MS = 2000;

/**
 * Starts a media worker. It connects to drachtio-server and FreeSWITCH as soon as they are there, and again whenever they are back; until then it is
 * not ready. `signal` gives up the first attempt.
 */
export function startMediaWorker(options: MediaWorkerOptions, signal: AbortSignal): MediaWorker {
  const { log, meter, onChange = () => {}, health = new HealthTally(Date.now) } = options;
  let router: Router | undefined;
  let secrets: SecretValues = new Map();
  let media: MediaServer | undefined;
  let retired = false;
  const closed = new AbortController();
  const background: Background = createBackground(MOST_BACKGROUND);
  prepareChecks(RUN_MODULES);

  const signalling: Signalling = connectSignalling({
    ...options.drachtio,
    log,
    onInvite: (request, response) => {
      if (!relay.concerns(request)) handler.handle(request, response);
      else
        void relay.handle(request, response).then((relayed) => {
          if (!relayed) handler.handle(request, response);
        });
    },
    onRegister: (request, response) => registrar.handle(request, response),
    accepting: () => readiness().ready,
    onConnectionChange: (connected) => {
      if (!connected) {
        handler.signallingLost();
        relay.lost();
        agentLegs.lost();
        guestLegs.lost();
        callsOut.lost();
      }
      presence.announce();
      onChange();
    },
  });
  const tickets = createTickets(options.store);
  const presence = createPresence({
    store: options.store,
    worker: options.name,
    address: () => options.peerAddress ?? peerAddressOf(signalling.addresses),
    log,
  });
  const relay = createRelay({
    client: signalling.client,
    tickets,
    worker: options.name,
    tracer: options.tracer,
    log,
    onTicket(request, response, ticket) {
      if (ticket.kind === 'queued') agentLegs.handle(request, response, ticket.place);
      else guestLegs.handle(request, response, ticket.guest);
    },
  });
  const addressOf = (name: string): Promise<string | undefined> => presence.addressOf(name);
  const ownership = createOwnership({ store: options.store, worker: options.name, addressOf });
  const ownRooms = createRooms({
    recordings: options.recordings,
    outgoing: options.outgoing,
    background,
    now: Date.now,
    onClosed: (room) => ownership.release(room),
  });
  const rooms = createSharedRooms({
    local: ownRooms,
    ownership,
    store: options.store,
    now: Date.now,
    addressOf,
    ticketFor: async (worker, guest) => ({ [TICKET_HEADER]: await tickets.issue({ kind: 'guest', worker, guest }) }),
  });
  const queues = createQueues({
    store: options.store,
    worker: options.name,
    now: Date.now,
    addressOf,
    ticketFor: async (worker, place) => ({ [TICKET_HEADER]: await tickets.issue({ kind: 'queued', worker, place }) }),
  });
  const callsOut = new CallsOut();
  const metrics = createCallMetrics(meter);
  const door = createDoor({ inbound: options.inbound, digest: options.digest, metrics });
  const locations = createLocations({
    store: options.store,
    now: Date.now,
    log,
    reach: createReach({ worker: options.name, presence, tickets }),
  });
  const registrar = createRegistrar({
    locations,
    authenticator: door.authenticator,
    known: () => (handler.draining ? undefined : door.known()),
    durations: options.registrations,
    worker: options.name,
    tracer: options.tracer,
    log,
    metrics,
    now: Date.now,
  });
  const resources = { media: connectedMedia, sounds: measuredSounds(options.sounds, metrics) };
  const agentLegs = createAgentLegs({ signalling: signalling.client, resources, queues });
  const guestLegs = createGuestLegs({
    signalling: signalling.client,
    resources,
    local: ownRooms,
    ownership,
    store: options.store,
    tracer: options.tracer,
    settingsOf: webhookSettings,
  });
  const dialling = createDialling({
    signalling: signalling.client,
    resources,
    outgoing: options.outgoing,
    background,
    recordings: options.recordings,
    contacts: locations,
    callsOut,
  });
  const handler: CallHandler = new CallHandler({
    signalling: signalling.client,
    resources,
    router: () => router,
    admit: door.admit,
    trunkCalls: callsOut.trunks,
    tracer: options.tracer,
    log,
    metrics: () => metrics,
    onChange,
    maxCalls: options.maxCalls,
    language: options.language,
    ...(options.debugUrl === undefined ? {} : { debugUrl: options.debugUrl }),
    services: (call, table) => {
      const beside = besideRecordings(call, options.recordings);
      const pivot = createPivotSession({ call, outgoing: options.outgoing, background, metrics, health, log });
      const dialler = dialling({
        call,
        table: table.table,
        secrets,
        onBridged: () => beside.bridged(),
        onLegOver(record) {
          metrics.legOver(record.answeredAt !== undefined, record.hangupCause);
          pivot.legOver(record);
        },
      });
      return {
        services: {
          recordings: options.recordings,
          rooms,
          queues,
          dialler,
          metrics,
          beside,
          callflow: (account, name) => table.callflow(account, name),
          secrets,
          outgoing: options.outgoing,
          pivot,
          background,
          allowLoopbackUrls: options.allowLoopbackUrls,
        },
        end: async (end) => {
          await beside.end();
          pivot.end(end);
        },
      };
    },
  });

  observeWorker(meter, () => ({
    activeCalls: handler.activeCalls,
    callLimit: options.maxCalls(),
    registrations: locations.count,
    activeLegs: callsOut.active,
    numbers: router?.numberCount ?? 0,
    ready: readiness().ready,
    drachtio: signalling.connected,
    freeswitch: media?.connected === true,
    conferences: rooms.open,
    queuedCallers: queues.waiting,
    background: background.running,
    outgoing: options.outgoing.stats,
    soundJobs: options.sounds.jobs,
  }));

  function webhookSettings(callflow: string): PivotSettings | undefined {
    const [account = '', name = ''] = callflow.split('/');
    const node = router?.callflow(account, name)?.flow;
    if (node?.module !== 'pivot') return undefined;
    const read = readPivotSettings(node.data, secrets);
    return read.ok ? read.settings : undefined;
  }

  function connectedMedia(): MediaServer {
    if (media === undefined)
      throw new PivotError(fault(routingCodes.mediaUnavailable, 'FreeSWITCH is not connected yet'));
    return media;
  }

  function readiness(): { ready: boolean; reasons: string[] } {
    const reasons = [
      ...(router === undefined ? ['no routing table yet'] : []),
      ...(signalling.connected ? [] : ['drachtio-server is not connected']),
      ...(media?.connected === true ? [] : ['FreeSWITCH is not connected']),
      ...(retired || handler.draining ? ['draining'] : []),
    ];
    return { ready: reasons.length === 0, reasons };
  }

  async function connect(): Promise<void> {
    const until = AbortSignal.any([signal, closed.signal]);
    await unlessAborted(signalling.ready, until);
    const connected = await MediaServer.connect({
      ...options.freeswitch,
      listenAddress: options.eventSocketAddress,
      signalling: signalling.client,
      log,
      signal: until,
      onConnectionChange: onChange,
    });
    if (closed.signal.aborted) connected.close();
    else media = connected;
    onChange();
  }
  const started = connect();
  started.catch(() => {}); // Whoever waits for it is told; nobody need.

  return {
    started,
    get sipAddresses() {
      return signalling.addresses;
    },
    get activeCalls() {
      return handler.activeCalls;
    },
    get tableVersion() {
      return router?.version;
    },
    get numbers() {
      return router?.numberCount ?? 0;
    },
    get draining() {
      return retired || handler.draining;
    },
    use(next, values) {
      router = next;
      secrets = values;
      door.use(next, values);
      // Only now can what is still to be told of earlier recordings be signed.
      options.recordings.resume();
      onChange();
    },
    media: (account, name) => router?.media(account, name),
    webhookSettings,
    readiness,
    retire() {
      retired = true;
      onChange();
    },
    async drain(limitMs) {
      await handler.drain(limitMs);
      await callsOut.over(CALLS_OUT_DRAIN_MS);
      await background.drain(BACKGROUND_DRAIN_MS);
    },
    async close() {
      await presence.close();
      registrar.close();
      relay.close();
      queues.close();
      await agentLegs.close();
      await guestLegs.close();
      ownership.close();
      handler.hangUpAll('NORMAL_TEMPORARY_FAILURE');
      await handler.drain(0);
      await callsOut.over(0);
      await background.drain(0);
      closed.abort(new Error('the media worker was closed'));
      media?.close();
      signalling.close();
    },
  };
}

/** The first UDP address that others can call, as `HOST:PORT`; one of the loopback interface only where there is no other. */
function peerAddressOf(addresses: readonly string[]): string | undefined {
  const udp = addresses
    .flatMap((one) => /^udp\/(.*)$/.exec(one)?.[1] ?? [])
    .filter((one) => !/^(?:0\.0\.0\.0|\[::\]):/.test(one));
  return udp.find((one) => !one.startsWith('127.')) ?? udp[0];
}
