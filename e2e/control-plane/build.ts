/** Builds etcd, kube-apiserver, kube-controller-manager and kubectl into the cache: `node e2e/control-plane/build.ts`. */
import { buildBinaries } from './binaries.ts';

const binaries = await buildBinaries();
for (const file of Object.values(binaries)) console.log(file);
