import { parse } from 'yaml';
import { fault, PivotError } from '../../crds/errors/fault.ts';
import { manifestCodes } from '../../crds/errors/manifest.ts';
import { API_VERSION } from '../../crds/resources.ts';
import { type BackoffLimits, backoff } from '../../runtime/backoff.ts';
import { type Clock, type Random, sleep } from '../../runtime/clock.ts';
import type { KubeApi } from '../kube/api.ts';
import { KubeError } from '../kube/kube-error.ts';
import { parseManifest } from '../sources/manifest.ts';
import { FLEETS } from './types.ts';

/** By which the API server tells what an installation says of the fleet from what people add to it. */
const FIELD_MANAGER = 'pivot-installation';
const RETRY: BackoffLimits = { minMs: 200, maxMs: 2000 };
/** A CRD that has just been made is served a moment later; an API server that is starting refuses what it will allow. Milliseconds. */
const PATIENCE_MS = 60_000;

export interface FleetKeeperOptions {
  readonly api: Pick<KubeApi, 'apply'>;
  /** Hears of failures that are tried again. */
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/** A PivotFleet as somebody wrote it: no defaults, those are the API server's. */
export interface WrittenFleet {
  readonly name: string;
  readonly spec: object;
}

/** The PivotFleet that the text of a manifest declares. Throws what is wrong with it. `file` stands in the error. */
export function readFleet(text: string, file: string): WrittenFleet {
  const { resources, faults } = parseManifest(text, file);
  const error = faults.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw new PivotError(error);
  const [resource] = resources.map((one) => one.resource);
  if (resources.length !== 1 || resource?.kind !== 'PivotFleet') {
    throw new PivotError(fault(manifestCodes.invalidField, 'one PivotFleet is expected, and nothing else', { file }));
  }
  const { spec } = parse(text) as { readonly spec: object };
  return { name: resource.metadata.name, spec };
}

/**
 * Makes or changes the PivotFleet so that it says what the installation says; other fields are left to others. It is done before anything is
 * compiled, so that no callflow ever has a number to which the fleet gives its namespace no right. Waits for an API server that cannot be
 * reached; rejects when it keeps refusing, or with the reason of `signal`.
 */
export async function applyFleet(
  { name, spec }: WrittenFleet,
  options: FleetKeeperOptions,
  signal: AbortSignal,
): Promise<void> {
  const { api, onError, clock, random } = options;
  const object = { apiVersion: API_VERSION, kind: FLEETS.kind, metadata: { name }, spec };
  const give = clock.monotonic() + PATIENCE_MS;
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted();
    try {
      await api.apply(FLEETS, object, { fieldManager: FIELD_MANAGER }, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
      const patient = error.kind === 'unreachable' || (error.kind !== 'invalid' && clock.monotonic() < give);
      if (!patient) throw error;
      onError(error);
      await sleep(clock, Math.max(error.retryAfterMs ?? 0, backoff(failures, RETRY, random)), signal);
    }
  }
}
