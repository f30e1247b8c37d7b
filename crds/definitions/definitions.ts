import type { Definition } from './definition.ts';
import { pivotCallflow } from './pivot-callflow.ts';
import { pivotDevice } from './pivot-device.ts';
import { pivotFleet } from './pivot-fleet.ts';
import { pivotMedia } from './pivot-media.ts';
import { pivotTrunk } from './pivot-trunk.ts';
import { pivotUser } from './pivot-user.ts';

/** All kinds of the API group, in the order of the documentation. */
export const definitions = [
  pivotCallflow,
  pivotMedia,
  pivotTrunk,
  pivotUser,
  pivotDevice,
  pivotFleet,
] as const satisfies readonly Definition[];
