/** Writes the rendered manifests anew, for a person to look at the difference: `node e2e/chart/update-goldens.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchHelm } from './helm.ts';
import { GOLDEN, goldenOf, render, SETS } from './rendered.ts';

const [helm4] = fetchHelm();
mkdirSync(GOLDEN, { recursive: true });
for (const set of SETS) writeFileSync(join(GOLDEN, `${set}.yaml`), goldenOf(await render(helm4!, set)));
