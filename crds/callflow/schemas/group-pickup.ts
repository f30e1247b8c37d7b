import type { ModuleSchema } from '../schema.ts';
import { APPROVED, nameField } from '../shared-fields.ts';

export const groupPickup: ModuleSchema = {
  module: 'group_pickup',
  summary: "Takes a call that rings on a colleague's phone.",
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {
    device_id: nameField('Device that rings.', 'PivotDevice'),
    user_id: nameField('User whose device rings.', 'PivotUser'),
    group_id: nameField('Group one of whose devices rings.'),
    ...APPROVED,
  },
};
