import type { ModuleSchema } from '../schema.ts';

export const webhook: ModuleSchema = {
  module: 'webhook',
  summary: 'Tells a web server about the call, without waiting for it.',
  answers: 'no',
  children: {
    kind: 'default',
  },
  fields: {
    uri: {
      type: 'string',
      description: 'URL to call.',
      format: 'url',
      maxLength: 8192,
    },
    http_verb: {
      type: 'string',
      description: 'HTTP method; POST when absent.',
      enum: ['post', 'get'],
    },
    retries: {
      type: 'integer',
      description: 'Further attempts when the server cannot be reached.',
      minimum: 0,
      maximum: 100,
    },
    custom_data: {
      type: 'object',
      description: 'Fields that are sent beside the facts of the call.',
    },
  },
};
