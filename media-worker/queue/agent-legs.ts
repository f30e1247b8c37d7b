import { faultOf } from '../../crds/errors/fault.ts';
import { roomCodes } from '../../crds/errors/rooms.ts';
import { ALeg } from '../call/a-leg.ts';
import type { CallResources } from '../call/resources.ts';
import { REASON_PHRASES } from '../sip/causes.ts';
import { readInvite } from '../sip/invite.ts';
import type { SignallingClient, SipRequest, SipResponse } from '../sip/srf.ts';
import type { Claimed, Queues } from './queues.ts';

export interface AgentLegsOptions {
  readonly signalling: SignallingClient;
  readonly resources: CallResources;
  readonly queues: Pick<Queues, 'claim'>;
}

/** INVITEs of other workers whose agents have taken callers of this one: each is connected with its caller. */
export interface AgentLegs {
  handle(request: SipRequest, response: SipResponse, place: string): void;
  /** The connection to drachtio-server is gone. */
  lost(): void;
  /** Hangs up what is left. */
  close(): Promise<void>;
}

export function createAgentLegs({ signalling, resources, queues }: AgentLegsOptions): AgentLegs {
  const legs = new Map<ALeg, Promise<void>>();

  async function connect(leg: ALeg, { call: caller, done }: Claimed): Promise<void> {
    let connectedMs: number | undefined;
    try {
      const [own, theirs] = await Promise.all([leg.media(), caller.media()]);
      const since = Date.now();
      await own.bridge(theirs, AbortSignal.any([leg.signal, caller.signal]));
      connectedMs = Date.now() - since;
    } catch (error) {
      if (!leg.signal.aborted && !caller.signal.aborted) leg.span.warn(faultOf(error, roomCodes.notBridged));
    } finally {
      done(connectedMs);
      await leg.hangup();
      await leg.release();
      leg.span.end();
    }
  }

  return {
    handle(request, response, place) {
      const read = readInvite(request);
      if (!read.ok) {
        response.send(400, read.reason);
        return;
      }
      const claimed = queues.claim(place);
      if (claimed === undefined) {
        // It has hung up, or left, meanwhile: the agent's worker takes the next.
        response.send(480, REASON_PHRASES[480]);
        return;
      }
      const { account, callflow, number, language } = claimed.call.facts();
      const leg = new ALeg({
        request,
        response,
        invite: read.invite,
        signalling,
        resources,
        span: claimed.call.span.child('queue.agent', {
          'pivot.leg.call_id': read.invite.callId,
          'network.peer.address': request.source_address,
        }),
        account,
        callflow,
        number,
        language,
        headers: {},
      });
      const over = connect(leg, claimed)
        .catch(() => {})
        .finally(() => legs.delete(leg));
      legs.set(leg, over);
    },
    lost() {
      for (const leg of legs.keys()) leg.lost();
    },
    async close() {
      for (const leg of legs.keys()) void leg.hangup({ cause: 'NORMAL_TEMPORARY_FAILURE' });
      await Promise.all(legs.values());
    },
  };
}
