import type { ModuleSchema } from '../schema.ts';
import { RECORDING } from '../shared-fields.ts';

export const recordCall: ModuleSchema = {
  module: 'record_call',
  summary: 'Starts or stops recording the conversation in the background.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do.',
      enum: ['start', 'stop'],
      default: 'start',
    },
    ...RECORDING,
    record_on_answer: {
      type: 'boolean',
      description: 'Starts when the call is answered.',
      default: false,
    },
    record_on_bridge: {
      type: 'boolean',
      description: 'Starts when the caller is connected to somebody.',
      default: false,
    },
    record_min_sec: {
      type: 'integer',
      description: 'Shorter recordings are dropped (seconds).',
      minimum: 0,
    },
    record_sample_rate: {
      type: 'integer',
      description: 'Samples per second.',
      minimum: 1,
    },
    label: {
      type: 'string',
      description: 'Label of the recording; the name of the callflow when absent.',
    },
    media_name: {
      type: 'string',
      description: 'Name of the file.',
    },
    origin: {
      type: 'string',
      description: 'Where the recording came from; computed when absent.',
    },
    should_follow_transfer: {
      type: 'boolean',
      description: 'Goes on after a transfer.',
      default: true,
    },
  },
  required: ['action'],
};
