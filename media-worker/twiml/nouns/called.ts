import { dialCodes } from '../../../crds/errors/dial.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { dialledDigits } from '../../dial/numbers.ts';
import type { DialTarget } from '../../dial/planner.ts';
import { readTargetUri } from '../../sip/target-uri.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD } from '../next.ts';
import { quoted, type Report } from '../report.ts';
import { type NounDefinition, skipNested } from '../verb.ts';
import { directText, type XmlElement } from '../xml.ts';

const MACHINES = 'Detection of answering machines.';

const CALLED_ATTRIBUTES = {
  sendDigits: {
    kind: 'dial string',
    default: undefined,
    description: 'Sent when the called side answers, before anything else; `w` waits half a second, `W` one.',
    differs: 'Kazoo drops it.',
  },
  url: {
    kind: 'url',
    default: undefined,
    description:
      'A document for the called side, run when it answers and before both are connected, asked with `CallSid` of that leg and `ParentCallSid`: `<Say>`, `<Play>`, `<Pause>`, `<Gather>`, `<Redirect>`, `<Set>`. At its end both are connected; `<Hangup>` (or hanging up) declines the call. Of several who ring, the first whose document ends has the call.',
    differs:
      'Kazoo drops it. With Twilio the first who answers has the call, and is the only one to hear the document.',
  },
  method: METHOD,
  statusCallback: {
    kind: 'url',
    default: undefined,
    description:
      'Told of the leg, with `CallSid`, `ParentCallSid`, `AccountSid`, `From`, `To`, `CallStatus`, `SequenceNumber`, `Timestamp`, at its end `CallDuration`, and `SipResponseCode` where it was refused.',
    differs: 'Kazoo does not have it.',
  },
  statusCallbackMethod: METHOD,
  statusCallbackEvent: {
    kind: 'words',
    values: ['initiated', 'ringing', 'answered', 'completed'],
    default: ['completed'],
    description: 'Of what it is told.',
  },
} as const satisfies AttributeTable;

const NUMBER_ATTRIBUTES = {
  ...CALLED_ATTRIBUTES,
  byoc: { kind: 'not yet', description: 'Twilio’s own; the PivotTrunks of the namespace are taken.' },
  machineDetection: { kind: 'not yet', description: MACHINES },
  machineDetectionTimeout: { kind: 'not yet', description: MACHINES },
  machineDetectionSpeechThreshold: { kind: 'not yet', description: MACHINES },
  machineDetectionSpeechEndThreshold: { kind: 'not yet', description: MACHINES },
  machineDetectionSilenceTimeout: { kind: 'not yet', description: MACHINES },
  amdStatusCallback: { kind: 'not yet', description: MACHINES },
  amdStatusCallbackMethod: { kind: 'not yet', description: MACHINES },
} as const satisfies AttributeTable;

const SIP_ATTRIBUTES = {
  ...NUMBER_ATTRIBUTES,
  username: {
    kind: 'text',
    default: undefined,
    description: 'User name for digest authentication, where the far end asks for it.',
    differs: 'Kazoo does not have it.',
  },
  password: {
    kind: 'text',
    default: undefined,
    description: 'Its password.',
    differs: 'Kazoo does not have it.',
  },
} as const satisfies AttributeTable;

/** Something to be called. */
export interface CalledNoun extends Position, AttributesOf<typeof CALLED_ATTRIBUTES> {
  readonly target: DialTarget;
}

export const numberNoun: NounDefinition = {
  name: 'Number',
  summary:
    'A telephone number, however it is written: everything but digits and `+` is removed. It is called through a PivotTrunk of the namespace that may call it; without one it fails ([PV-2501](errors.md), [PV-2502](errors.md)).',
  attributes: NUMBER_ATTRIBUTES,
};

export const sipNoun: NounDefinition = {
  name: 'Sip',
  summary:
    'A SIP address, `sip:USER@HOST:PORT;transport=tcp`; `sip:` may be left out. `?X-NAME=VALUE&…` gives the INVITE headers (`X-…`, `User-to-User`). The host obeys the address policy of all outgoing requests.',
  attributes: SIP_ATTRIBUTES,
};

export const userNoun: NounDefinition = {
  name: 'User',
  summary:
    'The name of a PivotUser: its devices ring as its `ringStrategy` says; do-not-disturb and `forward` count. One that does not exist is skipped with a warning. Kazoo’s own.',
  attributes: CALLED_ATTRIBUTES,
};

export const deviceNoun: NounDefinition = {
  name: 'Device',
  summary:
    'The name of a PivotDevice: where it has registered, else at its fixed `uri`. One that does not exist is skipped with a warning. Kazoo’s own.',
  attributes: CALLED_ATTRIBUTES,
};

export const CALLED_NOUNS: readonly NounDefinition[] = [numberNoun, sipNoun, userNoun, deviceNoun];

const NAMES = ['Number', 'Sip', 'User', 'Device'] as const;
type Name = (typeof NAMES)[number];

export function isCalledNoun(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name);
}

/** Undefined, after a warning, when there is nobody to call. */
export function parseCalled(element: XmlElement, name: Name, report: Report): CalledNoun | undefined {
  const sip = name === 'Sip' ? readAttributes(element, SIP_ATTRIBUTES, report) : undefined;
  const number = name === 'Number' ? readAttributes(element, NUMBER_ATTRIBUTES, report) : undefined;
  const read = sip ?? number ?? readAttributes(element, CALLED_ATTRIBUTES, report);
  skipNested(element, report);
  const text = directText(element);
  if (text === '') {
    report.warn(twimlCodes.nothingToDo, `<${name}> names nobody; it was skipped.`, element);
    return undefined;
  }
  const { sendDigits, url, method, statusCallback, statusCallbackMethod, statusCallbackEvent } = read;
  const target = targetOf(name, text, sip ?? {}, element, report);
  if (target === undefined) return undefined;
  return {
    line: element.line,
    column: element.column,
    target,
    sendDigits,
    url,
    method,
    statusCallback,
    statusCallbackMethod,
    statusCallbackEvent,
  };
}

function targetOf(
  name: Name,
  text: string,
  { username, password }: { readonly username?: string | undefined; readonly password?: string | undefined },
  element: XmlElement,
  report: Report,
): DialTarget | undefined {
  switch (name) {
    case 'Number':
      if (dialledDigits(text) !== undefined) return { kind: 'number', number: text };
      report.warn(dialCodes.badNumber, `${quoted(text)} is no telephone number; it was skipped.`, element);
      return undefined;
    case 'Sip':
      if (readTargetUri(text) !== undefined) {
        const auth = username === undefined ? {} : { auth: { username, password: password ?? '' } };
        return { kind: 'sip', address: text, ...auth };
      }
      report.warn(dialCodes.badAddress, `${quoted(text)} is no SIP address; it was skipped.`, element);
      return undefined;
    case 'User':
      return { kind: 'user', name: text };
    case 'Device':
      return { kind: 'device', name: text };
  }
}

/** What the text of `<Dial>` itself calls. */
export function calledNumber(number: string, { line, column }: Position): CalledNoun {
  return {
    line,
    column,
    target: { kind: 'number', number },
    sendDigits: undefined,
    url: undefined,
    method: undefined,
    statusCallback: undefined,
    statusCallbackMethod: undefined,
    statusCallbackEvent: [],
  };
}
