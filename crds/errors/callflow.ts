import type { CodeEntry } from './fault.ts';

/** PV-11xx: what can be wrong with a callflow, in a manifest or in a web server's answer. From PV-1150 on: warnings. */
export const callflowCodes = {
  notJson: {
    code: 'PV-1101',
    severity: 'error',
    title: 'The text is not JSON',
    cause:
      'A comma too many, a missing quote, text before or after the JSON value. Programs that print warnings into the answer cause this too.',
    cure: 'Look at the line and column of the message; build JSON with a library instead of joining text.',
  },
  unknownModule: {
    code: 'PV-1102',
    severity: 'error',
    title: 'No such module',
    cause: '`module` names an action that does not exist. The names are lower-case, with underscores.',
    cure: 'Use one of the names in the callflow reference; the message suggests one that is spelt alike.',
  },
  notANode: {
    code: 'PV-1103',
    severity: 'error',
    title: 'An action is not an object',
    cause:
      'Each action is an object with `module`, `data` and, where needed, `children`. A list, a text or null stands in its place.',
    cure: 'Put one action object there. A sequence is written as a chain of `_` children, not as a list.',
  },
  missingModule: {
    code: 'PV-1104',
    severity: 'error',
    title: 'An action has no usable `module`',
    cause:
      '`module` is missing, empty, longer than 64 characters, or not text. An empty object as child is the usual case.',
    cure: 'Name the module, or remove the empty child.',
  },
  childrenNotAnObject: {
    code: 'PV-1105',
    severity: 'error',
    title: '`children` is not an object',
    cause: '`children` maps the name of a branch (`_` is the default) to an action.',
    cure: 'Write `"children": {"_": {…}}`.',
  },
  dataNotAnObject: {
    code: 'PV-1106',
    severity: 'error',
    title: '`data` is not an object',
    cause: 'The arguments of an action stand in an object, even when there are none.',
    cure: 'Write `"data": {}` or leave `data` out.',
  },
  fieldMissing: {
    code: 'PV-1107',
    severity: 'error',
    title: 'A required field of an action is missing',
    cause: 'The module cannot run without this field.',
    cure: 'Add the field; the callflow reference describes it.',
  },
  fieldType: {
    code: 'PV-1108',
    severity: 'error',
    title: 'A field of an action has the wrong type',
    cause: 'For example a text where a number, or one value where a list is expected.',
    cure: 'Give a value of the type that the message names.',
  },
  fieldValue: {
    code: 'PV-1109',
    severity: 'error',
    title: 'A field of an action has a value that is not allowed',
    cause: 'The value is not among the allowed ones, too small, too large, too short, too long, or has the wrong form.',
    cure: 'Use a value within the limits that the message names.',
  },
  urlRefused: {
    code: 'PV-1110',
    severity: 'error',
    title: 'A URL is refused',
    cause:
      'The URL is not absolute, not http or https, has no host, or names this machine (localhost, 127.0.0.0/8, 0.0.0.0, ::1) where the address policy forbids that, or a link-local address, which is always forbidden.',
    cure: 'Use an http or https URL of a server that media workers may reach.',
  },
  patternRefused: {
    code: 'PV-1111',
    severity: 'error',
    title: 'A regular expression of an action is not RE2',
    cause:
      'Expressions in callflows are RE2 expressions. Look-ahead, look-behind and back-references do not exist there.',
    cure: 'Correct the expression as the message says.',
  },
  tooDeep: {
    code: 'PV-1112',
    severity: 'error',
    title: 'The callflow is nested too deeply',
    cause: 'At most 100 actions may follow one another in a branch, and data may nest 32 levels.',
    cure: 'Let a later part be fetched by a `pivot` action or put it into a callflow of its own (`callflow` action).',
  },
  tooManyNodes: {
    code: 'PV-1113',
    severity: 'error',
    title: 'The callflow has too many actions',
    cause: 'A callflow may have 1,000 actions.',
    cure: 'Split it, with `pivot` or `callflow` actions between the parts.',
  },
  tooLarge: {
    code: 'PV-1114',
    severity: 'error',
    title: 'The callflow is too large',
    cause: 'A callflow may have 256 KiB of JSON.',
    cure: 'Split it, with `pivot` or `callflow` actions between the parts.',
  },
  notJsonValue: {
    code: 'PV-1115',
    severity: 'error',
    title: 'The callflow holds something that JSON does not have',
    cause: 'For example `.nan`, `.inf` or a binary value in YAML.',
    cure: 'Use text, numbers, true, false, null, lists and objects only.',
  },
  secretReferenceRefused: {
    code: 'PV-1116',
    severity: 'error',
    title: 'A web server may not refer to Secrets',
    cause:
      'The answer of a web server holds a `secretKeyRef` or `secretRef`. Only manifests may, or a web server could read Secrets of the cluster.',
    cure: 'Send the value itself, or set the header in the PivotCallflow.',
  },
  headerRefused: {
    code: 'PV-1117',
    severity: 'error',
    title: 'A request header is refused',
    cause:
      'The name is not a header name, the value holds a line break or another control character, or the header belongs to the HTTP connection (Host, Content-Length, …).',
    cure: 'Use a header of your own, such as `X-Api-Key`, with a value on one line.',
  },
  moreFaults: {
    code: 'PV-1118',
    severity: 'error',
    title: 'There are more faults than are listed',
    cause: 'The first 100 faults of a callflow are listed.',
    cure: 'Mend those first.',
  },
  moduleAlias: {
    code: 'PV-1150',
    severity: 'warning',
    title: 'A module is called by another of its names',
    cause: '`say` is not a module of Callflow JSON, nor is `resource`; Pivot takes them as `tts` and `resources`.',
    cure: 'Write the name that the message gives.',
  },
  wrappedCallflow: {
    code: 'PV-1151',
    severity: 'warning',
    title: 'The action is wrapped in a callflow document',
    cause:
      'A document with `flow` (and perhaps `numbers`) was given where a bare action is expected. Its `flow` is used, the rest ignored.',
    cure: 'Send only the value of `flow`.',
  },
  coercedValue: {
    code: 'PV-1152',
    severity: 'warning',
    title: 'A value was converted',
    cause:
      'A number (or true/false) was written as text, such as `"5"`. Pivot converts it; Kazoo refuses it in the answers of web servers.',
    cure: 'Write it without quotes.',
  },
  misspeltField: {
    code: 'PV-1153',
    severity: 'warning',
    title: 'A field looks misspelt',
    cause: 'The module has no such field, but one with nearly the same name. Unknown fields have no effect.',
    cure: 'Correct the name if it is a slip.',
  },
  deprecatedField: {
    code: 'PV-1154',
    severity: 'warning',
    title: 'A field is an older spelling',
    cause:
      '`req_timeout` (seconds) was written by old editors and never read by Kazoo. Pivot takes it when `req_timeout_ms` is absent.',
    cure: 'Use `req_timeout_ms` (milliseconds).',
  },
  clampedValue: {
    code: 'PV-1155',
    severity: 'warning',
    title: 'A value was brought within its limits',
    cause:
      'A web server answered with a value outside the limits. The nearest allowed value, or the default, is used for this call.',
    cure: 'Use a value within the limits that the message names.',
  },
  unreachableChild: {
    code: 'PV-1156',
    severity: 'warning',
    title: 'A child is never reached',
    cause: 'The module never branches to a child of this name, or never continues at all.',
    cure: 'Rename the child, or remove it.',
  },
  noFailback: {
    code: 'PV-1157',
    severity: 'warning',
    title: 'A pivot action has no `_` child',
    cause: 'When its web server cannot be reached or answers with an error, the call ends.',
    cure: 'Give the action a `_` child with what callers should hear then.',
  },
  waitsUnanswered: {
    code: 'PV-1158',
    severity: 'warning',
    title: 'An action waits before the call is answered',
    cause: '`sleep` and `wait_for_hangup` do not answer: the caller hears ringing meanwhile.',
    cure: 'Put an `answer` action before it if that is not meant.',
  },
  noEffect: {
    code: 'PV-1159',
    severity: 'warning',
    title: 'An action or a field has no effect',
    cause:
      'For example `record_call` with `action: stop` when nothing was started, or `set_variable` with a name that does not exist.',
    cure: 'Remove it, or correct it as the message says.',
  },
  repeatedKey: {
    code: 'PV-1160',
    severity: 'warning',
    title: 'A key stands twice in one JSON object',
    cause: 'JSON readers keep only the last of two members with one name, so part of the callflow is lost.',
    cure: 'Rename or remove one of them.',
  },
} as const satisfies Record<string, CodeEntry>;
