import { dialCodes } from '../../../crds/errors/dial.ts';
import { twimlCodes } from '../../../crds/errors/twiml.ts';
import { readTargetUri } from '../../sip/target-uri.ts';
import { type AttributesOf, type AttributeTable, readAttributes } from '../attributes.ts';
import type { Position } from '../markup.ts';
import { METHOD, nextExchange } from '../next.ts';
import { quoted, type Report } from '../report.ts';
import {
  CONTINUE,
  type NounDefinition,
  skipChild,
  skipNested,
  skipText,
  type VerbDefinition,
  verbOf,
} from '../verb.ts';
import { childElements, directText, type XmlElement } from '../xml.ts';

/** How long the far end has to say what became of it. */
const LIMIT_S = 60;

const REFER_ATTRIBUTES = {
  action: {
    kind: 'url',
    default: undefined,
    description:
      'Where to ask when the result is known, with `ReferCallStatus` (`completed`: the other call was answered; `failed`; `no-answer`: nothing was heard in time; `canceled`: the caller hung up before), `ReferSipResponseCode` (of the REFER) and `NotifySipResponseCode` (of the other call). When the caller has hung up it is told all the same, once, and its answer is not used. Default: none; the next verb runs.',
  },
  method: METHOD,
} as const satisfies AttributeTable;

const SIP_NOUN: NounDefinition = {
  name: 'Sip',
  summary: 'The SIP address that the caller’s side is to call. `?X-NAME=VALUE` gives its INVITE headers.',
  attributes: {},
};

export interface ReferVerb extends Position, AttributesOf<typeof REFER_ATTRIBUTES> {
  readonly verb: 'Refer';
  /** As `Refer-To` has it. */
  readonly uri: string;
}

function parse(element: XmlElement, report: Report): ReferVerb | undefined {
  const attributes = readAttributes(element, REFER_ATTRIBUTES, report);
  skipText(element, report);
  let uri: string | undefined;
  let named = false;
  for (const child of childElements(element)) {
    if (child.name !== 'Sip') skipChild(child, element, report, ['Sip']);
    else if (named) report.warn(twimlCodes.nestedSkipped, '<Refer> has one <Sip>; this one was skipped.', child);
    else {
      named = true;
      uri = readSip(child, report);
    }
  }
  if (!named) report.warn(twimlCodes.nothingToDo, '<Refer> names nobody in <Sip>; it was skipped.', element);
  return uri === undefined ? undefined : { ...verbOf('Refer', element), ...attributes, uri };
}

function readSip(element: XmlElement, report: Report): string | undefined {
  readAttributes(element, SIP_NOUN.attributes, report);
  skipNested(element, report);
  const text = directText(element);
  const target = readTargetUri(text);
  if (target === undefined) {
    report.warn(dialCodes.badAddress, `${quoted(text)} is no SIP address; <Refer> was skipped.`, element);
    return undefined;
  }
  const headers = Object.entries(target.headers).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return headers.length === 0 ? target.uri : `${target.uri}?${headers.join('&')}`;
}

export const refer: VerbDefinition<ReferVerb> = {
  name: 'Refer',
  summary: `Hands the caller over: tells its side by SIP REFER to call another address itself (answers the call first), and waits up to ${LIMIT_S} s for the result. The call stays up until the caller’s side, or the document, hangs up.`,
  content: 'One `<Sip>`.',
  example: '<Refer action="/referred"><Sip>sip:agent@pbx.example.com</Sip></Refer>',
  attributes: REFER_ATTRIBUTES,
  nouns: [SIP_NOUN],
  differences: [
    'A refused transfer is a warning, and the document goes on.',
    'Twilio has to be asked to enable it. Kazoo does not have it.',
  ],
  parse,
  async execute(verb, context) {
    const { call, span } = context;
    const referred = await call.refer(verb.uri, LIMIT_S * 1000);
    const { status, referStatus, notifyStatus } = referred;
    span.set({
      'pivot.refer.status': status,
      ...(referStatus === undefined ? {} : { 'pivot.refer.sip_status': referStatus }),
      ...(notifyStatus === undefined ? {} : { 'pivot.refer.notify_status': notifyStatus }),
    });
    if (referred.fault !== undefined) span.warn(referred.fault);
    if (verb.action === undefined) return CONTINUE;
    return nextExchange(context, verb.action, verb.method, {
      ReferCallStatus: status,
      ...(referStatus === undefined ? {} : { ReferSipResponseCode: String(referStatus) }),
      ...(notifyStatus === undefined ? {} : { NotifySipResponseCode: String(notifyStatus) }),
    });
  },
};
