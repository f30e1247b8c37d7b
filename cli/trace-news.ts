import { traceCodes } from '../crds/errors/traces.ts';
import type { Logger } from '../runtime/log.ts';
import type { TelemetryNews } from '../runtime/telemetry.ts';

/** One line when the receiver of traces goes, one when it is back. */
export function traceNews(log: Logger): TelemetryNews {
  return {
    gone: (reason) => log.warn({ code: traceCodes.receiverGone.code }, `traces cannot be sent: ${reason}`),
    back: (lost) => log.info({ spans_lost: lost }, 'traces are sent again'),
    unknown: (setting) =>
      log.warn({ code: traceCodes.unknownSetting.code }, `${setting} is not understood; its default stands`),
  };
}
