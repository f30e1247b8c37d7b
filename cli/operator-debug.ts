import type { FastifyInstance, FastifyRequest } from 'fastify';
import { registerClusterDebugApi } from '../debug/api/debug-api.ts';
import { type CallflowCondition, type CallflowFailure, type CallflowView, viewOf } from '../debug/callflows.ts';
import { createJaegerClient, type JaegerClient } from '../debug/jaeger/client.ts';
import { createJaegerSource } from '../debug/jaeger/source.ts';
import { shareLists } from '../debug/shared-source.ts';
import type { Operator } from '../operator/controller/operator.ts';
import type { Readers } from '../operator/controller/readers.ts';
import { PRODUCT_VERSION } from '../runtime/version.ts';

export interface OperatorDebugOptions {
  readonly operator: Operator;
  readonly readers: Readers;
  /** Base URL of Jaeger's query service; without it no calls can be shown. */
  readonly jaeger: string | undefined;
  /** `service.name` of the media workers' traces. */
  readonly jaegerService: string;
}

/** The debug API and the Live Debug page of `pivot operator`. */
export class OperatorDebug {
  readonly #options: OperatorDebugOptions;
  readonly #client: JaegerClient | undefined;

  constructor(options: OperatorDebugOptions) {
    this.#options = options;
    this.#client = options.jaeger === undefined ? undefined : createJaegerClient({ url: options.jaeger });
  }

  register(server: FastifyInstance): void {
    const { operator, readers, jaegerService } = this.#options;
    const identify = (request: FastifyRequest): ReturnType<Readers['identify']> =>
      readers.identify(request.headers.authorization);
    registerClusterDebugApi(server, {
      source: this.#client && shareLists(createJaegerSource({ client: this.#client, service: jaegerService })),
      node: jaegerService,
      version: PRODUCT_VERSION,
      traceUrl: () => operator.fleet?.resource?.spec.traceUrl,
      authorize: async (request, account) => readers.check(await identify(request), account),
      callflows: async (request) => {
        const views = callflowsOf(operator);
        const namespaces = [...new Set(views.map(({ account }) => account))].sort();
        const accounts = await readers.readable(await identify(request), namespaces);
        const readable = new Set(accounts);
        return { callflows: views.filter(({ account }) => readable.has(account)), accounts };
      },
    });
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }
}

function callflowsOf(operator: Operator): CallflowView[] {
  return [...operator.callflows()]
    .map(({ metadata: { name, namespace = '' }, resource, status }) =>
      viewOf({ namespace, name }, resource?.spec, conditionsOf(status), lastFailureOf(status)),
    )
    .sort((a, b) => compareText(a.account, b.account) || compareText(a.name, b.name));
}

/** As the API server has them: whoever wrote them. */
function conditionsOf(status: unknown): CallflowCondition[] {
  const { conditions } = (status ?? {}) as { readonly conditions?: unknown };
  if (!Array.isArray(conditions)) return [];
  return conditions.map((condition: Readonly<Record<string, unknown>> | null) => ({
    type: String(condition?.['type'] ?? ''),
    status: String(condition?.['status'] ?? ''),
    reason: String(condition?.['reason'] ?? ''),
    message: String(condition?.['message'] ?? ''),
  }));
}

function lastFailureOf(status: unknown): CallflowFailure | undefined {
  const { lastFailure } = (status ?? {}) as { readonly lastFailure?: Readonly<Record<string, unknown>> };
  if (typeof lastFailure !== 'object' || lastFailure === null) return undefined;
  const { time, code, message, traceId } = lastFailure;
  if (typeof time !== 'string' || typeof code !== 'string') return undefined;
  return { time, code, message: String(message ?? ''), trace_id: String(traceId ?? '') };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
