import type { ModuleSchema } from '../schema.ts';
import { resources } from './resources.ts';

/** The older form of `resources`. */
export const offnet: ModuleSchema = {
  ...resources,
  module: 'offnet',
  differences: ['Kazoo takes the carriers of the system; there are none here, and those of the account are taken.'],
  summary: 'Calls out through the carriers of the system. An older form of `resources`.',
  fields: {
    ...resources.fields,
    use_local_resources: {
      type: 'boolean',
      description: 'Ignored.',
      default: true,
    },
  },
};
