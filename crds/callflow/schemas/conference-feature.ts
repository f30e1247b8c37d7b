import type { ModuleSchema } from '../schema.ts';
import { conference } from './conference.ts';

/** `conference`, chosen by what the dialled number captured. */
export const conferenceFeature: ModuleSchema = {
  ...conference,
  module: 'conference_feature',
  summary: 'Sends the caller to the conference whose name the dialled number captured.',
  fields: {
    ...conference.fields,
    id: {
      type: 'string',
      description: 'Ignored: the captured text is the name.',
      minLength: 1,
      maxLength: 253,
    },
  },
};
