import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../control-plane/free-ports.ts';
import { ServerProcess } from '../control-plane/server-process.ts';

/** A real Jaeger on loopback ports, with its traces in memory. */
export interface Jaeger {
  /** Base URL of its OTLP/HTTP receiver. */
  readonly otlp: string;
  /** Of its OTLP/gRPC receiver. */
  readonly otlpGrpc: string;
  /** Base URL of its query service and page. */
  readonly query: string;
  readonly server: ServerProcess;
  /** Ends it and removes what it left. */
  stop(): Promise<void>;
}

const MOST_TRACES = 100_000;

/** Starts Jaeger; `program` is that of `jaegerProgram`. */
export async function startJaeger(program: string): Promise<Jaeger> {
  const folder = await mkdtemp(join(tmpdir(), 'pivot-jaeger-'));
  const [otlp, otlpGrpc, query, queryGrpc] = await freePorts(4);
  const at = (port: number | undefined): string => `127.0.0.1:${port}`;
  const config = join(folder, 'config.yaml');
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      service: {
        extensions: ['jaeger_storage', 'jaeger_query'],
        pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
        telemetry: { logs: { level: 'warn' }, metrics: { level: 'none' } },
      },
      extensions: {
        jaeger_query: {
          storage: { traces: 'memory' },
          http: { endpoint: at(query) },
          grpc: { endpoint: at(queryGrpc) },
        },
        jaeger_storage: { backends: { memory: { memory: { max_traces: MOST_TRACES } } } },
      },
      receivers: { otlp: { protocols: { http: { endpoint: at(otlp) }, grpc: { endpoint: at(otlpGrpc) } } } },
      exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
    }),
  );
  const server = new ServerProcess({
    name: 'jaeger',
    command: program,
    args: ['--config', config],
    folder,
    ready: async (signal) => (await fetch(`http://${at(query)}/api/services`, { signal })).ok,
  });
  const stop = async (): Promise<void> => {
    await server.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { otlp: `http://${at(otlp)}`, otlpGrpc: `http://${at(otlpGrpc)}`, query: `http://${at(query)}`, server, stop };
}
