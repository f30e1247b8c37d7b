import type { ModuleSchema } from '../schema.ts';

export const recordCaller: ModuleSchema = {
  module: 'record_caller',
  summary: 'Records the caller until a key, silence or the limit.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    format: {
      type: 'string',
      description: 'Kind of file; mp3 when absent.',
      enum: ['mp3', 'wav'],
    },
    method: {
      type: 'string',
      description: 'How the file is uploaded.',
      enum: ['put', 'post'],
      default: 'put',
    },
    time_limit: {
      type: 'integer',
      description: 'Longest recording in seconds.',
      minimum: 5,
      maximum: 10800,
      default: 3600,
    },
    url: {
      type: 'string',
      description: 'Where the file is uploaded. The file name is appended.',
      format: 'url',
    },
  },
};
