import type { SecretValues } from '../../crds/routing-table.ts';
import type { Router } from '../routing/router.ts';
import type { Invite } from '../sip/invite.ts';
import type { SipRequest } from '../sip/srf.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
import { type Admission, createAdmit } from './admission.ts';
import { createAttempts } from './attempts.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import type { DigestOffer } from './digest.ts';
import { createDirectory, type Directory } from './directory.ts';
import type { InboundMode } from './inbound-mode.ts';
import { createNonces } from './nonces.ts';

export interface DoorOptions {
  readonly inbound: InboundMode;
  readonly digest: DigestOffer;
  readonly metrics: Pick<CallMetrics, 'admission'>;
}

/** Who may come in, by the present table. */
export interface Door {
  readonly authenticator: Authenticator;
  /** Takes a new table. */
  use(router: Router, secrets: SecretValues): void;
  /** Undefined before the first table. */
  known(): { readonly router: Router; readonly directory: Directory } | undefined;
  /** `router`: the present one, of which there is one. */
  admit(request: SipRequest, invite: Invite, router: Router): Admission;
}

export function createDoor({ inbound, digest, metrics }: DoorOptions): Door {
  const authenticator = createAuthenticator({
    nonces: createNonces({ now: Date.now }),
    attempts: createAttempts(Date.now),
    digest,
  });
  const decide = createAdmit({ mode: inbound, authenticator, metrics });
  let present: { readonly router: Router; readonly secrets: SecretValues; directory?: Directory } | undefined;
  const known: Door['known'] = () => {
    if (present === undefined) return undefined;
    // Made when it is first needed: tables may come faster than calls.
    present.directory ??= createDirectory(present.router.table, present.secrets);
    return { router: present.router, directory: present.directory };
  };
  return {
    authenticator,
    use(router, secrets) {
      present = { router, secrets };
    },
    known,
    admit: (request, invite, router) =>
      decide(request, invite, router, known()?.directory ?? createDirectory(router.table, new Map())),
  };
}
