import type { Json } from '../../crds/callflow/node.ts';
import { type Fault, fault } from '../../crds/errors/fault.ts';
import { webhookCodes } from '../../crds/errors/webhook.ts';
import type { CallFacts } from '../call/facts.ts';
import type { WebhookFormat } from './settings.ts';

/** Parameters of one request by name, in the order sent. */
export type Parameters = ReadonlyMap<string, Json>;

/** `Api-Version` of the `kazoo` format (spec pivot-behaviour 8.1 R2). */
const KAZOO_API_VERSION = '4.x';
/** `ApiVersion` of the `twiml` format, Twilio's. */
const TWIML_API_VERSION = '2010-04-01';

/** Names that `<Set>` cannot override, in either format and whether the request has them or not (spec pivot-behaviour 3.3 to 3.5). */
export const BUILT_IN_NAMES: ReadonlySet<string> = new Set([
  'Account-ID',
  'AccountSid',
  'Api-Version',
  'ApiVersion',
  'Call-ID',
  'CallSid',
  'Call-Status',
  'CallStatus',
  'Caller-ID-Name',
  'Caller-ID-Number',
  'CallerName',
  'CallerNumber',
  'Custom-Application-Vars',
  'Custom-SIP-Headers',
  'DialCallDuration',
  'DialCallSid',
  'DialCallStatus',
  'Digits',
  'Direction',
  'ErrorCode',
  'ErrorTraceId',
  'ErrorUrl',
  'Forwarded-From',
  'ForwardedFrom',
  'From',
  'From-Realm',
  'FromRealm',
  'Language',
  'ParentCallSid',
  'QueueSid',
  'Recording-Duration',
  'Recording-ID',
  'Recording-Url',
  'RecordingDuration',
  'RecordingSid',
  'RecordingUrl',
  'Request',
  'Request-Realm',
  'To',
  'To-Realm',
  'ToRealm',
  'User-ID',
  'bodySHA256',
]);

/**
 * The parameters of one request. What is absent is left out; `Digits` is what the verb that asked collected, else the collections.
 * Precedence where names collide: built-in, then the verb's, then `<Set>` variables, each collision of the last with a warning.
 */
export function buildParameters(
  facts: CallFacts,
  format: WebhookFormat,
  verbParameters: Readonly<Record<string, string>> = {},
): { readonly parameters: Parameters; readonly warnings: readonly Fault[] } {
  const base = format === 'kazoo' ? kazooParameters(facts) : twimlParameters(facts);
  const parameters = new Map<string, Json>();
  for (const [name, value] of base) if (value !== undefined) parameters.set(name, value);
  for (const [name, value] of verbEntries(verbParameters)) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  const digits = digitsOf(facts, format, verbParameters);
  if (digits !== undefined) parameters.set('Digits', digits);

  const warnings: Fault[] = [];
  for (const [name, value] of Object.entries(facts.variables)) {
    const bracket = name.indexOf('[');
    const stem = bracket === -1 ? name : name.slice(0, bracket);
    if (!BUILT_IN_NAMES.has(stem) && !parameters.has(name)) parameters.set(name, value);
    else
      warnings.push(
        fault(
          webhookCodes.variableReserved,
          `the variable "${name.slice(0, 64)}" has the name of a built-in parameter`,
        ),
      );
  }
  return { parameters, warnings };
}

type Entry = readonly [name: string, value: Json | undefined];

/** A verb's parameters without those it has nothing to say for (spec pivot-behaviour 8.1 R10). */
function verbEntries(verb: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(verb).filter(([name, value]) => name !== 'Digits' && value !== '');
}

/** Spec pivot-behaviour 3.3 and, after it, the Twilio-style names of 3.5 that both formats have. */
function kazooParameters(facts: CallFacts): Entry[] {
  const { recording, userIds } = facts;
  return [
    ['Account-ID', facts.account],
    ['Api-Version', KAZOO_API_VERSION],
    ['Call-ID', facts.callId],
    ['Call-Status', facts.status],
    ['Caller-ID-Name', facts.callerIdName || 'unknown'],
    ['Caller-ID-Number', facts.callerIdNumber || 'anonymous'],
    ['Custom-Application-Vars', facts.customApplicationVars],
    ['Custom-SIP-Headers', facts.customSipHeaders],
    ['Direction', facts.direction],
    ['Forwarded-From', facts.forwardedFrom],
    ['From', facts.from.user],
    ['From-Realm', facts.from.host],
    ['Language', facts.language],
    ['Recording-Duration', recording?.durationSeconds],
    ['Recording-ID', recording?.sid],
    ['Recording-Url', recording?.url],
    ['Request', facts.request.user],
    ['Request-Realm', facts.request.host],
    ['To', facts.to.user],
    ['To-Realm', facts.to.host],
    // A string for one owner, a list for several (8.1 R24).
    ['User-ID', userIds.length <= 1 ? userIds[0] : userIds],
    ['CallStatus', facts.status],
    ['ParentCallSid', facts.parentCallId],
    ...recordingExtras(facts),
  ];
}

/** Spec pivot-behaviour 3.4; the variables of `set_variables` are ours (6.6 TARGET). */
function twimlParameters(facts: CallFacts): Entry[] {
  const hasVars = Object.keys(facts.customApplicationVars).length > 0;
  return [
    ['CallSid', facts.callId],
    ['AccountSid', facts.account],
    ['From', facts.from.user],
    ['FromRealm', facts.from.host],
    ['To', facts.to.user],
    ['ToRealm', facts.to.host],
    ['CallStatus', facts.status],
    ['ApiVersion', TWIML_API_VERSION],
    ['Direction', directionOf(facts)],
    ['ParentCallSid', facts.parentCallId],
    ['CallerName', facts.callerIdName || 'unknown'],
    ['CallerNumber', facts.callerIdNumber || 'anonymous'],
    ['ForwardedFrom', facts.forwardedFrom],
    ['Custom-Application-Vars', hasVars ? facts.customApplicationVars : undefined],
    ...recordingExtras(facts),
  ];
}

/** Twilio's words. */
function directionOf({ direction, parentCallId }: CallFacts): string {
  if (direction === 'inbound') return direction;
  return parentCallId === undefined ? 'outbound-api' : 'outbound-dial';
}

function recordingExtras({ recording }: CallFacts): Entry[] {
  return [
    ['RecordingUrl', recording?.url],
    ['RecordingDuration', recording === undefined ? undefined : String(recording.durationSeconds)],
    ['RecordingSid', recording?.sid],
  ];
}

/**
 * Spec pivot-behaviour 3.6 TARGET. A verb that collects (it names `Digits`, be it empty) reports its own digits only, so that an old
 * collection never passes for what was pressed just now.
 */
function digitsOf(facts: CallFacts, format: WebhookFormat, verb: Readonly<Record<string, string>>): Json | undefined {
  const own = verb['Digits'];
  if (own !== undefined) return own === '' ? undefined : own;
  const entries = Object.entries(facts.collections).filter(([, digits]) => digits !== '');
  if (entries.length === 0) return undefined;
  const [only] = entries;
  if (format === 'twiml' && entries.length === 1 && only?.[0] === 'default') return only[1];
  return Object.fromEntries(entries);
}

/** A copy in which nothing tells the digits: what is recorded of an action marked `sensitive`. */
export function maskDigits(parameters: Parameters): Parameters {
  const masked = new Map(parameters);
  const digits = parameters.get('Digits');
  if (digits === undefined) return masked;
  if (typeof digits === 'object' && digits !== null && !Array.isArray(digits)) {
    masked.set('Digits', Object.fromEntries(Object.keys(digits).map((name) => [name, '***'])));
  } else masked.set('Digits', '***');
  return masked;
}
