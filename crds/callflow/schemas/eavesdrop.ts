import type { ModuleSchema } from '../schema.ts';
import { APPROVED, nameField } from '../shared-fields.ts';

export const eavesdrop: ModuleSchema = {
  module: 'eavesdrop',
  summary: 'Lets an approved person listen to a call.',
  answers: 'yes',
  children: {
    kind: 'none',
  },
  fields: {
    device_id: nameField('Device whose call is listened to.', 'PivotDevice'),
    user_id: nameField('User whose call is listened to.', 'PivotUser'),
    ...APPROVED,
  },
};
