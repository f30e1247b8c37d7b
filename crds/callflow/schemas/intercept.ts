import type { ModuleSchema } from '../schema.ts';
import { APPROVED, nameField } from '../shared-fields.ts';

export const intercept: ModuleSchema = {
  module: 'intercept',
  summary: 'Takes over a ringing or answered call.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    device_id: nameField('Device whose call is taken.', 'PivotDevice'),
    user_id: nameField('User whose call is taken.', 'PivotUser'),
    group_id: nameField('Group of the target; its members may take the call.'),
    ...APPROVED,
  },
};
