/** Limits of one callflow, in a manifest or in a web server's answer. Kazoo has none (spec callflow-modules E.4). */
export const CALLFLOW_LIMITS = {
  /** Actions that may follow one another in one branch. */
  depth: 100,
  /** Actions in the whole tree. */
  nodes: 1000,
  /** Bytes of the callflow as compact JSON in UTF-8, or of the text it came as. */
  bytes: 256 * 1024,
  /** Levels of lists and objects within one action's `data`. */
  dataDepth: 32,
  /** Faults and warnings that one validation lists. */
  faults: 100,
  /** Characters of a regular expression. */
  patternLength: 1024,
} as const;

/** Nesting of the JSON value as a whole: two levels per action (`children` and its key), then `data`. */
export const JSON_DEPTH_LIMIT = 2 * CALLFLOW_LIMITS.depth + CALLFLOW_LIMITS.dataDepth + 4;
