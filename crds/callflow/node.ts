/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * One action of a callflow, as Callflow JSON writes it. A validated node has its schema's defaults filled in.
 * `children` are keyed by what the module branches on; `_` is the default child.
 */
export interface CallflowNode {
  readonly module: string;
  readonly data: JsonObject;
  readonly children?: { readonly [key: string]: CallflowNode };
}
