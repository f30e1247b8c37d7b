import { dialCodes } from '../../crds/errors/dial.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import type { CompiledDevice, CompiledUser, ResourceKey, RoutingTable } from '../../crds/routing-table.ts';
import { readTargetUri, type TargetUri } from '../sip/target-uri.ts';
import { type CallerId, callerHeaders } from './caller-id.ts';
import type { Contact, Contacts } from './contacts.ts';
import { failureOfFault, type LegFailure } from './failure.ts';
import { dialledDigits } from './numbers.ts';
import { group, type LegPlan, type LegWish, type RingPlan, type Way } from './ring-plan.ts';
import { type TrunkChoice, waysToNumber } from './trunks.ts';

/** Who is to be called. */
export type DialTarget =
  /** A telephone number, however it is written, through a trunk. */
  | {
      readonly kind: 'number';
      readonly number: string;
      /** Written to the carrier as it is here; which trunk may call it is decided by its E.164 form all the same. */
      readonly asIs?: boolean;
    }
  | { readonly kind: 'sip'; readonly address: string; readonly auth?: Way['auth'] }
  /** By the name of their resource in the call's namespace. */
  | { readonly kind: 'user' | 'device'; readonly name: string };

export interface Endpoint {
  readonly target: DialTarget;
  readonly wish: LegWish;
  /** Further headers of the INVITE. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Calls of a device or user to itself are left out. Names of those who call, `device` and `user`. */
  readonly except?: ReadonlySet<ResourceKey>;
  /** User part of the Request-URI of devices, in place of what they have registered. */
  readonly staticUser?: string;
  /** Host of From, in place of the trunk's. */
  readonly fromDomain?: string;
  /** Rings a user's devices one after the other, whatever the PivotUser says. */
  readonly strategy?: 'single';
  /** One device of a user that declines ends it for all. */
  readonly failOnReject?: boolean;
}

export interface PlannerDeps extends TrunkChoice {
  readonly table: Pick<RoutingTable, 'trunks' | 'users' | 'devices'>;
  readonly contacts: Contacts;
}

/** Makes plans of who is rung where, from the table that the call started with. */
export class Planner {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  async plan(endpoint: Endpoint, callerId: CallerId): Promise<RingPlan> {
    const { target } = endpoint;
    switch (target.kind) {
      case 'number':
        return this.#number(target, endpoint, callerId);
      case 'sip':
        return this.#sip(target, endpoint, callerId);
      case 'device':
        return this.#device(target.name, endpoint, callerId);
      case 'user':
        return this.#user(target.name, endpoint, callerId);
    }
  }

  #number(
    { number: text, asIs = false }: Pick<Extract<DialTarget, { kind: 'number' }>, 'number' | 'asIs'>,
    endpoint: Endpoint,
    callerId: CallerId,
  ): RingPlan {
    const number = asIs && /^\+?[0-9*#]{1,32}$/.test(text) ? text : dialledDigits(text);
    if (number === undefined) {
      const message = `${JSON.stringify(text.slice(0, 60))} is no telephone number`;
      return nobody(fault(dialCodes.badNumber, message), 'INVALID_NUMBER_FORMAT');
    }
    const { fromDomain } = endpoint;
    const found = waysToNumber(number, callerId, {
      ...this.#deps,
      asIs,
      ...(fromDomain === undefined ? {} : { fromDomain }),
    });
    if (!found.ok) {
      const barred = found.fault.code === dialCodes.prefixRefused.code;
      return nobody(found.fault, barred ? 'OUTGOING_CALL_BARRED' : 'NO_ROUTE_DESTINATION');
    }
    return leg({ name: number, to: { user: number }, ways: found.ways }, endpoint, callerId);
  }

  #sip({ address, auth }: Extract<DialTarget, { kind: 'sip' }>, endpoint: Endpoint, callerId: CallerId): RingPlan {
    const read = readTargetUri(address);
    if (read === undefined) return nobody(badAddress(address), 'INVALID_NUMBER_FORMAT');
    const way = wayTo(read, callerId);
    const ways = [auth === undefined ? way : { ...way, auth }];
    return leg({ name: read.uri, to: partyOf(read), ways }, endpoint, callerId);
  }

  async #device(name: string, endpoint: Endpoint, callerId: CallerId): Promise<RingPlan> {
    const key: ResourceKey = `${this.#deps.account}/${name}`;
    const device = entry(this.#deps.table.devices, key);
    if (device === undefined) return this.#unknown('PivotDevice', key);
    return endpoint.except?.has(key) === true
      ? nobody(undefined, 'NORMAL_CLEARING')
      : this.#ring(key, device, endpoint, callerId);
  }

  async #ring(key: ResourceKey, device: CompiledDevice, endpoint: Endpoint, callerId: CallerId): Promise<RingPlan> {
    if (device.doNotDisturb) return { kind: 'nobody', failure: DO_NOT_DISTURB };
    const registered = await this.#deps.contacts.contactsOf(key);
    const contacts: readonly Contact[] =
      registered.length > 0 ? registered : device.uri === undefined ? [] : [{ uri: device.uri }];
    if (contacts.length === 0) {
      const message = `${key} has not registered and has no fixed address`;
      return {
        kind: 'nobody',
        failure: {
          status: 'no-answer',
          cause: 'USER_NOT_REGISTERED',
          sipStatus: 480,
          fault: fault(dialCodes.notReachable, message),
        },
      };
    }
    const plans = contacts.map(({ uri, route, headers = {} }): RingPlan => {
      const read = readTargetUri(uri);
      if (read === undefined) return nobody(badAddress(uri), 'INVALID_NUMBER_FORMAT');
      const way = wayTo(withUser(read, endpoint.staticUser), callerId);
      const ways = [{ ...way, headers: { ...way.headers, ...headers }, ...(route === undefined ? {} : { route }) }];
      return leg({ name: key, to: partyOf(read), ways }, endpoint, callerId);
    });
    return group('together', plans);
  }

  async #user(name: string, endpoint: Endpoint, callerId: CallerId): Promise<RingPlan> {
    const key: ResourceKey = `${this.#deps.account}/${name}`;
    const user = entry(this.#deps.table.users, key);
    if (user === undefined) return this.#unknown('PivotUser', key);
    if (endpoint.except?.has(key) === true) return nobody(undefined, 'NORMAL_CLEARING');
    const { forward } = user;
    const elsewhere = forward === undefined ? undefined : this.#forwarded(user, endpoint, callerId);
    if (elsewhere !== undefined && forward!.when.includes('always')) return elsewhere;
    const own = user.doNotDisturb
      ? ({ kind: 'nobody', failure: DO_NOT_DISTURB } as const)
      : await this.#devicesOf(key, user, endpoint, callerId);
    if (elsewhere === undefined) return own;
    const when = (failure: LegFailure): boolean => forward!.when.some((word) => FORWARD[word](failure));
    return { kind: 'instead', first: own, when, otherwise: elsewhere };
  }

  /** To a number: the one thing that can be forwarded to. */
  #forwarded({ forward, callerId: shown }: CompiledUser, endpoint: Endpoint, callerId: CallerId): RingPlan {
    const as = forward!.keepCallerId ? callerId : { ...callerId, ...named(shown) };
    return this.#number({ number: forward!.to }, endpoint, as);
  }

  async #devicesOf(
    key: ResourceKey,
    { devices, ringStrategy, ringSeconds }: CompiledUser,
    endpoint: Endpoint,
    callerId: CallerId,
  ): Promise<RingPlan> {
    const found = devices.flatMap((name) => {
      const device = entry(this.#deps.table.devices, name);
      return device === undefined || endpoint.except?.has(name) === true ? [] : [[name, device] as const];
    });
    if (found.length === 0) {
      const message = `${key} has no device that is in use`;
      return nobody(fault(dialCodes.notReachable, message), 'USER_NOT_REGISTERED');
    }
    const plans = await Promise.all(found.map(([name, device]) => this.#ring(name, device, endpoint, callerId)));
    if (ringStrategy === 'simultaneous' && endpoint.strategy === undefined) {
      return plans.length === 1
        ? plans[0]!
        : { kind: 'together', of: plans, failOnReject: endpoint.failOnReject === true };
    }
    return group(
      'inOrder',
      plans.map((ring) => ({ kind: 'within', ms: ringSeconds * 1000, ring }) as const),
    );
  }

  #unknown(kind: 'PivotUser' | 'PivotDevice', key: ResourceKey): RingPlan {
    return nobody(fault(dialCodes.unknownEndpoint, `There is no ${kind} ${key}`), 'UNALLOCATED_NUMBER');
  }
}

const DO_NOT_DISTURB: LegFailure = { status: 'busy', cause: 'USER_BUSY', sipStatus: 486 };

/** When a user's calls go elsewhere. */
const FORWARD: Readonly<
  Record<NonNullable<CompiledUser['forward']>['when'][number], (failure: LegFailure) => boolean>
> = {
  always: () => true,
  busy: ({ status }) => status === 'busy',
  noAnswer: ({ status, cause }) => status === 'no-answer' && cause !== 'USER_NOT_REGISTERED',
  unreachable: ({ status, cause }) => cause === 'USER_NOT_REGISTERED' || status === 'failed',
};

function named(shown: CompiledUser['callerId']): Partial<CallerId> {
  const { number, name } = shown ?? {};
  return { ...(number === undefined ? {} : { number }), ...(name === undefined ? {} : { name }) };
}

function entry<T>(record: Readonly<Record<ResourceKey, T>> | undefined, key: ResourceKey): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function nobody(reason: Fault | undefined, cause: string): RingPlan {
  return {
    kind: 'nobody',
    failure: reason === undefined ? { status: 'failed', cause } : failureOfFault(reason, cause),
  };
}

function badAddress(text: string): Fault {
  return fault(dialCodes.badAddress, `${JSON.stringify(text.slice(0, 60))} is no SIP address`);
}

function partyOf({ user, host }: TargetUri): LegPlan['to'] {
  return { host, ...(user === undefined ? {} : { user }) };
}

function wayTo({ uri, host, port, transport, headers }: TargetUri, callerId: CallerId): Way {
  return {
    uri,
    host: { host, transport, ...(port === undefined ? {} : { port }) },
    headers: { ...headers, ...callerHeaders(callerId) },
  };
}

/** The same address with another user part. */
function withUser(read: TargetUri, user: string | undefined): TargetUri {
  if (user === undefined) return read;
  const changed = readTargetUri(read.uri.replace(/^(sips?:)(?:[^@;?]*@)?/, `$1${encodeURIComponent(user)}@`));
  return changed ?? read;
}

function leg(
  plan: Pick<LegPlan, 'name' | 'to' | 'ways'>,
  { wish, headers = {} }: Endpoint,
  { number, name }: CallerId,
): RingPlan {
  const ways = plan.ways.map((way) => ({ ...way, headers: { ...headers, ...way.headers } }));
  return { kind: 'leg', leg: { ...plan, ways, callerIdNumber: number, callerIdName: name, wish } };
}
