import { isIP } from 'node:net';
import type { Tracer } from '@opentelemetry/api';
import { admissionCodes } from '../../crds/errors/admission.ts';
import { type Fault, fault, faultOf } from '../../crds/errors/fault.ts';
import { storeCodes } from '../../crds/errors/store.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Authenticator, Refusal } from '../admission/authenticator.ts';
import type { Directory, KnownDevice } from '../admission/directory.ts';
import { createUnanswered } from '../admission/unanswered.ts';
import type { Router } from '../routing/router.ts';
import { REASON_PHRASES } from '../sip/causes.ts';
import type { SipHeaders, SipRequest, SipResponse } from '../sip/srf.ts';
import { readUri } from '../sip/uri.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
import { CallSpan } from '../telemetry/span.ts';
import { type Applied, apply, type Binding, type Durations } from './bindings.ts';
import type { Locations } from './locations.ts';
import { type Register, readRegister } from './register.ts';

export interface RegistrarOptions {
  readonly locations: Locations;
  readonly authenticator: Authenticator;
  /** The present table and who is known by it; undefined before the first one. */
  readonly known: () => { readonly router: Router; readonly directory: Directory } | undefined;
  readonly durations: Durations;
  /** Name of this worker. */
  readonly worker: string;
  readonly tracer: Tracer;
  readonly log: Logger;
  readonly metrics: Pick<CallMetrics, 'registration'>;
  readonly now: () => number;
}

/** Answers REGISTER: who proves to be a device is reached where it says, and where it was heard from. */
export interface Registrar {
  /** Never throws: whatever is wrong is answered. */
  handle(request: SipRequest, response: SipResponse): void;
  close(): void;
}

const RETRY_AFTER_SECONDS = 5;
/** REGISTERs that wait for the store at once. */
const MOST_UNDER_WAY = 1000;
const ROOT = 'register';

export function createRegistrar(options: RegistrarOptions): Registrar {
  const { locations, authenticator, durations, tracer, log, metrics, now } = options;
  const unanswered = createUnanswered();
  let underWay = 0;

  const spanOf = (request: SipRequest, register: Register, account: string, startedAt?: number): CallSpan =>
    CallSpan.root(
      tracer,
      ROOT,
      {
        'pivot.account': account,
        'pivot.register.of': register.of.user ?? '',
        'network.transport': request.protocol,
        'network.peer.address': request.source_address,
      },
      startedAt === undefined ? {} : { startedAt },
    );
  const failed = (span: CallSpan, reason: Fault, status: number): void => {
    span.fail(reason);
    span.set({ 'pivot.sip.status': status });
    span.end();
    log.warn({ code: reason.code, trace_id: span.traceId, status }, reason.message);
  };
  const refuse = (
    response: SipResponse,
    span: CallSpan,
    reason: Fault,
    status: number,
    headers: SipHeaders = {},
  ): void => {
    metrics.registration('refused');
    response.send(status, REASON_PHRASES[status], { headers });
    failed(span, reason, status);
  };

  function turnAway(
    request: SipRequest,
    response: SipResponse,
    register: Register,
    account: string,
    refusal: Refusal,
  ): void {
    const { retryAfterSeconds, status, quiet, fault: reason } = refusal;
    const headers: SipHeaders = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
    if (!quiet) {
      refuse(response, spanOf(request, register, account), reason, status, headers);
      return;
    }
    metrics.registration('refused');
    response.send(status, REASON_PHRASES[status], { headers });
  }

  function challenge(
    request: SipRequest,
    response: SipResponse,
    register: Register,
    account: string,
    directory: Directory,
    stale: { readonly fault?: Fault } | undefined,
  ): void {
    const headers = authenticator.challenge(request, account, directory, stale !== undefined);
    if (headers.kind === 'refused') {
      turnAway(request, response, register, account, headers);
      return;
    }
    metrics.registration('challenge');
    response.send(401, REASON_PHRASES[401], { headers: headers.headers });
    if (stale?.fault !== undefined) failed(spanOf(request, register, account), stale.fault, 401);
    else {
      const at = now();
      const message = `${request.source_address} wanted to register as ${JSON.stringify(register.of.user)} and did not prove who it is`;
      unanswered.add(register.callId, () =>
        failed(spanOf(request, register, account, at), fault(admissionCodes.notAuthenticated, message), 401),
      );
    }
  }

  async function take(
    request: SipRequest,
    response: SipResponse,
    register: Register,
    device: KnownDevice,
  ): Promise<void> {
    const { key, account, device: settings } = device;
    const source = { route: routeOf(request), worker: options.worker, now: now() };
    let applied: Applied;
    try {
      applied = await locations.change(key, (before) =>
        apply(register, before, source, durations, settings.maxContacts),
      );
    } catch (error) {
      const reason = faultOf(error, storeCodes.unreachable);
      refuse(response, spanOf(request, register, account), reason, 503, { 'Retry-After': String(RETRY_AFTER_SECONDS) });
      return;
    }
    if (!applied.ok) {
      if (applied.why === 'interval') {
        // Part of the game: the telephone asks again for longer.
        metrics.registration('too-short');
        response.send(423, REASON_PHRASES[423], { headers: { 'Min-Expires': String(durations.least) } });
        return;
      }
      const message = `${key} sent a REGISTER (CSeq ${register.cseq}) that is older than what is known of it`;
      refuse(response, spanOf(request, register, account), fault(admissionCodes.outOfOrder, message), 500);
      return;
    }
    const { bindings, change, dropped } = applied;
    metrics.registration(change);
    response.send(200, 'OK', { headers: contactHeaders(bindings, source.now) });
    // Telephones refresh every few minutes, which is no news.
    if (change === 'registered' || change === 'removed') {
      const span = spanOf(request, register, account);
      span.set({
        'pivot.device': key,
        'pivot.register.change': change,
        'pivot.register.contacts': bindings.length,
        'pivot.register.user_agent': register.userAgent,
        'pivot.sip.status': 200,
      });
      if (dropped.length > 0) {
        const message = `${key} has ${settings.maxContacts} addresses, as many as it may have; the oldest was forgotten`;
        span.warn(fault(admissionCodes.contactsReplaced, message));
      }
      span.end();
      log.info({ device: key, change, contacts: bindings.length, route: source.route }, 'registration');
    }
  }

  return {
    handle(request, response) {
      const known = options.known();
      const read = readRegister(request);
      if (!read.ok) {
        metrics.registration('refused');
        response.send(400, read.reason);
        log.warn({ code: admissionCodes.badRegister.code, source: request.source_address }, read.reason);
        return;
      }
      if (known === undefined || underWay >= MOST_UNDER_WAY) {
        metrics.registration('refused');
        response.send(503, REASON_PHRASES[503], { headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } });
        return;
      }
      const { register } = read;
      const { router, directory } = known;
      const host = readUri(request.uri).host;
      const account =
        router.accountNamed(register.of.host) ??
        router.accountOf({ number: '', ...(host === undefined ? {} : { host }) });
      const found = authenticator.check(request, account, directory);
      if (found.kind === 'nobody' || found.kind === 'stale') {
        challenge(request, response, register, account, directory, found.kind === 'stale' ? found : undefined);
        return;
      }
      unanswered.answered(register.callId);
      if (found.kind === 'refused') {
        turnAway(request, response, register, account, found);
        return;
      }
      const { known: device } = found;
      const names = [device.username, device.key.slice(device.account.length + 1)];
      if (!names.includes(register.of.user ?? '')) {
        const message = `${device.key} wanted to register as ${JSON.stringify(register.of.user)}, which it is not`;
        refuse(response, spanOf(request, register, account), fault(admissionCodes.notOwnAddress, message), 403);
        return;
      }
      underWay += 1;
      take(request, response, register, device)
        .catch((error: unknown) => log.error({ err: error }, 'a REGISTER was not brought to its end'))
        .finally(() => {
          underWay -= 1;
        });
    },
    close: () => unanswered.close(),
  };
}

/** The address that a request came from, as a route: what the telephone's NAT lets through. */
function routeOf({ source_address: address, source_port: port, protocol }: SipRequest): string {
  const host = isIP(address) === 6 ? `[${address}]` : address;
  const transport = protocol.toLowerCase();
  return `sip:${host}:${port}${transport === 'udp' ? '' : `;transport=${transport}`}`;
}

/** All present addresses, with the seconds that are left of each (RFC 3261 section 10.3, step 8). */
function contactHeaders(bindings: readonly Binding[], now: number): SipHeaders {
  const contacts = bindings.map(({ uri, until, instance }) => {
    const named = instance === undefined ? '' : `;+sip.instance="${instance.replaceAll(/["\\]/g, '')}"`;
    return `<${uri}>;expires=${Math.ceil((until - now) / 1000)}${named}`;
  });
  return contacts.length === 0 ? {} : { Contact: contacts.join(', ') };
}
