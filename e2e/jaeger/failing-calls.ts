/** Calls that fail, each in its own way, and where their traces must say so. */
import { answer, gzipBomb, raw } from '../conformance/hostile.ts';
import { callflow, twiml } from '../web.ts';
import type { FailingCall, Places } from './failing-bench.ts';

const MIB = 1024 * 1024;
const TONE = 'tone_stream://%(100,0,440);loops=1';
const FAILBACK = { module: 'play', data: { id: TONE } };

/** Asks a URL for TwiML, and fails back. */
function asks(url: (at: Places) => string, more: object = {}): (at: Places) => object {
  return (at) => ({
    pivot: { voice_url: url(at), method: 'post', req_format: 'twiml', ...more },
    failback: FAILBACK,
  });
}
const own = ({ own: url }: Places): string => url;
const hostile = ({ hostile: url }: Places): string => url;

/** An exchange that fails with this code: the attempt's span says why, the action's that it failed back, the root both. */
function exchange(
  code: string,
  message: RegExp,
  more: FailingCall['place'][1] = {},
): Pick<FailingCall, 'found' | 'root' | 'place'> {
  return {
    found: { 'pivot.error.code': code },
    root: {
      error: true,
      'pivot.result': 'completed',
      'pivot.error.span': 'action pivot',
      'pivot.error.message': message,
    },
    place: ['POST', { 'pivot.error.code': code, 'pivot.error.message': message, 'pivot.exchange': 1, ...more }],
  };
}

/** The web server answers with verbs. */
function says(verbs: string | ((at: Places) => string), more: object = {}): Pick<FailingCall, 'spec' | 'web'> {
  return typeof verbs === 'string'
    ? { spec: asks(own, more), web: { '': twiml(verbs) } }
    : {
        spec: (at) => ({
          flow: {
            module: 'pivot',
            data: { serverless: { flow_doc: `<Response>${verbs(at)}</Response>`, flow_type: 'text/xml' } },
          },
        }),
      };
}

const ROUTES: readonly FailingCall[] = [
  {
    what: 'no callflow answers the number',
    found: { 'pivot.error.code': 'PV-1404', 'pivot.result': 'no-route' },
    root: { 'pivot.sip.status': 404, 'pivot.error.span': 'route' },
    place: ['route', { 'pivot.error.message': /No callflow of account "default" answers/, 'pivot.table.version': /./ }],
  },
  {
    what: 'the callflow refers to one that is not there',
    spec: () => ({ flow: { module: 'callflow', data: { id: 'nowhere' } } }),
    found: { 'pivot.warning.code': 'PV-1605' },
    root: { 'pivot.warning.span': 'action callflow', 'pivot.warning.message': /nowhere/ },
    place: ['action callflow', { 'pivot.callflow.id': 'nowhere' }],
    event: { 'pivot.error.message': /no callflow "nowhere" in account "default"/ },
  },
  {
    what: 'the callflow runs in a circle',
    spec: () => ({ flow: { module: 'callflow', data: { id: 'circle' } } }),
    found: { 'pivot.error.code': 'PV-1603' },
    place: ['action callflow', { 'pivot.callflow.id': 'circle' }],
  },
  {
    what: 'a module of the callflow is not run yet',
    spec: () => ({ flow: { module: 'receive_fax', data: {} } }),
    found: { 'pivot.warning.code': 'PV-1602' },
    root: { 'pivot.warning.span': 'action other' },
    place: ['action other', { 'pivot.action': 'receive_fax' }],
  },
];

const CONNECTIONS: readonly FailingCall[] = [
  {
    what: 'the web server refuses the connection',
    spec: asks(() => 'http://127.0.0.1:1/voice'),
    ...exchange('PV-1203', /127\.0\.0\.1:1\b/, { 'server.port': 1, 'url.full': 'http://127.0.0.1:1/voice' }),
  },
  {
    what: 'the name of the web server does not resolve',
    spec: asks(() => 'http://no-such-host.invalid/voice'),
    ...exchange('PV-1202', /no-such-host\.invalid/, { 'server.address': 'no-such-host.invalid' }),
  },
  {
    what: 'the certificate is for another name',
    spec: asks(({ otherName }) => otherName),
    ...exchange('PV-1205', /certificate|localhost/i),
  },
  { what: 'https is asked of a server without TLS', spec: asks(({ noTls }) => noTls), ...exchange('PV-1205', /TLS/) },
  {
    what: 'the web server does not answer in time',
    spec: asks(own, { req_timeout_ms: 300 }),
    web: { '': 'never' },
    ...exchange('PV-1206', /300 ms/, { 'pivot.webhook.connect_ms': /./, 'pivot.webhook.total_ms': /./ }),
  },
  {
    what: 'the connection is closed before the answer',
    spec: asks(hostile),
    misdeed: raw(''),
    ...exchange('PV-1207', /./),
  },
  {
    what: 'the answer ends early',
    spec: asks(hostile),
    misdeed: raw('HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 999\r\n\r\n<Response>'),
    ...exchange('PV-1208', /./),
  },
  {
    what: 'the answer is no HTTP',
    spec: asks(hostile),
    misdeed: raw('SSH-2.0-OpenSSH\r\n'),
    ...exchange('PV-1209', /./),
  },
  {
    what: 'redirects go round in a circle',
    spec: asks(own),
    web: { '': ({ target }) => ({ status: 302, headers: { location: target }, body: '' }) },
    ...exchange('PV-1216', /./, { 'pivot.webhook.redirects': /302/ }),
  },
  {
    what: 'a redirect leads to an address that is never allowed',
    spec: asks(own),
    web: { '': { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' }, body: '' } },
    ...exchange('PV-1214', /169\.254\.169\.254/),
  },
  {
    what: 'a document leads to an address that is never allowed',
    ...says('<Redirect>http://169.254.169.254/latest/meta-data</Redirect>'),
    ...exchange('PV-1211', /169\.254\.169\.254/, { 'pivot.exchange': 2 }),
  },
];

const ANSWERS: readonly FailingCall[] = [
  {
    what: 'the web server answers 500',
    spec: asks(own),
    web: { '': { status: 500, body: 'oops' } },
    ...exchange('PV-1222', /500/, { 'http.response.status_code': 500 }),
  },
  {
    what: 'the web server answers 404',
    spec: asks(own),
    web: { '': { status: 404, body: 'nothing here' } },
    ...exchange('PV-1221', /404/, { 'http.response.status_code': 404 }),
  },
  {
    what: 'the web server refuses the signature',
    spec: asks(own, { signing: { secretRef: { name: 'app', key: 'signing' } } }),
    web: {
      '': ({ headers }) => ({ status: headers['x-pivot-signature'] === undefined ? 500 : 403, body: 'bad signature' }),
    },
    ...exchange('PV-1221', /403/, { 'http.response.status_code': 403 }),
  },
  {
    what: 'the answer is neither TwiML nor Callflow JSON',
    spec: asks(own),
    web: { '': { headers: { 'content-type': 'text/plain' }, body: 'hello' } },
    ...exchange('PV-1230', /text\/plain/),
  },
  {
    what: 'the answer is declared JSON and looks like XML',
    spec: asks(own),
    web: { '': { headers: { 'content-type': 'application/json' }, body: '<Response/>' } },
    ...exchange('PV-1231', /./),
  },
  {
    what: 'the TwiML is not well-formed',
    spec: asks(own),
    web: { '': { headers: { 'content-type': 'text/xml' }, body: '<Response>\n  <Say>Hi</Sai>\n</Response>' } },
    ...exchange('PV-1235', /Say/, {
      'pivot.error.line': 2,
      'pivot.error.column': 10,
      'pivot.webhook.translator': 'twiml',
    }),
  },
  {
    what: 'the TwiML has a verb that is unknown, and the callflow is strict',
    spec: asks(own, { strict: true }),
    web: { '': twiml('\n<Sing>la</Sing>') },
    ...exchange('PV-1235', /Sing/, { 'pivot.error.line': 2, 'pivot.error.column': 1 }),
    event: { 'pivot.error.code': 'PV-1350', 'pivot.error.message': /Sing/ },
  },
  {
    what: 'the JSON is not well-formed',
    spec: asks(own),
    web: { '': { headers: { 'content-type': 'application/json' }, body: '{"module": "play" "data": {}}' } },
    ...exchange('PV-1236', /./, { 'pivot.error.line': 1, 'pivot.webhook.translator': 'callflow' }),
    event: { event: 'pivot.webhook.json_error', before: '{"module": "play" ', after: '"data": {}}' },
  },
  {
    what: 'the data of an action do not fit its module',
    spec: asks(own),
    web: {
      '': callflow({ module: 'sleep', data: { duration: 1 }, children: { _: { module: 'play', data: { id: 7 } } } }),
    },
    ...exchange('PV-1236', /id/, { 'pivot.error.pointer': '/children/_/data/id' }),
  },
  {
    what: 'a module of the answer is unknown',
    spec: asks(own),
    web: { '': callflow({ module: 'plai', data: {} }) },
    ...exchange('PV-1236', /plai/, { 'pivot.error.pointer': '/module' }),
  },
  {
    what: 'the answer has 10 MB',
    spec: asks(hostile),
    misdeed: answer('text/xml', Buffer.alloc(10 * MIB, ' ')),
    ...exchange('PV-1226', /10485760 bytes, more than the 262144/, { 'http.response.status_code': 200 }),
  },
  {
    what: 'the answer has 100 MB when it is decompressed',
    spec: asks(hostile),
    misdeed: answer('text/xml', gzipBomb(), ['content-encoding: gzip']),
    ...exchange('PV-1227', /./),
  },
  {
    what: 'the answer is corrupt gzip',
    spec: asks(hostile),
    misdeed: answer('text/xml', '<Response/>', ['content-encoding: gzip']),
    ...exchange('PV-1229', /gzip/),
  },
  { what: 'the answer is empty', spec: asks(own), web: { '': { body: ' \n' } }, ...exchange('PV-1225', /./) },
  {
    what: 'the web server answers 204',
    spec: asks(own),
    web: { '': { status: 204, body: '' } },
    ...exchange('PV-1223', /204/),
  },
  {
    what: 'the answer is no UTF-8',
    spec: asks(own),
    web: {
      '': {
        headers: { 'content-type': 'text/xml' },
        body: Buffer.from('<Response><Say>\xff</Say></Response>', 'latin1'),
      },
    },
    ...exchange('PV-1234', /./),
  },
  {
    what: 'the retries and fallback_url fail as well',
    spec: (at) => ({
      pivot: {
        voice_url: at.own,
        method: 'post',
        req_format: 'twiml',
        retries: { attempts: 1, on: ['5xx'] },
        fallback_url: `${at.own}/fallback`,
      },
      failback: FAILBACK,
    }),
    web: { '': { status: 503, body: '' }, '/fallback': { status: 410, body: '' } },
    ...exchange('PV-1221', /410/, { 'pivot.webhook.fallback': true }),
    event: { event: 'pivot.warning', 'pivot.error.code': 'PV-1266', 'pivot.error.message': /PV-1222/ },
  },
  {
    what: 'an exchange fails and there is no failback',
    spec: (at) => ({ pivot: { voice_url: at.own, method: 'post', req_format: 'twiml' } }),
    web: { '': { status: 500, body: 'oops' } },
    found: { 'pivot.error.code': 'PV-1222', 'pivot.result': 'failed' },
    root: {
      'pivot.end.side': 'worker',
      'pivot.end.cause': 'NORMAL_TEMPORARY_FAILURE',
      'pivot.exchange.worst_status': 500,
    },
    place: ['action pivot', { 'pivot.failback': false, 'pivot.error.code': 'PV-1222' }],
  },
  {
    what: 'documents redirect to themselves without end',
    ...says('<Redirect/>'),
    found: { 'pivot.error.code': 'PV-1241' },
    root: { 'pivot.error.span': 'action pivot', 'pivot.error.message': /10 s/ },
    place: ['action pivot', { 'pivot.failback': true }],
  },
  {
    what: 'a Secret that the settings refer to is missing',
    spec: asks(own, {
      custom_request_headers: [{ name: 'X-Api-Key', valueFrom: { secretKeyRef: { name: 'absent', key: 'token' } } }],
    }),
    found: { 'pivot.error.code': 'PV-1242' },
    root: { 'pivot.error.message': /absent/ },
    place: ['action pivot', { 'pivot.error.code': 'PV-1242', 'pivot.failback': true }],
  },
  {
    what: 'the caller gives up while the web server thinks',
    spec: asks(own),
    web: { '': 'never' },
    async act({ web }, call, path) {
      await web.request(path);
      await call.hangup();
    },
    found: { 'pivot.result': 'canceled', 'pivot.end.side': 'caller' },
    place: ['POST', { 'pivot.webhook.aborted': true }],
  },
];

const SOUNDS: readonly FailingCall[] = [
  {
    what: 'there is no such media resource',
    spec: () => ({ flow: { module: 'play', data: { id: 'nowhere' } } }),
    found: { 'pivot.error.code': 'PV-1508' },
    root: { 'pivot.error.span': 'media.play', 'pivot.error.message': /nowhere/ },
    place: ['media.play', { 'pivot.media.outcome': 'failed' }],
  },
  {
    what: 'the sound is not where the document says',
    ...says('<Play>missing.wav</Play>'),
    found: { 'pivot.error.code': 'PV-1502' },
    root: { 'pivot.error.span': 'media.play', 'pivot.error.message': /missing\.wav.*404/ },
    place: ['media.play', { 'pivot.media.outcome': 'failed' }],
  },
  {
    what: 'the sound is neither wav nor mp3',
    spec: (at) => ({ flow: { module: 'play', data: { id: `${at.own}/sound` } } }),
    web: { '/sound': { headers: { 'content-type': 'audio/wav' }, body: 'no sound at all' } },
    found: { 'pivot.error.code': 'PV-1504' },
    place: ['media.play', { 'pivot.media.sound': /sound/, 'pivot.media.outcome': 'failed' }],
  },
  {
    what: 'no engine speaks the language',
    ...says('<Say language="xx-XX">Hi</Say>'),
    found: { 'pivot.warning.code': 'PV-1514' },
    place: ['media.play', { 'pivot.media.kind': 'speech' }],
  },
];

const CALLS_OUT: readonly FailingCall[] = [
  {
    what: 'the SIP address cannot be read',
    ...says('<Dial><Sip>sip:bob@</Sip></Dial>'),
    found: { 'pivot.warning.code': 'PV-2505' },
    root: { 'pivot.warning.span': 'POST', 'pivot.warning.message': /sip:bob@/ },
    place: ['POST', { 'pivot.webhook.translator': 'twiml' }],
    event: { 'pivot.error.code': 'PV-2505', 'pivot.error.line': 1, 'pivot.error.column': 17 },
  },
  {
    what: 'no trunk may call the number',
    ...says('<Dial>+44 20 7183 8750</Dial>'),
    found: { 'pivot.error.code': 'PV-2502', 'pivot.dial.status': 'failed' },
    root: { 'pivot.error.message': /\+44/ },
    place: ['dial.leg', { 'pivot.error.code': 'PV-2502' }],
  },
  {
    what: 'there is no trunk',
    ...says(() => '<Dial>+1 212 555 0101</Dial>'),
    namespace: 'bare',
    found: { 'pivot.error.code': 'PV-2501', 'pivot.account': 'bare' },
    place: ['dial.leg', { 'pivot.error.message': /bare/ }],
  },
  {
    what: 'the trunk answers 503',
    ...says('<Dial>+1 212 555 0103</Dial>'),
    act: async ({ callees }) => (await callees.ringing('+12125550103')).reject(503),
    found: { 'pivot.dial.status': 'failed', 'pivot.dial.sip_status': '503' },
    place: ['INVITE', { 'pivot.sip.status': 503, 'pivot.trunk': 'default/carrier', 'error.type': '503', error: true }],
  },
  {
    what: 'the called side is busy',
    ...says(({ sip }) => `<Dial><Sip>${sip('busy')}</Sip></Dial>`),
    act: async ({ callees }) => (await callees.ringing('busy')).reject(486),
    found: { 'pivot.dial.status': 'busy', 'pivot.dial.sip_status': '486' },
    place: ['dial.leg', { 'pivot.leg.status': 'busy', 'pivot.sip.status': 486, 'pivot.end.cause': 'USER_BUSY' }],
  },
  {
    what: 'nobody answers',
    ...says(({ sip }) => `<Dial timeout="1"><Sip>${sip('asleep')}</Sip></Dial>`),
    act: async ({ callees }) => (await callees.ringing('asleep')).ring(),
    found: { 'pivot.dial.status': 'no-answer' },
    place: ['dial.leg', { 'pivot.leg.status': 'no-answer', 'pivot.end.cause': 'NO_ANSWER' }],
  },
  {
    what: 'the device does not exist',
    ...says('<Dial><Device>nowhere</Device></Dial>'),
    found: { 'pivot.warning.code': 'PV-2507', 'pivot.dial.status': 'failed' },
    root: { 'pivot.warning.message': /nowhere/, 'pivot.warning.span': 'verb Dial' },
    place: ['verb Dial', { 'pivot.dial.status': 'failed' }],
  },
  {
    what: 'the device has not registered',
    ...says('<Dial><Device>away</Device></Dial>'),
    found: { 'pivot.error.code': 'PV-2508' },
    root: { 'pivot.error.message': /away/ },
    place: ['dial.leg', { 'pivot.error.code': 'PV-2508' }],
  },
  {
    what: 'the status callback of a leg is answered with 500',
    ...says(
      ({ sip, own: url }) =>
        `<Dial><Sip statusCallback="${url}/status" statusCallbackEvent="completed">${sip('told')}</Sip></Dial>`,
    ),
    web: { '/status': { status: 500, body: '' } },
    act: async ({ callees }) => (await callees.ringing('told')).reject(486),
    found: { 'pivot.error.code': 'PV-2514' },
    place: ['POST', { 'pivot.webhook.kind': 'status callback', 'http.response.status_code': 500 }],
  },
];

/** What goes wrong after the call. Its spans are found by what they say themselves. */
const AFTERWARDS: readonly FailingCall[] = [
  {
    what: 'the recording cannot be uploaded',
    ...says('<Record recordingUrl="/store" maxLength="1" timeout="0" playBeep="false"/>'),
    found: { 'pivot.error.code': 'PV-1903' },
    by: 'callflow',
    place: ['recording.upload', { 'pivot.error.message': /404/, 'pivot.recording.sid': /^RE/ }],
  },
  {
    what: 'the callback about the recording is answered with 500',
    spec: asks(own),
    web: {
      '': ({ parameters }) =>
        parameters.has('RecordingStatus')
          ? { status: 500, body: '' }
          : twiml('<Record recordingStatusCallback="?" maxLength="1" timeout="0" playBeep="false"/>'),
    },
    found: { 'pivot.error.code': 'PV-1905' },
    by: 'callflow',
    place: ['recording.callback', { 'pivot.error.message': /answered 500/ }],
  },
  {
    what: 'the CDR callback is answered with 500',
    spec: (at) => ({ pivot: { voice_url: at.own, req_format: 'twiml', cdr_url: `${at.own}/cdr` } }),
    web: { '': twiml('<Hangup/>'), '/cdr': { status: 500, body: '' } },
    found: { 'pivot.error.code': 'PV-1222', 'pivot.webhook.kind': 'cdr' },
    place: ['POST', { 'pivot.webhook.kind': 'cdr', 'http.response.status_code': 500 }],
  },
];

export const FAILING_CALLS: readonly FailingCall[] = [
  ...ROUTES,
  ...CONNECTIONS,
  ...ANSWERS,
  ...SOUNDS,
  ...CALLS_OUT,
  ...AFTERWARDS,
];
