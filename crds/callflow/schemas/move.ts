import type { ModuleSchema } from '../schema.ts';

export const move: ModuleSchema = {
  module: 'move',
  summary: "Takes over the caller's own other call.",
  answers: 'no',
  children: {
    kind: 'none',
  },
  fields: {},
};
