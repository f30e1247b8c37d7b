import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** A request as the scripted server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** Common name of the client's certificate. */
  readonly clientName: string | undefined;
  /** Which connection it came by, from 1. */
  readonly connection: number;
}

/** What the server does with a request instead of serving it. */
export type Fault =
  | {
      readonly do: 'status';
      readonly code: number;
      readonly reason?: string;
      readonly details?: object;
      readonly retryAfter?: number;
    }
  /** The connection breaks before an answer. */
  | { readonly do: 'reset' }
  /** Never an answer, and the connection stays. */
  | { readonly do: 'hang' }
  /** 200, and a page that is not of an API. */
  | { readonly do: 'garbage' }
  /** 200, half an answer, and the connection breaks. */
  | { readonly do: 'cut' };

/** How the server goes on with a watch that it has accepted. */
export type WatchScript =
  /** Ends it well after so many events. */
  | { readonly watch: 'end'; readonly after: number }
  /** Breaks the connection after so many events. */
  | { readonly watch: 'reset'; readonly after: number }
  /** Sends nothing at all from here on. */
  | { readonly watch: 'silence'; readonly after: number }
  /** Sends an ERROR event after so many events, and ends. */
  | { readonly watch: 'error'; readonly after: number; readonly code: number; readonly reason: string }
  /** Sends a line that is no JSON after so many events. */
  | { readonly watch: 'garbage'; readonly after: number }
  /** Breaks the connection in the middle of an event. */
  | { readonly watch: 'half'; readonly after: number }
  /** Sends all, in pieces of a few bytes. */
  | { readonly watch: 'pieces' };

export type Behaviour = Fault | WatchScript;

export function status(code: number, reason: string, message: string, details?: object): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message,
    ...(details && { details }),
  };
}

/** Answers in JSON. */
export function answer(
  response: ServerResponse,
  code: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Misbehaves. */
export function commit(fault: Fault, response: ServerResponse) {
  switch (fault.do) {
    case 'status': {
      const headers: Record<string, string> =
        fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      return answer(
        response,
        fault.code,
        status(fault.code, fault.reason ?? 'Scripted', 'as scripted', fault.details),
        headers,
      );
    }
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Sign in to the hotel network</html>');
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"items":[{"metadata":', () => response.socket?.resetAndDestroy());
      return;
  }
}
