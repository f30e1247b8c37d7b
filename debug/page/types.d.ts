/** What the page gets from the debug API (`debug/api/`), as far as it looks at it. */

export interface About {
  version: string;
  /** News are pushed; else the page asks every `poll_ms`. */
  live: boolean;
  auth: 'none' | 'bearer';
  calls: boolean;
  test_calls: boolean;
  poll_ms?: number;
}

export interface Callflow {
  account: string;
  name: string;
  numbers: string[];
  patterns: string[];
  asks?: { url: string; method: string; format: string };
  module?: string;
  debug: boolean;
  conditions: { type: string; status: string; reason: string; message: string }[];
  last_failure?: { time: string; code: string; message: string; trace_id: string };
}

export interface Callflows {
  callflows: Callflow[];
  accounts: string[];
}

export interface Fault {
  code: string;
  message: string;
  line?: number;
  column?: number;
  pointer?: string;
}

export interface Call {
  trace_id: string;
  call_id: string;
  account: string;
  callflow: string;
  from: string;
  number: string;
  started: string;
  ended?: string;
  state: 'active' | 'ended' | 'failed';
  result?: string;
  error?: Fault;
  exchanges: number;
  failed_exchanges: number;
  dropped_spans: number;
}

export interface Line {
  at: number;
  kind: string;
  text: string;
  exchange?: string;
}

export interface Head {
  id: string;
  iteration: number;
  kind?: 'cdr';
  timestamp: string;
  index: number;
  node: string;
  uri: string;
  method: string;
  resp_status_code?: string;
  elapsed_ms?: number;
  truncated?: boolean;
  error?: Fault;
  warnings?: Fault[];
  schema_errors?: Fault[];
  json_errors?: { message: string; before: string; after: string }[];
  xml_errors?: Fault[];
}

export interface Exchange extends Head {
  req_headers?: Record<string, unknown>;
  req_body?: string;
  resp_headers?: Record<string, unknown>;
  resp_body?: string;
}

export interface Story {
  call: Call;
  timeline: Line[];
  exchanges: Head[];
  position: number;
  /** Where the whole trace is shown. */
  trace_url?: string;
}
