import type { ModuleSchema } from '../schema.ts';
import { APPROVED, nameField } from '../shared-fields.ts';

export const eavesdropFeature: ModuleSchema = {
  module: 'eavesdrop_feature',
  summary: 'Lets an approved person listen to a call of the captured extension.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    group_id: nameField('Group that the extension must belong to.'),
    ...APPROVED,
  },
};
