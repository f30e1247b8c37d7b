import type { JsonObject } from '../../../crds/callflow/node.ts';
import type { RecordingAbout, RecordingSource } from '../../recordings/entry.ts';
import { flag, integer, text } from '../data.ts';
import { type CallflowModule, CONTINUE, type ModuleContext } from '../module.ts';

const LONGEST_SECONDS = 10_800;

/** What both recording modules tell the store: Kazoo's way of naming uploads, mp3 unless wav is asked for. */
export function recordingAbout(
  { call, span }: ModuleContext,
  data: JsonObject,
  source: RecordingSource,
  channels: 1 | 2,
): RecordingAbout {
  const { account, callId, callflow, from, to, callerIdName, callerIdNumber } = call.facts();
  const url = text(data, 'url');
  const minSeconds = integer(data, 'record_min_sec');
  return {
    account,
    callId,
    callflow,
    source,
    channels,
    format: text(data, 'format') === 'wav' ? 'wav' : 'mp3',
    trim: false,
    traceparent: span.traceparent,
    ...(minSeconds === undefined ? {} : { minSeconds }),
    ...(url === undefined
      ? {}
      : {
          upload: {
            url,
            method: text(data, 'method') === 'post' ? 'POST' : 'PUT',
            naming: {
              kind: 'kazoo',
              pairs: [
                ['from', from.user ?? ''],
                ['to', to.user ?? ''],
                ['caller_id_name', callerIdName],
                ['caller_id_number', callerIdNumber],
                ['call_id', callId],
                ['cdr_id', callId],
                ['interaction_id', callId],
                ['account_id', account],
              ],
            },
          },
        }),
  };
}

/**
 * Starts or stops a recording of both directions beside the call, on two channels (the caller left), and goes on at once. Recordings are a
 * stack: `stop` ends the latest. Kazoo records mixed on one channel, and drops the file where it knows no place for it; ours are kept.
 */
export const recordCall: CallflowModule = {
  name: 'record_call',
  describe: (data) => ({ 'pivot.recording.action': text(data, 'action') ?? 'start' }),
  async run(context, data) {
    const { services, span } = context;
    const name = text(data, 'media_name');
    if (text(data, 'action') === 'stop') {
      const finished = await services.beside.stop(name);
      if (finished?.kind === 'recorded') span.set({ 'pivot.recording.sid': finished.sid });
      return CONTINUE;
    }
    const bridge = flag(data, 'record_on_bridge') === true && flag(data, 'record_on_answer') !== true;
    services.beside.start(
      {
        about: recordingAbout(context, data, 'RecordCall', 2),
        ...(name === undefined ? {} : { name }),
        maxSeconds: Math.min(integer(data, 'time_limit') ?? LONGEST_SECONDS, LONGEST_SECONDS),
        from: bridge ? 'bridge' : 'answer',
      },
      (fault) => context.call.span.warn(fault),
    );
    return CONTINUE;
  },
};
