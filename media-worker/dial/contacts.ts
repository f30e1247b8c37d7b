import type { ResourceKey } from '../../crds/routing-table.ts';

/** One address at which a telephone has registered. */
export interface Contact {
  /** Request-URI: what it gave as Contact. */
  readonly uri: string;
  /**
   * Where requests for it are sent, `sip:HOST:PORT;transport=tcp`: the address that its REGISTER came from, which may be another than the URI
   * says (NAT). It has been authenticated there, so the address policy is not asked; without it, the URI's host is looked up and judged.
   */
  readonly route?: string;
  /** Further headers of the INVITE. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Knows where telephones are. */
export interface Contacts {
  /** Present registrations of a PivotDevice, at most its `maxContacts`; empty when there are none. Never rejects. */
  contactsOf(device: ResourceKey): Promise<readonly Contact[]>;
}
