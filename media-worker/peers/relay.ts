import type { Tracer } from '@opentelemetry/api';
import { dialCodes } from '../../crds/errors/dial.ts';
import { fault } from '../../crds/errors/fault.ts';
import type { Logger } from '../../runtime/log.ts';
import { callerHeaders } from '../dial/caller-id.ts';
import { type Invitation, invite } from '../dial/invitation.ts';
import { REASON_PHRASES, sendableStatus } from '../sip/causes.ts';
import type { SignallingClient, SipDialog, SipHeaders, SipRequest, SipResponse } from '../sip/srf.ts';
import { readNameAddress } from '../sip/uri.ts';
import { CallSpan } from '../telemetry/span.ts';
import { TICKET_HEADER, type Ticket, type Tickets } from './tickets.ts';

export interface RelayOptions {
  readonly client: SignallingClient;
  readonly tickets: Pick<Tickets, 'take'>;
  /** Name of this worker. */
  readonly worker: string;
  readonly tracer: Tracer;
  readonly log: Logger;
  /** An INVITE of another worker that is for no telephone. */
  readonly onTicket: (request: SipRequest, response: SipResponse, ticket: Exclude<Ticket, { kind: 'contact' }>) => void;
}

/** Passes calls of other workers on to telephones that only this one reaches. Signalling alone: sound goes between the other worker and the telephone. */
export interface Relay {
  /** Whether an INVITE may be another worker's. */
  concerns(request: SipRequest): boolean;
  /** Passes it on; resolves with false, and nothing is done, when it is nobody's. */
  handle(request: SipRequest, response: SipResponse): Promise<boolean>;
  /** Calls that are passed on. */
  readonly active: number;
  /** The connection to drachtio-server is gone. */
  lost(): void;
  /** Hangs up what is left. */
  close(): void;
}

/** INVITEs with a ticket that wait for the store; more are treated as if they had none. */
const MOST_ASKING = 200;
const PASSED_HEADER = /^(?:x-.*|alert-info|user-to-user)$/i;

export function createRelay({ client, tickets, worker, tracer, log, onTicket }: RelayOptions): Relay {
  const calls = new Set<RelayedCall>();
  let asking = 0;
  return {
    get active() {
      return calls.size;
    },
    concerns: (request) => request.has(TICKET_HEADER) && asking < MOST_ASKING,
    async handle(request, response) {
      asking += 1;
      try {
        const ticket = await tickets.take(request.get(TICKET_HEADER) ?? '');
        if (ticket === undefined || ticket.worker !== worker) return false;
        if (ticket.kind !== 'contact') {
          onTicket(request, response, ticket);
          return true;
        }
        const call = new RelayedCall(client, request, response, () => calls.delete(call));
        calls.add(call);
        const span = CallSpan.root(tracer, 'relay', {
          'pivot.call.id': request.get('Call-ID') ?? '',
          'pivot.leg.to': ticket.contact.uri,
          'pivot.leg.route': ticket.contact.route,
          'network.peer.address': request.source_address,
        });
        call
          .run(ticket.contact, span)
          .catch((error: unknown) => log.error({ err: error }, 'a call of another worker was not brought to its end'))
          .finally(() => {
            if (!call.connected) calls.delete(call);
            span.end();
          });
        return true;
      } catch (error) {
        log.warn({ err: error }, 'the ticket of a call could not be looked up');
        return false;
      } finally {
        asking -= 1;
      }
    },
    lost: () => calls.clear(),
    close() {
      for (const call of calls) call.hangUp();
    },
  };
}

class RelayedCall {
  readonly #client: SignallingClient;
  readonly #request: SipRequest;
  readonly #response: SipResponse;
  readonly #onOver: () => void;
  #invitation: Invitation | undefined;
  #sides: readonly [caller: SipDialog, telephone: SipDialog] | undefined;

  constructor(client: SignallingClient, request: SipRequest, response: SipResponse, onOver: () => void) {
    this.#client = client;
    this.#request = request;
    this.#response = response;
    this.#onOver = onOver;
  }

  get connected(): boolean {
    return this.#sides !== undefined;
  }

  /** Until it is answered or has failed. */
  async run({ uri, route }: { readonly uri: string; readonly route: string }, span: CallSpan): Promise<void> {
    const [request, response] = [this.#request, this.#response];
    const invitation = invite(this.#client, {
      uri,
      proxy: route,
      headers: { ...passedOn(request), To: `<${uri}>` },
      localSdp: request.body,
      auth: undefined,
      onProvisional({ status, body }) {
        if (response.finalResponseSent) return;
        response.send(status, body === '' ? {} : { body, headers: { 'Content-Type': 'application/sdp' } });
      },
    });
    this.#invitation = invitation;
    request.on('cancel', () => invitation.cancel());
    const result = await invitation.final;
    if (result.kind === 'answered') {
      await this.#connect(result.dialog);
      span.set({ 'pivot.sip.status': 200 });
      return;
    }
    const status = result.kind === 'refused' ? sendableStatus(result.status) : 503;
    if (result.kind === 'not sent') span.fail(fault(dialCodes.notPlaced, result.message));
    span.set({ 'pivot.sip.status': status });
    if (response.finalResponseSent) return;
    const reason = result.kind === 'refused' ? result.reason : undefined;
    response.send(status, REASON_PHRASES[status] ?? '', { headers: reason === undefined ? {} : { Reason: reason } });
  }

  async #connect(telephone: SipDialog): Promise<void> {
    let caller: SipDialog;
    try {
      caller = await this.#client.createUAS(this.#request, this.#response, { localSdp: telephone.remote.sdp });
    } catch {
      // It was cancelled meanwhile.
      telephone.destroy({}, () => {});
      return;
    }
    this.#sides = [caller, telephone];
    for (const [side, other] of [
      [caller, telephone],
      [telephone, caller],
    ] as const) {
      side.on('destroy', (bye) => {
        const reason = bye.get('Reason');
        other.destroy(reason === undefined ? {} : { headers: { Reason: reason } }, () => {});
        this.#onOver();
      });
      side.on('modify', (request, response) => void passModify(request, response, other));
      for (const event of ['info', 'refer', 'message'] as const)
        side.on(event, (request, response) => void passRequest(request, response, other));
    }
    // A BYE that came before anybody listened.
    if (!caller.connected || !telephone.connected) this.hangUp();
  }

  hangUp(): void {
    this.#invitation?.cancel();
    for (const side of this.#sides ?? []) if (side.connected) side.destroy({}, () => {});
    this.#onOver();
  }
}

/** Who calls, and the caller's own headers; nothing that is between workers. */
function passedOn(request: SipRequest): SipHeaders {
  const { user = '', name } = readNameAddress(request.get('From'));
  const headers: Record<string, string> = {};
  for (const [header, value] of Object.entries(request.headers)) {
    if (PASSED_HEADER.test(header) && header.toLowerCase() !== TICKET_HEADER.toLowerCase())
      headers[header] = String(value);
  }
  return { ...headers, ...callerHeaders({ number: user.toLowerCase() === 'anonymous' ? '' : user, name }) };
}

async function passModify(request: SipRequest, response: SipResponse, other: SipDialog): Promise<void> {
  try {
    const sdp = await other.modify(request.body);
    response.send(200, { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
  } catch {
    if (!response.finalResponseSent) response.send(488);
  }
}

async function passRequest(request: SipRequest, response: SipResponse, other: SipDialog): Promise<void> {
  const headers: Record<string, string> = {};
  for (const name of ['Content-Type', 'Refer-To', 'Referred-By']) {
    const value = request.get(name);
    if (value !== undefined) headers[name] = value;
  }
  try {
    const { status } = await other.request({ method: request.method, headers, body: request.body });
    response.send(status);
  } catch {
    if (!response.finalResponseSent) response.send(503);
  }
}
