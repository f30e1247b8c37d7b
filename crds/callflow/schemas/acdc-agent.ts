import type { ModuleSchema } from '../schema.ts';

export const acdcAgent: ModuleSchema = {
  module: 'acdc_agent',
  summary: 'Logs the calling agent in or out of the call centre, or pauses them.',
  answers: 'yes',
  children: {
    kind: 'default',
  },
  fields: {
    action: {
      type: 'string',
      description: 'What to do.',
      enum: ['login', 'logout', 'paused', 'resume'],
    },
    presence_id: {
      type: 'string',
      description: 'Lamp (BLF) to switch.',
    },
    presence_state: {
      type: 'string',
      description: 'State the lamp shows.',
      enum: ['early', 'confirmed', 'terminated', 'red_flash', 'red_solid', 'green'],
    },
    timeout: {
      type: 'integer',
      description: 'Seconds of pause; 600 when absent.',
      minimum: 0,
    },
  },
};
