import type { Json, JsonObject } from '../../../crds/callflow/node.ts';
import { engineCodes } from '../../../crds/errors/engine.ts';
import { type Fault, fault } from '../../../crds/errors/fault.ts';
import { redactUrl } from '../../outgoing/url.ts';
import type { CallSpan } from '../../telemetry/span.ts';
import type { NextExchange } from '../../twiml/outcome.ts';
import type { TwimlDocument } from '../../twiml/parse.ts';
import { runDocument } from '../../twiml/run.ts';
import { dispatchResponse, type ResponseBody } from '../../webhook/dispatch.ts';
import { type PivotSettings, readPivotSettings } from '../../webhook/settings.ts';
import { isObject, object, text } from '../data.ts';
import type { CallflowModule, ModuleContext, Outcome } from '../module.ts';

/**
 * Asks a web server what the call does next, and does it, as often as the answers say. Callflow JSON replaces the running flow; TwiML
 * runs here, verb by verb. An exchange that fails, on any exchange and not only the first, goes on at `_`; without `_` the call ends.
 */
export const pivot: CallflowModule = {
  name: 'pivot',
  describe: (data) => ({
    'pivot.voice_url': typeof data['voice_url'] === 'string' ? redactUrl(data['voice_url']) : '',
  }),
  async run(context, data) {
    const { services, span } = context;
    const given = object(data, 'serverless');
    const read = readPivotSettings(given === undefined ? data : { ...data, voice_url: NOWHERE }, services.secrets);
    if (!read.ok) return failBack(context, read.fault);
    for (const warning of read.warnings) span.warn(warning);
    const settings = services.pivot.begin(read.settings);

    let answer = given === undefined ? await ask(firstOf(settings)) : documentGiven(given, settings, span);
    for (;;) {
      if (!answer.ok) return failBack(context, answer.fault);
      if (answer.body.format === 'callflow') return { kind: 'replace', flow: answer.body.flow };
      const next = await runTwiml(context, settings, data, answer.documentUrl, answer.body.document);
      if (next === undefined) return { kind: 'hardStop' };
      if (context.call.signal.aborted) {
        services.pivot.farewell({ settings, ...next, sensitive: isSensitive(data, context.call) }, span);
        return { kind: 'hardStop' };
      }
      if (next.url.startsWith(NOWHERE)) return failBack(context, fault(engineCodes.badActionData, NO_BASE));
      answer = await ask(next);
    }

    function ask(next: NextExchange): Promise<Answer> {
      return services.pivot.exchange({ settings, ...next, sensitive: isSensitive(data, context.call) }, span);
    }
  },
};

/** What is to be run next, or why there is nothing. */
type Answer =
  | { readonly ok: true; readonly documentUrl: string; readonly body: ResponseBody }
  | { readonly ok: false; readonly fault: Fault };

/** Base of a given document's URLs, which leads nowhere (RFC 6761 section 6.4). */
const NOWHERE = 'https://serverless.invalid/';
const NO_BASE = 'The document given as `serverless` came from no server, so its URLs must be absolute';

function firstOf(settings: PivotSettings): NextExchange {
  return { url: settings.voiceUrl, method: settings.method, parameters: {} };
}

/** Kazoo 5's `serverless`: the answer stands in the action itself and is run as if a web server had given it. */
function documentGiven(given: JsonObject, settings: PivotSettings, span: CallSpan): Answer {
  const document = given['flow_doc'];
  const isText = typeof document === 'string';
  const contentType = isText ? (text(given, 'flow_type') ?? 'application/xml') : 'application/json';
  const body = Buffer.from(isText ? document : JSON.stringify(document ?? null));
  const dispatched = dispatchResponse({ status: 200, contentType, body }, { strict: settings.strict });
  if (!dispatched.ok) return dispatched;
  for (const warning of dispatched.body.warnings) span.warn(warning);
  return { ok: true, documentUrl: NOWHERE, body: dispatched.body };
}

/** Runs a document; undefined when it has ended (the call is then hung up). */
async function runTwiml(
  { call, span, services }: ModuleContext,
  settings: PivotSettings,
  data: JsonObject,
  documentUrl: string,
  document: TwimlDocument,
): Promise<NextExchange | undefined> {
  const ended = await runDocument(document, {
    call,
    span,
    documentUrl,
    defaultActionMethod: settings.defaultActionMethod,
    rejectCode: settings.rejectCode,
    hideDigits: isSensitive(data, call) || !settings.debug,
    recordings: services.recordings,
    rooms: services.rooms,
    queues: services.queues,
    dialler: services.dialler,
    metrics: services.metrics,
    settings,
    async ask(next, as = { call, span }) {
      const request = { settings, ...next, sensitive: isSensitive(data, call) };
      const answer = await services.pivot.exchange(request, as.span, as.call);
      if (!answer.ok) return answer;
      const { documentUrl: from, body } = answer;
      if (body.format === 'twiml') return { ok: true, documentUrl: from, document: body.document };
      return { ok: false, fault: fault(engineCodes.badActionData, 'The answer is Callflow JSON; TwiML was asked for') };
    },
  });
  if (ended.kind === 'stop' && ended.fault !== undefined) call.span.fail(ended.fault);
  return ended.kind === 'exchange' ? ended.next : undefined;
}

function failBack({ node, span }: ModuleContext, reason: Fault): Outcome {
  const failback = node.children?.['_'] as Json | undefined;
  const hasFailback = isObject(failback) && Object.keys(failback).length > 0;
  span.fail(reason, true);
  span.set({ 'pivot.failback': hasFailback });
  return hasFailback ? { kind: 'continue', key: '_' } : { kind: 'stop', cause: 'NORMAL_TEMPORARY_FAILURE' };
}

/** Marked so, or because of what the request sends: digits of a `collect_dtmf` that is. */
function isSensitive(data: JsonObject, { memory }: ModuleContext['call']): boolean {
  return (
    data['sensitive'] === true || [...memory.sensitiveCollections].some((name) => Boolean(memory.collections.get(name)))
  );
}
