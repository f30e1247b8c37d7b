import type {
  CompiledDevice,
  CompiledTrunk,
  CompiledUser,
  ResourceKey,
  RoutingTable,
  SecretValues,
} from '../../crds/routing-table.ts';
import { type Address, inNetwork, type Network, parseAddress, parseNetwork } from '../outgoing/addresses.ts';

export interface KnownDevice {
  readonly key: ResourceKey;
  readonly account: string;
  readonly username: string;
  readonly device: CompiledDevice;
  /** Undefined: the Secret is not there. */
  readonly password: string | undefined;
  /** Users to whom it belongs, by name. */
  readonly owners: readonly { readonly name: string; readonly user: CompiledUser }[];
}

export interface KnownTrunk {
  readonly key: ResourceKey;
  readonly account: string;
  readonly trunk: CompiledTrunk;
}

/** Who is known by a routing table: devices by user name, carriers by address. */
export interface Directory {
  /** The realm of an account: the first of its own, `ACCOUNT.BASE-DOMAIN`, or its name. */
  realmOf(account: string): string;
  device(account: string, username: string): KnownDevice | undefined;
  /** Trunks that calls from an address come in by, the narrowest network first. */
  trunksAt(address: string): readonly KnownTrunk[];
}

export function createDirectory(
  table: Pick<RoutingTable, 'trunks' | 'devices' | 'users' | 'realms' | 'baseDomain'>,
  secrets: SecretValues,
): Directory {
  const realms = new Map<string, string>();
  for (const [host, account] of Object.entries(table.realms).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!realms.has(account)) realms.set(account, host);
  }
  const owners = ownersOf(table.users);
  const devices = new Map<string, KnownDevice>();
  for (const [key, device] of entries(table.devices)) {
    if (device.credentials === undefined) continue;
    const { username, password } = device.credentials;
    const { namespace, name, key: field } = password.secretKeyRef;
    const account = accountOf(key);
    devices.set(`${account}/${username}`, {
      key,
      account,
      username,
      device,
      password: secrets.get(`${namespace}/${name}/${field}`),
      owners: owners.get(key) ?? [],
    });
  }
  const networks = entries(table.trunks)
    .flatMap(([key, trunk]) =>
      (trunk.inbound?.addresses ?? []).flatMap((text) => {
        const network = networkOf(text);
        return network === undefined ? [] : [{ network, known: { key, account: accountOf(key), trunk } }];
      }),
    )
    .toSorted((a, b) => bits(b.network) - bits(a.network) || (a.known.key < b.known.key ? -1 : 1));

  return {
    realmOf(account) {
      return realms.get(account) ?? (table.baseDomain === undefined ? account : `${account}.${table.baseDomain}`);
    },
    device: (account, username) => devices.get(`${account}/${username}`),
    trunksAt(text) {
      const address = plain(parseAddress(text));
      if (address === undefined) return [];
      return networks.filter(({ network }) => inNetwork(address, network)).map(({ known }) => known);
    },
  };
}

function entries<T>(record: Readonly<Record<ResourceKey, T>> | undefined): [ResourceKey, T][] {
  return Object.entries(record ?? {}) as [ResourceKey, T][];
}

function accountOf(key: ResourceKey): string {
  return key.slice(0, key.indexOf('/'));
}

/** A table of another version may know forms that we do not: then its calls are not taken. */
function networkOf(text: string): Network | undefined {
  try {
    return parseNetwork(text);
  } catch {
    return undefined;
  }
}

function bits([, length]: Network): number {
  return length;
}

/** An IPv4 address that a socket for both gives as IPv6. */
function plain(address: Address | undefined): Address | undefined {
  return address !== undefined && 'isIPv4MappedAddress' in address && address.isIPv4MappedAddress()
    ? address.toIPv4Address()
    : address;
}

function ownersOf(users: RoutingTable['users']): Map<ResourceKey, { name: string; user: CompiledUser }[]> {
  const owners = new Map<ResourceKey, { name: string; user: CompiledUser }[]>();
  for (const [key, user] of entries(users).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const device of user.devices) {
      const list = owners.get(device) ?? [];
      list.push({ name: key.slice(key.indexOf('/') + 1), user });
      owners.set(device, list);
    }
  }
  return owners;
}
