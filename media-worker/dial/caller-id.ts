import { isE164 } from '../../crds/numbers.ts';
import type { CompiledTrunk } from '../../crds/routing-table.ts';
import type { Call } from '../call/call.ts';
import { quotedText } from '../sip/header-text.ts';
import type { SipHeaders } from '../sip/srf.ts';
import { allowingPrefix, toE164, written } from './numbers.ts';

/** Who a called telephone is told that it is. */
export interface CallerId {
  /** Number, extension or user; empty: withheld. */
  readonly number: string;
  readonly name: string;
  /** Not to be shown to the called side (RFC 3323). */
  readonly hide?: { readonly number: boolean; readonly name: boolean };
}

const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';
/** drachtio-server puts its own address in its place. */
const OWN_HOST = 'localhost';

/** `callerId` of a document: a number, an extension, or a SIP URI, of which the user counts. */
export function readCallerId(text: string): string {
  const user = /^sips?:([^@;]+)@/i.exec(text)?.[1] ?? text;
  const compact = user.replace(/[\s().-]/g, '');
  return /^\+?[0-9*#]+$/.test(compact) ? compact : user.trim();
}

/**
 * The headers of an INVITE that say who calls. `carrier`: the domain of a carrier, which is told a hidden number too, so that it can account for
 * the call (RFC 3325 section 9.1); nobody else is.
 */
export function callerHeaders({ number, name, hide }: CallerId, carrier?: string): SipHeaders {
  const host = carrier ?? OWN_HOST;
  const user = encodeUser(number);
  if (number === '' || hide?.number === true) {
    const told = number === '' || carrier === undefined ? {} : { 'P-Asserted-Identity': `<sip:${user}@${host}>` };
    return { From: ANONYMOUS, Contact: `<sip:${OWN_HOST}>`, Privacy: 'id', ...told };
  }
  const shown = name === '' || hide?.name === true ? '' : `${quotedText(name)} `;
  return { From: `${shown}<sip:${user}@${host}>`, Contact: `<sip:${user}@${OWN_HOST}>` };
}

function encodeUser(user: string): string {
  return user
    .slice(0, 128)
    .toWellFormed()
    .replace(/[^A-Za-z0-9_.!~*'()&=$,;?/+-]/g, (character) => encodeURIComponent(character));
}

/** The caller id as a trunk lets it be shown, and whether that is another than was asked for. */
export function callerIdOn(
  trunk: Pick<CompiledTrunk, 'callerId' | 'callerFormat' | 'countryCode'>,
  wanted: CallerId,
): { readonly callerId: CallerId; readonly replaced: boolean } {
  const { callerId: rules, callerFormat, countryCode } = trunk;
  const whole = toE164(wanted.number, countryCode);
  const format = (number: string): string => written(number, callerFormat, countryCode);
  // Withheld by the caller: nothing else is put in its place.
  if (wanted.number === '') return { callerId: wanted, replaced: false };
  if (isE164(whole) && allowingPrefix(whole, rules?.allowedPrefixes) !== undefined) {
    return { callerId: { ...wanted, number: format(whole) }, replaced: false };
  }
  if (rules?.default !== undefined) {
    return { callerId: { ...wanted, number: format(rules.default), name: '' }, replaced: true };
  }
  // An extension where the trunk says nothing of what may be shown: the carrier decides.
  if (rules?.allowedPrefixes === undefined) return { callerId: { ...wanted, number: format(whole) }, replaced: false };
  return { callerId: { number: '', name: '' }, replaced: true };
}

/** Who a call's legs are told that it is: its own caller, with what actions have changed. */
export function callerIdOf(call: Call): CallerId {
  const { callerIdNumber, callerIdName } = call.facts();
  const { chosen, prefix, rewrite, hide } = call.memory.callerId;
  return {
    number: rewrite.number ?? `${prefix.number}${chosen.number ?? callerIdNumber}`,
    name: rewrite.name ?? `${prefix.name}${chosen.name ?? callerIdName}`,
    ...(hide.number || hide.name ? { hide } : {}),
  };
}
