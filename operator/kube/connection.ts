import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../../runtime/clock.ts';
import { type Credentials, createCredentialSource } from './credentials.ts';
import { KubeError } from './kube-error.ts';

/** How long credentials are used before they are asked for again; client-node itself reads a token file once a minute. Milliseconds. */
const CREDENTIALS_MS = 10_000;
/**
 * How long an idle connection is kept: the API server closes its own after 90 s of idleness (Go `IdleTimeout` in k8s.io/apiserver). Milliseconds.
 */
const KEEP_ALIVE_MS = 60_000;
/**
 * Idleness after which TCP asks whether the peer is still there; libuv then probes each second and gives up after ten. So a peer that vanished
 * from the network is noticed within 20 s, long before a watch's own deadline. Milliseconds.
 */
const TCP_KEEP_ALIVE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** The way to one cluster, as one user. */
export interface Connection {
  /** Without a slash at the end. */
  readonly server: string;
  /** Namespace of the context; in a pod, the pod's. */
  readonly namespace: string | undefined;
  /** What the next request goes through and carries. Fails with `credentials`. */
  open(): Promise<{ readonly dispatcher: Dispatcher; readonly headers: Readonly<Record<string, string>> }>;
  /** The server refused the credentials: ask for new ones at the next `open`. */
  forget(): void;
  /** Breaks all connections. */
  close(): Promise<void>;
}

/**
 * One pooled agent for the cluster, made anew only when the CA, the client certificate or the key has changed; the old one then finishes what
 * it carries.
 */
export function createConnection(config: KubeConfig, clock: Clock): Connection {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new KubeError('credentials', 'the kubeconfig has no current cluster');
  const server = cluster.server.replace(/\/+$/, '');
  const credentialsOf = createCredentialSource(config);
  const readCa = createCaReader(cluster);
  const agents = new Set<Dispatcher>();
  let current: { readonly print: string; readonly agent: Dispatcher } | undefined;
  let cached: { readonly until: number; readonly value: Promise<Credentials> } | undefined;

  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    async open() {
      const [{ headers, tls }, ca] = await Promise.all([credentials(), readCa()]);
      return { dispatcher: agentFor({ ...tls, ...(ca === undefined ? {} : { ca }) }), headers };
    },
    forget() {
      cached = undefined;
    },
    async close() {
      await Promise.all([...agents].map((agent) => agent.destroy()));
    },
  };

  function credentials(): Promise<Credentials> {
    if (cached !== undefined && clock.monotonic() < cached.until) return cached.value;
    const entry = { until: clock.monotonic() + CREDENTIALS_MS, value: credentialsOf() };
    cached = entry;
    entry.value.catch(() => {
      if (cached === entry) cached = undefined; // A failure is not kept.
    });
    return entry.value;
  }

  function agentFor(tls: object): Dispatcher {
    const print = fingerprint(tls);
    if (current?.print === print) return current.agent;
    const old = current?.agent;
    const agent = createAgent(cluster?.proxyUrl, tls);
    agents.add(agent);
    current = { print, agent };
    if (old !== undefined) {
      old.close().then(
        () => agents.delete(old),
        () => agents.delete(old),
      );
    }
    return agent;
  }
}

function createAgent(proxyUrl: string | undefined, tls: object): Dispatcher {
  const connect = {
    ...tls,
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
  const pool = { keepAliveTimeout: KEEP_ALIVE_MS, pipelining: 1 };
  if (proxyUrl === undefined) return new Agent({ ...pool, connect });
  if (/^https?:/.test(proxyUrl)) return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: connect });
  throw new KubeError('credentials', 'proxy-url: only http:// and https:// proxies are supported');
}

/** Reads the CA again when its file's time of change differs: a rotated CA is taken up without a restart. */
function createCaReader(cluster: { readonly caFile?: string; readonly caData?: string }) {
  const { caFile, caData } = cluster;
  const inline = caData === undefined ? undefined : Buffer.from(caData, 'base64');
  let cached: { readonly mtimeMs: number; readonly text: Buffer } | undefined;
  return async (): Promise<Buffer | undefined> => {
    if (caFile === undefined) return inline;
    try {
      const { mtimeMs } = await stat(caFile);
      if (cached?.mtimeMs !== mtimeMs) cached = { mtimeMs, text: await readFile(caFile) };
      return cached.text;
    } catch (error) {
      // A volume in the middle of its swap: what was read last still holds.
      if (cached !== undefined) return cached.text;
      throw new KubeError('credentials', `certificate authority ${caFile}: ${(error as Error).message}`);
    }
  };
}

function fingerprint(tls: object): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(tls).sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}=${value}\n`);
  return hash.digest('base64');
}
