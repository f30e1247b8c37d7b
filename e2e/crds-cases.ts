/** Valid and invalid resources, with what the API server says about the invalid ones: the data of `crds.test.ts`. */
export interface Case {
  readonly kind: string;
  readonly what: string;
  readonly spec: unknown;
  /** `metadata.name`; made up unless set. */
  readonly name?: string;
  /** What the API server says; it accepts the object when absent. */
  readonly refused?: string;
  /** What `pivot validate` says of it, where that is not the same. */
  readonly folder?: 'valid' | 'invalid';
}

const URL = 'https://app.example.com/voice';
const FLOW = { module: 'hangup' };
const SECRET = { name: 'app', key: 'token' };
const PASSWORD = { username: 'ann', passwordSecretRef: SECRET };
const pivot = (fields: object): object => ({ numbers: ['2030'], pivot: { voice_url: URL, ...fields } });

const callflows: readonly Omit<Case, 'kind'>[] = [
  { what: 'numbers and a URL', spec: pivot({}) },
  {
    what: 'a whole callflow',
    spec: { numbers: ['2030'], flow: { module: 'play', data: { id: 'a' }, children: { _: FLOW } } },
  },
  { what: 'patterns alone', spec: { patterns: ['^\\+1415(\\d+)$'], flow: FLOW } },
  {
    what: 'every form of number',
    spec: { numbers: ['+14155550100', '+1 (415) 555-0101', '2030', '*98', 'no_match', 'help'], flow: FLOW },
  },
  { what: 'only jumped to, and says so', spec: { numbers: [], flow: FLOW } },
  {
    what: 'every setting',
    spec: {
      ...pivot({
        method: 'POST',
        req_format: 'twiml',
        req_body_format: 'json',
        req_timeout_ms: 5000,
        retries: { attempts: 5, on: ['connect', 'timeout', '5xx'] },
        fallback_url: 'http://user:password@backup.example.com:8080/voice?a=b#c',
        cdr_url: URL,
        debug: true,
        strict: true,
        custom_request_headers: [
          { name: 'X-A', value: '' },
          { name: 'X-B', valueFrom: { secretKeyRef: SECRET } },
        ],
        signing: { secretRef: SECRET },
        default_action_method: 'get',
        reject_code: 486,
        tls: { insecure_skip_verify: false, ca_secret_ref: SECRET },
      }),
      name: 'Support',
      failback: { module: 'play', data: { id: 'sorry' } },
    },
  },
  { what: 'retries under the name that needs no quotes', spec: pivot({ retries: { attempts: 1, when: ['5xx'] } }) },
  { what: 'seconds as text, as Kazoo has them', spec: pivot({ req_timeout: '5' }) },
  { what: 'the answer itself', spec: { numbers: ['2030'], pivot: { serverless: { flow_doc: '<Response/>' } } } },
  { what: 'the answer itself as an object', spec: { numbers: ['2030'], pivot: { serverless: { flow_doc: FLOW } } } },
  {
    what: 'a deep callflow',
    spec: {
      numbers: ['2030'],
      flow: Array.from({ length: 40 }).reduce(
        (below) => ({ module: 'answer', data: {}, children: { _: below } }),
        FLOW,
      ),
    },
  },
  { what: 'a name of 63 characters', name: 'a'.repeat(63), spec: pivot({}) },

  { what: 'nothing', spec: undefined, refused: 'spec: Required value' },
  {
    what: 'a name of 64 characters',
    name: 'a'.repeat(64),
    spec: pivot({}),
    refused: 'a name has at most 63 characters',
  },
  {
    what: 'both pivot and flow',
    spec: { ...pivot({}), flow: FLOW },
    refused: 'a callflow has either "pivot" (a web server to ask) or "flow" (a whole callflow), exactly one of the two',
  },
  {
    what: 'neither pivot nor flow',
    spec: { numbers: ['2030'] },
    refused: 'a callflow has either "pivot" (a web server to ask) or "flow" (a whole callflow), exactly one of the two',
  },
  {
    what: 'failback beside flow',
    spec: { numbers: ['2030'], flow: FLOW, failback: FLOW },
    refused: '"failback" goes with "pivot"; in a "flow", use the "_" child of the pivot action',
  },
  {
    what: 'neither numbers nor patterns',
    spec: { flow: FLOW },
    refused: 'give "numbers" or "patterns"; a callflow that only other callflows jump to says so with "numbers: []"',
    folder: 'valid',
  },
  {
    what: 'a number twice',
    spec: { numbers: ['2030', '2030'], flow: FLOW },
    refused: 'spec.numbers[1]: Duplicate value: "2030"',
    folder: 'valid',
  },
  {
    what: 'a number as a number',
    spec: { numbers: [2030], flow: FLOW },
    refused: 'spec.numbers[0] in body must be of type string',
  },
  {
    what: 'a plus and not E.164',
    spec: { numbers: ['+0415'], flow: FLOW },
    refused: 'a number that begins with "+" must be in E.164 form: "+" and 2 to 15 digits, the first not 0',
  },
  {
    what: 'a plus and too many digits',
    spec: { numbers: ['+1234567890123456'], flow: FLOW },
    refused: 'must be in E.164 form',
  },
  {
    what: 'an address for a number',
    spec: { numbers: ['ann@example.com'], flow: FLOW },
    refused: 'a number is not empty and holds no "@"',
  },
  {
    what: 'words for a number',
    spec: { numbers: ['sales desk'], flow: FLOW },
    refused: 'a number is not empty and holds no "@"',
  },
  { what: 'an empty number', spec: { numbers: [' '], flow: FLOW }, refused: 'a number is not empty and holds no "@"' },
  {
    what: 'a long number',
    spec: { numbers: ['1'.repeat(37)], flow: FLOW },
    refused: 'spec.numbers[0]: Too long: may not be more than 36 bytes',
  },
  {
    what: 'too many numbers',
    spec: { numbers: Array.from({ length: 257 }, (_, index) => String(index)), flow: FLOW },
    refused: 'spec.numbers: Too many: 257: must have at most 256 items',
  },
  {
    what: 'a pattern with a look-ahead',
    spec: { patterns: ['^(?=1)'], flow: FLOW },
    refused: 'invalid or unsupported Perl syntax',
  },
  { what: 'an open group', spec: { patterns: ['(1'], flow: FLOW }, refused: 'missing closing )' },
  {
    what: 'an empty pattern',
    spec: { patterns: [''], flow: FLOW },
    refused: 'spec.patterns[0] in body should be at least 1 chars long',
  },
  {
    what: 'no URL',
    spec: { numbers: ['2030'], pivot: {} },
    refused: 'give "voice_url" (the URL to ask first) or "serverless" (the answer itself), one of the two',
  },
  {
    what: 'another scheme',
    spec: pivot({ voice_url: 'ftp://app.example.com/' }),
    refused: 'an absolute URL that begins with http:// or https:// is expected',
  },
  {
    what: 'a path for a URL',
    spec: pivot({ voice_url: '/voice' }),
    refused: 'an absolute URL that begins with http:// or https:// is expected',
  },
  {
    what: 'no host in the URL',
    spec: pivot({ voice_url: 'http:///voice' }),
    refused: 'an absolute URL that begins with http:// or https:// is expected',
  },
  {
    what: 'text for a URL',
    spec: pivot({ fallback_url: 'not a url' }),
    refused: 'an absolute URL that begins with http:// or https:// is expected',
  },
  {
    what: 'this machine',
    spec: pivot({ voice_url: 'http://localhost:3000/voice' }),
    refused: 'a URL in a cluster cannot name localhost, a loopback or a link-local address',
    folder: 'valid',
  },
  {
    what: 'a loopback address',
    spec: pivot({ voice_url: 'HTTP://u:p@127.0.0.1/' }),
    refused: 'a URL in a cluster cannot name localhost',
    folder: 'valid',
  },
  {
    what: 'the cloud metadata address',
    spec: pivot({ voice_url: 'http://169.254.169.254/latest' }),
    refused: 'a URL in a cluster cannot name localhost, a loopback or a link-local address',
  },
  {
    what: 'a long URL',
    spec: pivot({ voice_url: `https://a.example/${'a'.repeat(8192)}` }),
    refused: 'Too long: may not be more than 8192',
  },
  {
    what: 'another method',
    spec: pivot({ method: 'put' }),
    refused: 'spec.pivot.method: Unsupported value: "put": supported values: "get", "post", "GET", "POST"',
  },
  {
    what: 'a long timeout',
    spec: pivot({ req_timeout_ms: 5001 }),
    refused: 'spec.pivot.req_timeout_ms in body should be less than or equal to 5000',
  },
  {
    what: 'many retries',
    spec: pivot({ retries: { attempts: 6 } }),
    refused: 'spec.pivot.retries.attempts in body should be less than or equal to 5',
  },
  {
    what: 'retries on and when',
    spec: pivot({ retries: { attempts: 1, on: ['5xx'], when: ['5xx'] } }),
    refused: '"on" and "when" are two names of one field; give one of them',
  },
  {
    what: 'retries on what is none of them',
    spec: pivot({ retries: { attempts: 1, on: ['4xx'] } }),
    refused: 'Unsupported value: "4xx"',
  },
  {
    what: 'a header with value and reference',
    spec: pivot({ custom_request_headers: [{ name: 'X-A', value: 'a', valueFrom: { secretKeyRef: SECRET } }] }),
    refused: 'a header has exactly one of "value" and "valueFrom"',
  },
  {
    what: 'a header without a value',
    spec: pivot({ custom_request_headers: [{ name: 'X-A' }] }),
    refused: 'a header has exactly one of "value" and "valueFrom"',
  },
  {
    what: 'the header Host',
    spec: pivot({ custom_request_headers: [{ name: 'HOST', value: 'a' }] }),
    refused: 'this header belongs to the HTTP connection and cannot be set',
  },
  {
    what: 'no header name',
    spec: pivot({ custom_request_headers: [{ name: 'X A:', value: 'a' }] }),
    refused: 'the name of a header holds letters, digits and dashes, no spaces and no colon',
  },
  {
    what: 'a header twice',
    spec: pivot({
      custom_request_headers: [
        { name: 'X-A', value: 'a' },
        { name: 'X-A', value: 'b' },
      ],
    }),
    refused: 'Duplicate value: {"name":"X-A"}',
    folder: 'valid',
  },
  {
    what: 'headers as an object, as Kazoo 5 has them',
    spec: pivot({ custom_request_headers: { 'X-A': 'a' } }),
    refused: 'unknown field "spec.pivot.custom_request_headers.X-A"',
    folder: 'valid',
  },
  {
    what: 'a reference without a key',
    spec: pivot({ signing: { secretRef: { name: 'app' } } }),
    refused: 'spec.pivot.signing.secretRef.key: Required value',
  },
  {
    what: 'a Secret of another namespace',
    spec: pivot({ signing: { secretRef: { ...SECRET, namespace: 'other' } } }),
    refused: 'unknown field "spec.pivot.signing.secretRef.namespace"',
  },
  {
    what: 'a misspelt setting',
    spec: pivot({ voice_ulr: URL }),
    refused: 'unknown field "spec.pivot.voice_ulr"',
    folder: 'valid',
  },
  {
    what: 'a misspelt field',
    spec: { ...pivot({}), number: ['1'] },
    refused: 'unknown field "spec.number"',
    folder: 'valid',
  },
  {
    what: 'a flow without a module',
    spec: { numbers: ['2030'], flow: { data: {} } },
    refused: 'spec.flow.module: Required value',
  },
  {
    what: 'text for a flow',
    spec: { numbers: ['2030'], flow: 'hangup' },
    refused: 'spec.flow in body must be of type object',
  },
  {
    what: 'a flow that only the operator can judge',
    spec: { numbers: ['2030'], flow: { module: 'nonsense' } },
    folder: 'invalid',
  },
];

const media: readonly Omit<Case, 'kind'>[] = [
  { what: 'a file', spec: { url: 'https://cdn.example.com/a.mp3' } },
  { what: 'a text', spec: { text: 'Hello', language: 'en-GB', voice: 'woman', engine: 'flite' } },
  { what: 'nothing', spec: {}, refused: 'give either "url" (a file) or "text" (to speak), exactly one of the two' },
  {
    what: 'a file and a text',
    spec: { url: URL, text: 'Hello' },
    refused: 'give either "url" (a file) or "text" (to speak), exactly one of the two',
  },
  { what: 'a voice for a file', spec: { url: URL, voice: 'woman' }, refused: '"voice" goes with "text"' },
  {
    what: 'no URL',
    spec: { url: 'a.mp3' },
    refused: 'an absolute URL that begins with http:// or https:// is expected',
  },
  { what: 'a long text', spec: { text: 'a'.repeat(4001) }, refused: 'Too long: may not be more than 4000' },
  {
    what: 'no language',
    spec: { text: 'a', language: 'English please' },
    refused: 'spec.language in body should match',
  },
];

const trunks: readonly Omit<Case, 'kind'>[] = [
  { what: 'one server', spec: { servers: [{ host: 'sip.example.com' }] } },
  {
    what: 'everything',
    spec: {
      servers: [{ host: '192.0.2.1', port: 5061, transport: 'tls', priority: 1, weight: 0 }, { host: '[2001:db8::1]' }],
      credentials: PASSWORD,
      registration: { expiresSeconds: 600, contactUser: 'acme' },
      fromDomain: 'example.com',
      callerId: { default: '+14155550100', allowedPrefixes: ['+1415'] },
      calledFormat: 'national',
      callerFormat: 'withoutPlus',
      countryCode: '1',
      allowedPrefixes: ['+1', '+'],
      inbound: { addresses: ['192.0.2.1', '192.0.2.0/24', '2001:db8::/32'] },
      health: { intervalSeconds: 30, failures: 3 },
      failoverMs: 4000,
      maxCalls: 30,
      enabled: false,
    },
  },
  { what: 'no server', spec: {}, refused: 'spec.servers: Required value' },
  {
    what: 'an empty list of servers',
    spec: { servers: [] },
    refused: 'spec.servers: Invalid value: 0: spec.servers in body should have at least 1 items',
  },
  {
    what: 'a URI for a host',
    spec: { servers: [{ host: 'sip:example.com' }] },
    refused: 'spec.servers[0].host in body should match',
  },
  {
    what: 'a port out of range',
    spec: { servers: [{ host: 'a', port: 65536 }] },
    refused: 'spec.servers[0].port in body should be less than or equal to 65535',
  },
  {
    what: 'another transport',
    spec: { servers: [{ host: 'a', transport: 'sctp' }] },
    refused: 'Unsupported value: "sctp"',
  },
  {
    what: 'registration without credentials',
    spec: { servers: [{ host: 'a' }], registration: {} },
    refused: '"registration" needs "credentials"',
  },
  {
    what: 'a password in the resource',
    spec: { servers: [{ host: 'a' }], credentials: { username: 'a', password: 'b' } },
    refused: 'unknown field "spec.credentials.password"',
  },
  {
    what: 'national numbers of no country',
    spec: { servers: [{ host: 'a' }], calledFormat: 'national' },
    refused: 'the calledFormat "national" needs "countryCode"',
  },
  {
    what: 'a name for an address',
    spec: { servers: [{ host: 'a' }], inbound: { addresses: ['sip.example.com'] } },
    refused: 'an IP address (192.0.2.10) or a network (192.0.2.0/24) is expected',
  },
  {
    what: 'a prefix without plus',
    spec: { servers: [{ host: 'a' }], allowedPrefixes: ['1415'] },
    refused: 'spec.allowedPrefixes[0] in body should match',
  },
];

const users: readonly Omit<Case, 'kind'>[] = [
  {
    what: 'devices',
    spec: {
      devices: ['desk-101', 'mobile-101'],
      ringStrategy: 'single',
      ringSeconds: 30,
      callerId: { number: '101', name: 'Ann' },
    },
  },
  { what: 'a forward', spec: { forward: { to: '+14155550100', when: ['always'] } } },
  { what: 'nothing', spec: {}, refused: 'a user has "devices", or a "forward" to somewhere else' },
  { what: 'a device twice', spec: { devices: ['a', 'a'] }, refused: 'spec.devices[1]: Duplicate value: "a"' },
  { what: 'no device name', spec: { devices: ['Desk 101'] }, refused: 'spec.devices[0] in body should match' },
  {
    what: 'a forward in no case',
    spec: { forward: { to: '101', when: [] } },
    refused: 'spec.forward.when in body should have at least 1 items',
  },
  {
    what: 'a forward to a URI',
    spec: { forward: { to: 'sip:a@b', when: ['busy'] } },
    refused: 'spec.forward.to in body should match',
  },
  {
    what: 'long ringing',
    spec: { devices: ['a'], ringSeconds: 601 },
    refused: 'spec.ringSeconds in body should be less than or equal to 600',
  },
];

const devices: readonly Omit<Case, 'kind'>[] = [
  { what: 'credentials', spec: { credentials: PASSWORD } },
  { what: 'a fixed address', spec: { uri: 'sip:lobby@192.0.2.20:5060;transport=tcp' } },
  {
    what: 'nothing',
    spec: {},
    refused: 'a device has "credentials" (it registers), a "uri" (it is at a fixed address), or both',
  },
  { what: 'no SIP address', spec: { uri: 'https://192.0.2.20' }, refused: 'spec.uri in body should match' },
  {
    what: 'no user name',
    spec: { credentials: { passwordSecretRef: SECRET } },
    refused: 'spec.credentials.username: Required value',
  },
  {
    what: 'too many contacts',
    spec: { credentials: PASSWORD, maxContacts: 11 },
    refused: 'spec.maxContacts in body should be less than or equal to 10',
  },
];

const fleets: readonly Omit<Case, 'kind'>[] = [
  { what: 'nothing: everything has a default', spec: {} },
  {
    what: 'everything',
    spec: {
      baseDomain: 'voice.example.com',
      defaultAccount: 'lobby',
      numberRights: [
        { prefix: '+1415', namespaces: ['acme'] },
        { prefix: '+', namespaces: [] },
        { prefix: '+44', namespaces: ['*'] },
      ],
      limits: { callsPerWorker: 200, callSeconds: 3600 },
      outgoing: { allowPrivate: false, allow: ['10.0.0.0/8', 'app.example.com'], deny: ['*.internal.example.com'] },
      traceUrl: 'https://jaeger.example.com/trace/{traceId}',
    },
  },
  {
    what: 'a prefix twice',
    spec: {
      numberRights: [
        { prefix: '+1', namespaces: ['a'] },
        { prefix: '+1', namespaces: ['b'] },
      ],
    },
    refused: 'Duplicate value: {"prefix":"+1"}',
    folder: 'valid',
  },
  {
    what: 'a base domain with a scheme',
    spec: { baseDomain: 'sip:example.com' },
    refused: 'spec.baseDomain in body should match',
  },
  {
    what: 'a namespace in capitals',
    spec: { defaultAccount: 'Lobby' },
    refused: 'spec.defaultAccount in body should match',
  },
  {
    what: 'a trace URL without the id',
    spec: { traceUrl: 'https://jaeger.example.com/' },
    refused: 'spec.traceUrl in body should match',
  },
  {
    what: 'a network that is none',
    spec: { outgoing: { allow: ['10.0.0.0/99'] } },
    refused: 'an IP address (192.0.2.10), a network (192.0.2.0/24) or a host name (*.example.com) is expected',
  },
  {
    what: 'a URL where a host is expected',
    spec: { outgoing: { deny: ['https://example.com'] } },
    refused: 'an IP address (192.0.2.10), a network (192.0.2.0/24) or a host name (*.example.com) is expected',
  },
  {
    what: 'a limit of none',
    spec: { limits: { callsPerWorker: 0 } },
    refused: 'spec.limits.callsPerWorker in body should be greater than or equal to 1',
  },
];

const of = (kind: string, cases: readonly Omit<Case, 'kind'>[]): Case[] => cases.map((one) => ({ kind, ...one }));

export const CASES: readonly Case[] = [
  ...of('PivotCallflow', callflows),
  ...of('PivotMedia', media),
  ...of('PivotTrunk', trunks),
  ...of('PivotUser', users),
  ...of('PivotDevice', devices),
  ...of('PivotFleet', fleets),
];
