import { numberOf, splitArguments } from '../arguments.ts';
import type { Application } from '../execution.ts';
import { startRecording, stopRecording } from '../recording.ts';

/** `record_session FILE [+LIMIT-SECONDS]`: goes on beside other applications until stopped or the channel ends. */
export const recordSession: Application = {
  name: 'record_session',
  async run({ channel, args, turn }) {
    const [path, limit] = splitArguments(args);
    if (path !== undefined) await startRecording(channel, path, numberOf(limit?.replace('+', ''), 0));
    await turn();
  },
};

export const stopRecordSession: Application = {
  name: 'stop_record_session',
  async run({ channel, args, turn }) {
    await stopRecording(channel, args.trim());
    await turn();
  },
};
