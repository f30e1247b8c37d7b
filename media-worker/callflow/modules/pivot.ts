import type { Json, JsonObject } from '../../../crds/callflow/node.ts';
import type { Fault } from '../../../crds/errors/fault.ts';
import { redactUrl } from '../../outgoing/url.ts';
import type { NextExchange } from '../../twiml/outcome.ts';
import { runDocument } from '../../twiml/run.ts';
import type { ExchangeOutcome } from '../../webhook/exchange.ts';
import { type PivotSettings, readPivotSettings } from '../../webhook/settings.ts';
import { isObject } from '../data.ts';
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
    const read = readPivotSettings(data, services.secrets);
    if (!read.ok) return failBack(context, read.fault);
    for (const warning of read.warnings) span.warn(warning);
    const { settings } = read;
    services.pivot.begin(settings);

    let next: NextExchange = { url: settings.voiceUrl, method: settings.method, parameters: {} };
    for (;;) {
      const outcome = await services.pivot.exchange({ settings, ...next, sensitive: isSensitive(data) }, span);
      if (!outcome.ok) return failBack(context, outcome.fault);
      if (outcome.body.format === 'callflow') return { kind: 'replace', flow: outcome.body.flow };
      const asked = await runTwiml(context, settings, data, outcome, outcome.body.document);
      if (asked === undefined) return { kind: 'hardStop' };
      next = asked;
    }
  },
};

type TwimlBody = Extract<Extract<ExchangeOutcome, { ok: true }>['body'], { format: 'twiml' }>;

/** Runs a document; undefined when it has ended (the call is then hung up). */
async function runTwiml(
  { call, span }: ModuleContext,
  settings: PivotSettings,
  data: JsonObject,
  outcome: Extract<ExchangeOutcome, { ok: true }>,
  document: TwimlBody['document'],
): Promise<NextExchange | undefined> {
  const ended = await runDocument(document, {
    call,
    span,
    documentUrl: outcome.documentUrl,
    defaultActionMethod: settings.defaultActionMethod,
    rejectCode: settings.rejectCode,
    sensitive: isSensitive(data),
  });
  return ended.kind === 'exchange' ? ended.next : undefined;
}

function failBack({ call, node, span }: ModuleContext, reason: Fault): Outcome {
  const failback = node.children?.['_'] as Json | undefined;
  const hasFailback = isObject(failback) && Object.keys(failback).length > 0;
  span.fail(reason);
  span.set({ 'pivot.failback': hasFailback });
  call.span.set({ 'pivot.error.code': reason.code, 'pivot.error.message': reason.message });
  return hasFailback ? { kind: 'continue', key: '_' } : { kind: 'stop', cause: 'NORMAL_TEMPORARY_FAILURE' };
}

function isSensitive(data: JsonObject): boolean {
  return data['sensitive'] === true;
}
