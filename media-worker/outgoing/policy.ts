import { isIP } from 'node:net';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import {
  classify,
  inNetwork,
  isLoopback,
  type Network,
  parseAddress,
  parseNetwork,
  reachableAddresses,
} from './addresses.ts';

/** Where outgoing requests may go. Entries of the lists: `10.0.0.0/8`, `192.0.2.7`, `example.com` (the host and all below it). */
export interface AddressPolicyOptions {
  /** Lets requests go to loopback and private addresses. Link-local and metadata addresses stay refused. */
  readonly allowPrivate?: boolean;
  /**
   * False: loopback addresses are refused although private ones are allowed, unless a network of `allow` holds them. In a pod the media servers'
   * control ports are there.
   */
  readonly allowLoopback?: boolean;
  /** Private networks and hosts that are allowed all the same. */
  readonly allow?: readonly string[];
  /** Networks and hosts that are refused; wins over everything that allows. */
  readonly deny?: readonly string[];
}

export interface AddressPolicy {
  /** The fault if a host must not even be resolved. `host` as in a URL, without brackets. */
  refuseHost(host: string): Fault | undefined;
  /** The fault if an address, of which `host` is the name, must not be connected to. */
  refuseAddress(host: string, address: string): Fault | undefined;
}

interface Rules {
  readonly networks: readonly Network[];
  readonly hosts: readonly string[];
}

function plainHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** Reads a list of rules. Throws a `RangeError` naming the entry that is neither a network nor a host name. */
function parseRules(entries: readonly string[]): Rules {
  const networks: Network[] = [];
  const hosts: string[] = [];
  for (const entry of entries) {
    const text = entry.trim();
    if (text.includes('/') || isIP(text) !== 0) {
      try {
        networks.push(parseNetwork(text));
      } catch {
        throw new RangeError(`"${entry}" is not a network; write it like 10.0.0.0/8 or fd00::/8`);
      }
    } else if (/^(\*?\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(text)) {
      hosts.push(plainHost(text.replace(/^\*?\./, '')));
    } else {
      throw new RangeError(`"${entry}" is neither a network (10.0.0.0/8) nor a host name (example.com)`);
    }
  }
  return { networks, hosts };
}

function namesHost(rules: Rules, host: string): boolean {
  const plain = plainHost(host);
  return rules.hosts.some((suffix) => plain === suffix || plain.endsWith(`.${suffix}`));
}

/** Compiles a policy. Throws a `RangeError` on a malformed entry. */
export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const allow = parseRules(options.allow ?? []);
  const deny = parseRules(options.deny ?? []);

  const refuseHost = (host: string): Fault | undefined =>
    namesHost(deny, host) ? fault(webhookCodes.addressDenied, `${host} is on the deny list`) : undefined;

  const refuseAddress = (host: string, text: string): Fault | undefined => {
    const address = parseAddress(text);
    const shown = text === host ? text : `${host} resolves to ${text}, which`;
    if (address === undefined) return fault(webhookCodes.addressDenied, `${shown} is not an IP address`);
    const reachable = reachableAddresses(address);
    if (reachable.some((one) => classify(one) === 'forbidden')) {
      return fault(
        webhookCodes.addressForbidden,
        `${shown} is a link-local or cloud metadata address; these are never requested`,
      );
    }
    const denied = refuseHost(host);
    if (denied !== undefined) return denied;
    if (reachable.some((one) => deny.networks.some((network) => inNetwork(one, network)))) {
      return fault(webhookCodes.addressDenied, `${shown} is on the deny list`);
    }
    const allowed = (one: (typeof reachable)[number]): boolean =>
      allow.networks.some((network) => inNetwork(one, network));
    if (options.allowLoopback === false && reachable.some((one) => isLoopback(one) && !allowed(one))) {
      return fault(webhookCodes.addressPrivate, `${shown} is a loopback address, where only the worker itself is`);
    }
    if (options.allowPrivate === true || namesHost(allow, host)) return undefined;
    const open = (one: (typeof reachable)[number]): boolean => classify(one) === 'public' || allowed(one);
    if (reachable.every(open)) return undefined;
    return fault(
      webhookCodes.addressPrivate,
      `${shown} is a loopback, private or reserved address; ask the platform team to allow it`,
    );
  };

  return { refuseHost, refuseAddress };
}
