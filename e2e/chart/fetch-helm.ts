/** Fetches Helm 4 and Helm 3 into the cache: `node e2e/chart/fetch-helm.ts`. */
import { fetchHelm } from './helm.ts';

for (const file of fetchHelm()) console.log(file);
