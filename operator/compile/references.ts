import type { CallflowNode, Json, JsonObject } from '../../crds/callflow/node.ts';
import { join } from '../../crds/callflow/pointer.ts';
import type { SecretKeyRef } from '../../crds/resources.ts';
import type { SecretReference } from '../../crds/routing-table.ts';

/** What a callflow refers to, each with the JSON pointer, from the root of the flow, where it does so. */
export interface References {
  readonly secrets: readonly { readonly ref: SecretKeyRef; readonly pointer: string }[];
  readonly callflows: readonly { readonly name: string; readonly pointer: string }[];
  readonly media: readonly { readonly name: string; readonly pointer: string }[];
}

/**
 * Finds the references in a validated flow, and replaces those to Secrets by `SecretReference`s, which name the namespace too. Only
 * pivot actions refer to Secrets, in the fields that the schema gives them, so no other data can ever be taken for a reference.
 */
export function resolveReferences(
  flow: CallflowNode,
  namespace: string,
): { readonly flow: CallflowNode; readonly references: References } {
  const secrets: { ref: SecretKeyRef; pointer: string }[] = [];
  const callflows: { name: string; pointer: string }[] = [];
  const media: { name: string; pointer: string }[] = [];
  const take = (ref: Json, pointer: string): JsonObject => {
    const { name, key } = ref as unknown as SecretKeyRef;
    secrets.push({ ref: { name, key }, pointer });
    return { secretKeyRef: { namespace, name, key } } satisfies SecretReference;
  };
  const visit = (node: CallflowNode, pointer: string): CallflowNode => {
    const { module } = node;
    if (module === 'callflow' && typeof node.data['id'] === 'string') {
      callflows.push({ name: node.data['id'], pointer: `${pointer}/data/id` });
    }
    const played = module === 'play' ? node.data['id'] : undefined;
    if (typeof played === 'string' && isMediaName(played)) media.push({ name: played, pointer: `${pointer}/data/id` });
    const data = module === 'pivot' ? withSecretReferences(node.data, `${pointer}/data`, take) : node.data;
    if (node.children === undefined) return { module, data };
    const children = Object.entries(node.children).map(
      ([key, child]) => [key, visit(child, join(`${pointer}/children`, key))] as const,
    );
    return { module, data, children: Object.fromEntries(children) };
  };
  return { flow: visit(flow, ''), references: { secrets, callflows, media } };
}

/** What the worker takes for a name: all but URLs and streams (`media-worker/callflow/modules/play.ts`). */
function isMediaName(id: string): boolean {
  return id !== '' && !/^https?:\/\//i.test(id) && !/^(tone_stream|silence_stream|local_stream):\/\//.test(id);
}

function withSecretReferences(
  data: JsonObject,
  pointer: string,
  take: (ref: Json, pointer: string) => JsonObject,
): JsonObject {
  const copy: { [key: string]: Json } = { ...data };
  const headers = data['custom_request_headers'];
  if (Array.isArray(headers)) {
    copy['custom_request_headers'] = headers.map((header: JsonObject, index) => {
      const valueFrom = header['valueFrom'] as JsonObject | undefined;
      if (valueFrom === undefined) return header;
      const place = `${pointer}/custom_request_headers/${index}/valueFrom/secretKeyRef`;
      return { name: header['name']!, value: take(valueFrom['secretKeyRef']!, place) };
    });
  }
  const signing = data['signing'] as JsonObject | undefined;
  if (signing !== undefined) copy['signing'] = take(signing['secretRef']!, `${pointer}/signing/secretRef`);
  const tls = data['tls'] as JsonObject | undefined;
  if (tls?.['ca_secret_ref'] !== undefined) {
    copy['tls'] = { ...tls, ca_secret_ref: take(tls['ca_secret_ref'], `${pointer}/tls/ca_secret_ref`) };
  }
  return copy;
}
