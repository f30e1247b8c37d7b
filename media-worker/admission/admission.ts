import { isE164 } from '../../crds/numbers.ts';
import type { CompiledTrunk, ResourceKey } from '../../crds/routing-table.ts';
import { toE164 } from '../dial/numbers.ts';
import type { Router } from '../routing/router.ts';
import type { Invite } from '../sip/invite.ts';
import type { SipRequest } from '../sip/srf.ts';
import type { CallMetrics } from '../telemetry/metrics.ts';
import type { Authenticator, Challenge, Refusal } from './authenticator.ts';
import type { Directory, KnownDevice, KnownTrunk } from './directory.ts';
import type { InboundMode } from './inbound-mode.ts';

/** Who calls, as far as it is proven. */
export type Caller =
  | { readonly kind: 'anybody' }
  | { readonly kind: 'trunk'; readonly trunk: ResourceKey; readonly maxCalls: number | undefined }
  | { readonly kind: 'device'; readonly device: ResourceKey };

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly caller: Caller;
      /** What the INVITE says, with what is known better in its place. */
      readonly invite: Invite;
      /** Where its number is looked up; undefined: by the host that was called. */
      readonly account: string | undefined;
      /** Users of the account to whom the device belongs. */
      readonly userIds: readonly string[];
    }
  | (Challenge & { readonly refusal?: Refusal })
  | Refusal;

export interface AdmissionOptions {
  readonly mode: InboundMode;
  readonly authenticator: Authenticator;
  readonly metrics: Pick<CallMetrics, 'admission'>;
}

/** Decides for an INVITE outside a dialog whether its call is taken. */
export type Admit = (request: SipRequest, invite: Invite, router: Router, directory: Directory) => Admission;

export function createAdmit({ mode, authenticator, metrics }: AdmissionOptions): Admit {
  const decide = (request: SipRequest, invite: Invite, router: Router, directory: Directory): Admission => {
    const dialled = invite.request;
    // From says whose device it would be; what it says is proven by the password or not at all.
    const account =
      router.accountNamed(invite.from.host) ?? router.accountOf({ number: dialled.user ?? '', ...hostOf(dialled) });
    const found = authenticator.check(request, account, directory);
    if (found.kind === 'refused') return found;
    if (found.kind === 'device') return ofDevice(found.known, invite, directory);
    if (found.kind === 'nobody') {
      const trunks = directory.trunksAt(request.source_address);
      if (trunks.length > 0) return ofTrunk(chosen(trunks, invite, router), invite);
      const pretends = invite.from.user !== undefined && directory.device(account, invite.from.user) !== undefined;
      if (mode === 'open' && !pretends)
        return { kind: 'admitted', caller: { kind: 'anybody' }, invite, account: undefined, userIds: [] };
    }
    const challenge = authenticator.challenge(request, account, directory, found.kind === 'stale');
    if (challenge.kind === 'refused' || found.kind === 'nobody' || found.fault === undefined) return challenge;
    return { ...challenge, refusal: { kind: 'refused', status: 401, fault: found.fault, quiet: false } };
  };
  return (request, invite, router, directory) => {
    const admission = decide(request, invite, router, directory);
    metrics.admission(admission.kind === 'admitted' ? admission.caller.kind : admission.kind);
    return admission;
  };
}

function hostOf({ host }: Invite['request']): { host?: string } {
  return host === undefined ? {} : { host };
}

/** The device's own caller id, whatever the telephone writes into From; hidden where it asks for that. */
function ofDevice(
  { key, account, username, device, owners }: KnownDevice,
  invite: Invite,
  directory: Directory,
): Admission {
  const owner = owners[0]?.user;
  const withheld = invite.withheld;
  return {
    kind: 'admitted',
    caller: { kind: 'device', device: key },
    account,
    userIds: owners.map(({ name }) => name),
    invite: {
      ...invite,
      from: { user: username, host: directory.realmOf(account) },
      fromName: owner?.name ?? '',
      callerIdNumber: withheld ? '' : (device.callerId?.number ?? owner?.callerId?.number ?? username),
      callerIdName: withheld ? '' : (device.callerId?.name ?? owner?.callerId?.name ?? owner?.name ?? ''),
    },
  };
}

function ofTrunk({ key, account, trunk }: KnownTrunk, invite: Invite): Admission {
  const called = invite.request.user;
  const { user: from } = invite.from;
  return {
    kind: 'admitted',
    caller: { kind: 'trunk', trunk: key, maxCalls: trunk.maxCalls },
    account,
    userIds: [],
    invite: {
      ...invite,
      request: { ...invite.request, ...(called === undefined ? {} : { user: numberFrom(trunk, called) }) },
      from: { ...invite.from, ...(from === undefined ? {} : { user: numberFrom(trunk, from) }) },
      callerIdNumber: invite.callerIdNumber === '' ? '' : numberFrom(trunk, invite.callerIdNumber),
    },
  };
}

/** Of the trunks of several accounts with one carrier: that whose account the number belongs to. */
function chosen(trunks: readonly KnownTrunk[], { request }: Invite, router: Router): KnownTrunk {
  const owning = trunks.find(({ trunk, account }) => {
    const result = router.resolve({ number: numberFrom(trunk, request.user ?? ''), account });
    return result.ok && result.routed.account === account;
  });
  return owning ?? trunks[0]!;
}

/** A number as a carrier writes it, in E.164 form where that can be told. */
export function numberFrom({ countryCode, calledFormat }: CompiledTrunk, text: string): string {
  if (!/^\+?[0-9]+$/.test(text)) return text;
  const known = toE164(text, countryCode);
  // International numbers without their plus, where numbers are written so to the carrier, too. Shorter ones are extensions.
  const whole = `+${text}`;
  return known === text && calledFormat === 'withoutPlus' && text.length >= 8 && isE164(whole) ? whole : known;
}
