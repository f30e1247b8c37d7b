import type { ModuleSchema } from '../schema.ts';

export const faxDetect: ModuleSchema = {
  module: 'fax_detect',
  summary: 'Waits for a fax tone and branches.',
  answers: 'depends',
  children: {
    kind: 'named',
    keys: ['ON_FAX', 'ON_VOICE'],
  },
  fields: {
    duration: {
      type: 'integer',
      description: 'Seconds to listen; 5 when absent.',
      minimum: 1,
    },
  },
};
