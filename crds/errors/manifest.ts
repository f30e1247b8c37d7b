import type { CodeEntry } from './fault.ts';

/** PV-10xx: what can be wrong with a manifest, a resource, or how resources fit together. */
export const manifestCodes = {
  yamlSyntax: {
    code: 'PV-1001',
    severity: 'error',
    title: 'The document is not valid YAML',
    cause:
      'The YAML parser could not read the document: wrong indentation, a tab, a key given twice, an unclosed quote.',
    cure: 'Mend the text at the line and column of the message. Other documents of the same file are not affected.',
  },
  unknownKind: {
    code: 'PV-1002',
    severity: 'warning',
    title: 'The kind of the resource is not one that Pivot reads',
    cause:
      'Pivot reads the kinds of `pivot.voice/v1alpha1` (docs/resources.md) and Secret (v1). Anything else in the folder is skipped.',
    cure: 'If it was meant for Pivot, correct `kind` and `apiVersion`; otherwise keep it in another folder.',
  },
  missingField: {
    code: 'PV-1003',
    severity: 'error',
    title: 'A required field of the resource is missing',
    cause: 'The manifest lacks a field without which the resource means nothing, such as `metadata.name` or `spec`.',
    cure: 'Add the field that the message names.',
  },
  invalidField: {
    code: 'PV-1004',
    severity: 'error',
    title: 'A field of the resource has a value that is not allowed',
    cause:
      'The value has the wrong type or lies outside what the field takes. A number written without quotes is the usual case.',
    cure: 'Correct the value as the message says; put telephone numbers in quotes.',
  },
  unknownField: {
    code: 'PV-1005',
    severity: 'warning',
    title: 'The resource has a field that Pivot does not know',
    cause: 'The field is misspelt, stands at the wrong level, or belongs to another product. It has no effect.',
    cure: 'Correct the name if the message suggests one; otherwise remove the field.',
  },
  duplicateResource: {
    code: 'PV-1006',
    severity: 'error',
    title: 'Two manifests declare the same resource',
    cause: 'Kind, namespace and name are the same in two documents. The first one read is used, the other ignored.',
    cure: 'Rename one of them or remove it.',
  },
  numberConflict: {
    code: 'PV-1007',
    severity: 'error',
    title: 'Another callflow owns the number',
    cause:
      'A number in E.164 form belongs to one callflow of the whole cluster; an extension, a pattern or `no_match` to one callflow of its namespace. The older claim wins, then the first by namespace and name.',
    cure: 'Remove the number from one of the two callflows. When the winner goes, the other takes over by itself.',
  },
  invalidNumber: {
    code: 'PV-1008',
    severity: 'error',
    title: 'A number cannot be used',
    cause: 'It is empty, longer than 36 characters, not text, or begins with `+` and is not in E.164 form.',
    cure: 'Write E.164 numbers as "+" and 2 to 15 digits, extensions as plain text, both in quotes.',
  },
  invalidPattern: {
    code: 'PV-1009',
    severity: 'error',
    title: 'A pattern is not an RE2 expression',
    cause:
      'Patterns are RE2 expressions, which are matched in linear time. Look-ahead, look-behind and back-references do not exist there.',
    cure: 'Correct the expression at the place the message names, or split it into several patterns.',
  },
  secretNotFound: {
    code: 'PV-1010',
    severity: 'warning',
    title: 'A Secret that a resource refers to does not exist',
    cause:
      'No Secret of that name exists in the namespace of the resource; Secrets of other namespaces cannot be referred to. What needs the value (an exchange, a registration, a call) fails until it does.',
    cure: 'Create the Secret in the same namespace, or correct the name.',
  },
  secretKeyNotFound: {
    code: 'PV-1011',
    severity: 'warning',
    title: 'A Secret lacks the key that a resource refers to',
    cause:
      'The Secret exists, but neither `data` nor `stringData` has the key. What needs the value (an exchange, a registration, a call) fails until it does.',
    cure: 'Add the key to the Secret, or correct its name in the resource.',
  },
  fileTooLarge: {
    code: 'PV-1012',
    severity: 'error',
    title: 'The file is too large',
    cause: 'A manifest file may have 4 MiB, and one document in it 512 KiB.',
    cure: 'Split the file.',
  },
  fileUnreadable: {
    code: 'PV-1013',
    severity: 'error',
    title: 'A file or folder cannot be read',
    cause: 'The path does not exist, or the process may not read it.',
    cure: 'Correct the path or the permissions.',
  },
  yamlTooComplex: {
    code: 'PV-1014',
    severity: 'error',
    title: 'The YAML document is nested too deeply or multiplies by aliases',
    cause:
      'Documents may nest 400 levels and have 1,000 aliases, which may multiply the content 100 times at most, so that no small file can fill the memory.',
    cure: 'Write the content out, or split the document.',
  },
  pivotOrFlow: {
    code: 'PV-1015',
    severity: 'error',
    title: 'The callflow has both or neither of `spec.pivot` and `spec.flow`',
    cause:
      'A PivotCallflow either asks a web server (`pivot`, with an optional `failback`) or holds a whole callflow (`flow`).',
    cure: 'Keep exactly one of the two. `failback` goes with `pivot`; in a `flow`, use the `_` child of the pivot action.',
  },
  unsupportedVersion: {
    code: 'PV-1016',
    severity: 'error',
    title: 'The `apiVersion` is not supported',
    cause: 'This version of Pivot reads `pivot.voice/v1alpha1`.',
    cure: 'Correct `apiVersion`.',
  },
  repeatedNumber: {
    code: 'PV-1017',
    severity: 'warning',
    title: 'A callflow names the same number twice',
    cause: 'After removing spaces, dots, dashes and parentheses two entries of `numbers` (or `patterns`) are equal.',
    cure: 'Remove one of them.',
  },
  noNumbers: {
    code: 'PV-1018',
    severity: 'warning',
    title: 'No call can reach the callflow',
    cause: 'It has neither numbers nor patterns, and no other callflow of its namespace jumps to it.',
    cure: 'Add `numbers` or `patterns`.',
  },
  callflowNotFound: {
    code: 'PV-1019',
    severity: 'warning',
    title: 'An action refers to a callflow that does not exist',
    cause:
      'The `callflow` action names a PivotCallflow that is missing from the namespace. At run time the action is skipped and `_` follows.',
    cure: 'Create the callflow, or correct the `id`.',
  },
  invalidRealm: {
    code: 'PV-1020',
    severity: 'error',
    title: 'The realm annotation cannot be used',
    cause:
      'The value of `pivot.voice/realm` is not a host name or an IP address, or another namespace has the realm already.',
    cure: 'Write host names separated by commas, without scheme and port. A realm belongs to one namespace.',
  },
  notAnObject: {
    code: 'PV-1021',
    severity: 'error',
    title: 'The document is not a resource',
    cause:
      'A manifest is a mapping with `apiVersion`, `kind`, `metadata` and `spec`; this document is a list, a text or a number.',
    cure: 'Check the indentation of the first lines.',
  },
  invalidSecretData: {
    code: 'PV-1022',
    severity: 'error',
    title: 'A value of a Secret cannot be read',
    cause: 'Values under `data` are base64, values under `stringData` plain text.',
    cure: 'Encode the value (`base64 -w0`), or move it to `stringData`.',
  },
  mediaNotFound: {
    code: 'PV-1023',
    severity: 'warning',
    title: 'An action plays a media resource that does not exist',
    cause:
      'The `id` of a `play` action is neither a URL nor a stream, and the namespace has no PivotMedia of that name. At run time nothing is played and the flow goes on.',
    cure: 'Create the PivotMedia in the namespace of the callflow, correct the `id`, or give a URL.',
  },
  numberNotPermitted: {
    code: 'PV-1024',
    severity: 'error',
    title: 'The namespace may not claim the number',
    cause:
      "The `numberRights` of the PivotFleet give the number's prefix to other namespaces. The longest prefix that fits decides.",
    cure: 'Remove the number, or ask the platform team to name the namespace in that entry. Nothing else of the callflow is affected.',
  },
  otherFleet: {
    code: 'PV-1025',
    severity: 'warning',
    title: 'The PivotFleet is not the one that counts',
    cause:
      'One PivotFleet counts, the one that the operator is started with (`--fleet`; `default` unless it says otherwise).',
    cure: 'Give it that name, or delete it.',
  },
  userNotFound: {
    code: 'PV-1026',
    severity: 'warning',
    title: 'A resource refers to a user that does not exist',
    cause: 'The namespace has no PivotUser of that name; users of other namespaces cannot be referred to.',
    cure: 'Create the PivotUser in the namespace of the callflow, or correct the `id`.',
  },
  deviceNotFound: {
    code: 'PV-1027',
    severity: 'warning',
    title: 'A resource refers to a device that does not exist',
    cause: 'The namespace has no PivotDevice of that name; devices of other namespaces cannot be referred to.',
    cure: 'Create the PivotDevice in the namespace, or correct the name.',
  },
  usernameConflict: {
    code: 'PV-1028',
    severity: 'error',
    title: 'Another device has the user name',
    cause:
      'Devices of one namespace are told apart by the user names with which they register. The older one keeps it, then the first by name.',
    cure: 'Give one of the two another user name. When the winner goes, the other takes over by itself.',
  },
} as const satisfies Record<string, CodeEntry>;
