import type { CallflowNode } from './callflow/node.ts';
import type { PivotDeviceSpec, PivotTrunkSpec, PivotUserSpec } from './resources.ts';

/** `namespace/name` of a resource. */
export type ResourceKey = `${string}/${string}`;

/** A callflow ready to run: validated, defaults filled in, `spec.pivot` + `failback` turned into a pivot node with its `_` child. */
export interface CompiledCallflow {
  readonly key: ResourceKey;
  readonly account: string;
  readonly name: string;
  readonly generation: number;
  readonly flow: CallflowNode;
  /** `spec.name`: what people call it. Also the default label of recordings. */
  readonly label?: string;
}

/** What a number resolves to. */
export type Route =
  /** A number in E.164 form, unique in the cluster. */
  | { readonly kind: 'e164'; readonly number: string; readonly callflow: ResourceKey }
  /** Any other number or extension, unique in its account. */
  | { readonly kind: 'extension'; readonly account: string; readonly number: string; readonly callflow: ResourceKey }
  /** An RE2 expression over the dialled number, within its account. */
  | { readonly kind: 'pattern'; readonly account: string; readonly pattern: string; readonly callflow: ResourceKey }
  /** The account's catch-all (`no_match` among `numbers`). */
  | { readonly kind: 'no_match'; readonly account: string; readonly callflow: ResourceKey };

/** A sound with a name (PivotMedia): a file to fetch, or a text to speak. */
export type CompiledMedia =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'speech';
      readonly text: string;
      readonly voice?: string;
      readonly language?: string;
      readonly engine?: string;
    };

/** User name and password of SIP digest authentication. */
export interface CompiledCredentials {
  readonly username: string;
  /** The value travels beside the table. */
  readonly password: SecretReference;
}

/** A carrier (PivotTrunk), with its defaults filled in. */
export type CompiledTrunk = Omit<PivotTrunkSpec, 'credentials' | 'enabled'> & {
  readonly credentials?: CompiledCredentials;
};

/** A person (PivotUser), with its defaults filled in. */
export type CompiledUser = Omit<PivotUserSpec, 'devices' | 'enabled'> & {
  /** In the order in which they ring; one that is not in the table does not exist or is not in use. */
  readonly devices: readonly ResourceKey[];
};

/** A telephone (PivotDevice), with its defaults filled in. No two of an account have the same user name. */
export type CompiledDevice = Omit<PivotDeviceSpec, 'credentials' | 'enabled'> & {
  readonly credentials?: CompiledCredentials;
};

/** What the PivotFleet says to workers. What it leaves open each worker decides by its own options. */
export interface FleetSettings {
  /** Calls at the same time on one worker. */
  readonly callsPerWorker?: number;
  /** Seconds after which a call is ended. */
  readonly callSeconds?: number;
  /** Where requests may go: IP addresses, networks (CIDR) and host names (`*.example.com`). */
  readonly outgoing?: {
    readonly allowPrivate: boolean;
    readonly allow: readonly string[];
    readonly deny: readonly string[];
  };
  /** Where people see the trace of a call, with `{traceId}` in it. */
  readonly traceUrl?: string;
}

/**
 * Everything a media worker needs to take calls, without any secret value. Canonical: the same content gives the same `version`
 * (see `table-version.ts`).
 */
export interface RoutingTable {
  readonly version: string;
  /** Account of calls that name no other; `default` unless the platform team says otherwise. */
  readonly defaultAccount: string;
  /** `NAMESPACE.baseDomain` as host of the request URI selects the account. */
  readonly baseDomain?: string;
  /** Explicit realms (annotation `pivot.voice/realm`): host, lower case, to account. */
  readonly realms: Readonly<Record<string, string>>;
  /** Sorted; see `compareRoutes` in `table-version.ts`. */
  readonly routes: readonly Route[];
  readonly callflows: Readonly<Record<ResourceKey, CompiledCallflow>>;
  /** Sounds that callflows of the same account play by name; absent when there are none. */
  readonly media?: Readonly<Record<ResourceKey, CompiledMedia>>;
  /** Carriers of each account, those in use; absent when there are none. So with users and devices. */
  readonly trunks?: Readonly<Record<ResourceKey, CompiledTrunk>>;
  readonly users?: Readonly<Record<ResourceKey, CompiledUser>>;
  readonly devices?: Readonly<Record<ResourceKey, CompiledDevice>>;
  /** Absent when there is no PivotFleet, or it says nothing to workers. */
  readonly fleet?: FleetSettings;
}

/** Values of the Secrets that callflows refer to, by `namespace/name/key`. Travels beside the table, stays in memory. */
export type SecretValues = ReadonlyMap<string, string>;

/** How a compiled callflow's data refers to a Secret's value in place of the value itself. */
export interface SecretReference {
  readonly secretKeyRef: { readonly namespace: string; readonly name: string; readonly key: string };
}
