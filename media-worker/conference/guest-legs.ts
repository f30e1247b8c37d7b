import type { Tracer } from '@opentelemetry/api';
import { ALeg } from '../call/a-leg.ts';
import type { CallResources } from '../call/resources.ts';
import type { SharedStore } from '../shared-store/store.ts';
import { readInvite } from '../sip/invite.ts';
import type { SignallingClient, SipRequest, SipResponse } from '../sip/srf.ts';
import { CallSpan } from '../telemetry/span.ts';
import type { PivotSettings } from '../webhook/settings.ts';
import { type Guest, type VisitState, visitKey } from './guest.ts';
import type { Ownership } from './ownership.ts';
import type { Rooms } from './rooms.ts';

export interface GuestLegsOptions {
  readonly signalling: SignallingClient;
  readonly resources: CallResources;
  readonly local: Rooms;
  readonly ownership: Ownership;
  readonly store: SharedStore;
  readonly tracer: Tracer;
  /** How callbacks of a callflow (`namespace/name`) are signed. */
  readonly settingsOf: (callflow: string) => PivotSettings | undefined;
}

/** INVITEs of other workers for their participants in conferences of this one. */
export interface GuestLegs {
  handle(request: SipRequest, response: SipResponse, guest: Guest): void;
  lost(): void;
  close(): Promise<void>;
}

/** What is said of a visit is of no use when its worker has not asked for so long. */
const KEPT_MS = 60_000;

export function createGuestLegs(options: GuestLegsOptions): GuestLegs {
  const { signalling, resources, local, ownership, store, tracer, settingsOf } = options;
  const legs = new Map<ALeg, Promise<void>>();

  async function stay(leg: ALeg, guest: Guest): Promise<void> {
    const say = async (state: VisitState): Promise<void> => {
      const text = JSON.stringify(state);
      try {
        await store.set(visitKey(guest.visit), text, KEPT_MS);
        await store.publish(visitKey(guest.visit), text);
      } catch {
        // The store is away: the leg's end says enough.
      }
    };
    try {
      const { account, name, startOnEnter, endOnExit, muted, deaf, beep, maxParticipants, callback, recording } = guest;
      await leg.answer();
      if ((await ownership.acquire(`${account}/${name}`)).kind !== 'own') {
        await say({ kind: 'moved' });
        return;
      }
      const settings = settingsOf(guest.callflow);
      const stayed = await local.join({
        call: leg,
        account,
        name,
        startOnEnter,
        endOnExit,
        muted,
        deaf,
        beep,
        maxParticipants,
        span: leg.span,
        // Heard at the participant's own worker.
        wait: async () => {},
        onStart: (sid) => void say({ kind: 'started', sid }),
        ...(callback === undefined || settings === undefined ? {} : { callback: { ...callback, settings } }),
        ...(recording === undefined || settings === undefined ? {} : { recording: { about: recording, settings } }),
      });
      await say({ kind: 'over', stayed });
    } finally {
      await leg.hangup();
      await leg.release();
      leg.span.end();
    }
  }

  return {
    handle(request, response, guest) {
      const read = readInvite(request);
      if (!read.ok) {
        response.send(400, read.reason);
        return;
      }
      const { account, callflow, callId } = guest;
      const span = CallSpan.root(tracer, 'conference.guest', {
        'pivot.call.id': callId,
        'pivot.account': account,
        'pivot.leg.call_id': read.invite.callId,
        'network.peer.address': request.source_address,
      });
      const leg = new ALeg({
        request,
        response,
        // What is told of the participant is told of its own call.
        invite: { ...read.invite, callId },
        signalling,
        resources,
        span,
        account,
        callflow,
        number: guest.name,
        language: 'en-us',
        headers: {},
      });
      legs.set(
        leg,
        stay(leg, guest)
          .catch(() => {})
          .finally(() => legs.delete(leg)),
      );
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
