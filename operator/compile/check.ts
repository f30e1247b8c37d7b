import { checkCallflow } from './check-callflow.ts';
import { checkDevice, checkTrunk, checkUser } from './check-endpoints.ts';
import { checkMedia } from './check-media.ts';
import type { Check, CheckOptions, CompiledResource } from './types.ts';

/** Checks one resource by itself. */
export function checkResource(resource: CompiledResource, options: CheckOptions): Check {
  switch (resource.kind) {
    case 'PivotCallflow':
      return checkCallflow(resource, options);
    case 'PivotMedia':
      return checkMedia(resource, options);
    case 'PivotTrunk':
      return checkTrunk(resource);
    case 'PivotUser':
      return checkUser(resource);
    case 'PivotDevice':
      return checkDevice(resource);
  }
}
