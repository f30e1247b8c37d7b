import type { AgentOptions } from 'node:https';
import { type Cluster, HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { KubeError } from './kube-error.ts';

/** What proves who we are to the API server: headers for a request, key material for its connection. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<AgentOptions, 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;
}

export interface KubeConfigChoice {
  /** A kubeconfig. Without one: `$KUBECONFIG`, `~/.kube/config`, then the pod's ServiceAccount, as kubectl does. */
  readonly file?: string;
  /** The context to use instead of the current one. */
  readonly context?: string;
}

/** Reads the kubeconfig, or the ServiceAccount of the pod. Fails with `credentials`. */
export function loadKubeConfig(choice: KubeConfigChoice = {}): KubeConfig {
  const config = new KubeConfig();
  try {
    if (choice.file === undefined) config.loadFromDefault();
    else config.loadFromFile(choice.file);
  } catch (error) {
    const from = choice.file ?? process.env['KUBECONFIG'] ?? 'the kubeconfig';
    throw new KubeError('credentials', `${from}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  if (config.getCurrentCluster() === null) {
    throw new KubeError('credentials', `no cluster for the context ${choice.context ?? config.getCurrentContext()}`);
  }
  return config;
}

/**
 * Client-node's authentication (tokens, token files, client certificates, exec plugins, OIDC) without its connections: it builds a new agent
 * per request (kubernetes-client/javascript#2893; measured in 2.0.1), so the request context is thrown away and the key material that was meant
 * for the agent is kept. The CA is taken out beforehand, because client-node reads it from disk, blocking, on every request.
 */
export function createCredentialSource(config: KubeConfig): () => Promise<Credentials> {
  const source = new CapturingConfig();
  source.loadFromOptions({
    clusters: config.getClusters().map(({ caFile: _file, caData: _data, ...cluster }) => cluster),
    users: config.getUsers(),
    contexts: config.getContexts(),
    currentContext: config.getCurrentContext(),
  });
  const server = config.getCurrentCluster()?.server ?? '';
  return async () => {
    const context = new RequestContext(server, HttpMethod.GET);
    try {
      await source.applySecurityAuthentication(context);
    } catch (error) {
      // Not the error itself: a plugin's output may hold a token.
      throw new KubeError('credentials', `credentials of ${server}: ${firstLine(error)}`);
    }
    const { cert, key, pfx, passphrase, servername, rejectUnauthorized } = source.captured;
    const tls = Object.fromEntries(
      Object.entries({ cert, key, pfx, passphrase, servername, rejectUnauthorized }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    return { headers: context.getHeaders(), tls };
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
}

class CapturingConfig extends KubeConfig {
  captured: AgentOptions = {};

  override createDispatcherOptions(cluster: Cluster | null, agentOptions: AgentOptions): { type: 'none' } {
    // For its refusal of `http://` without `insecure-skip-tls-verify`: a token would travel in the clear.
    super.createDispatcherOptions(cluster, agentOptions);
    this.captured = agentOptions;
    return { type: 'none' };
  }
}
