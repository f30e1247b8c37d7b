import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../../runtime/clock.ts';
import { createKubeApi, type KubeApi } from '../api.ts';
import { createConnection } from '../connection.ts';
import type { AnyObject, ResourceType } from '../objects.ts';
import { KubeTransport } from '../transport.ts';
import { type ScriptedApiServer, startApiServer } from './api-server.ts';

/** A kind for tests. */
export const WIDGET: ResourceType = {
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

export function widget(name: string, spec: object = {}, namespace = 'acme'): AnyObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace }, spec };
}

/** A scripted server, and a client of it without credentials. Disposing closes both. */
export interface TestCluster extends AsyncDisposable {
  readonly server: ScriptedApiServer;
  readonly transport: KubeTransport;
  readonly api: KubeApi;
}

export async function startCluster(clock: Clock): Promise<TestCluster> {
  const server = await startApiServer();
  const transport = connect(server.url, clock);
  return {
    server,
    transport,
    api: createKubeApi(transport),
    async [Symbol.asyncDispose]() {
      await transport.close();
      await server.close();
    },
  };
}

export function connect(url: string, clock: Clock): KubeTransport {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'test', server: url, skipTLSVerify: true }, { name: 'nobody' });
  return new KubeTransport({ connection: createConnection(config, clock), userAgent: 'test' });
}
