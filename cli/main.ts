import { Command, CommanderError, Option } from 'commander';
import { cliCodes } from '../crds/errors/cli.ts';
import { PivotError } from '../crds/errors/fault.ts';
import { DIGEST_OFFERS } from '../media-worker/admission/digest.ts';
import { INBOUND_MODES, type InboundMode } from '../media-worker/admission/inbound-mode.ts';
import { PRODUCT_VERSION } from '../runtime/version.ts';
import {
  dtmf,
  duration,
  hostPort,
  httpUrl,
  ipAddress,
  portRange,
  positiveInteger,
  resourceName,
  secondsRange,
  webSocketUrl,
} from './options.ts';

/** Collects a repeatable option. */
function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Options about recordings, the same wherever calls are taken. */
function recordingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--recordings <dir>',
        'folder for recordings, which FreeSWITCH sees too; else `recordings` in --data',
      ).env('PIVOT_RECORDINGS'),
    )
    .addOption(
      new Option(
        '--recording-store <url>',
        'keep recordings in s3://BUCKET/PREFIX; address, region and credentials by the AWS_* variables',
      ).env('PIVOT_RECORDING_STORE'),
    )
    .addOption(
      new Option('--public-url <url>', 'what RecordingUrl begins with; else the address of --http')
        .argParser(httpUrl)
        .env('PIVOT_PUBLIC_URL'),
    );
}

/** Whose calls are taken. */
function inboundOption(usual: InboundMode): Option {
  return new Option(
    '--inbound <whose>',
    'authenticated: take calls of devices that show their password, and of trunks by their addresses; open: of everybody',
  )
    .choices(INBOUND_MODES)
    .env('PIVOT_INBOUND')
    .default(usual);
}

function digestOption(): Option {
  return new Option('--digest <how>', 'algorithms by which devices are asked for their password')
    .choices(DIGEST_OFFERS)
    .env('PIVOT_DIGEST')
    .default('md5');
}

/** Options about telephones that register. */
function registrationsOption(): Option {
  return new Option('--registrations <from-to>', 'seconds that telephones may register for; shorter ones are told 423')
    .argParser(secondsRange)
    .env('PIVOT_REGISTRATIONS')
    .default(secondsRange('60-3600'), '60-3600');
}

/** No `argParser`: what is wrong would be shown with the password. */
function redisOption(): Option {
  return new Option(
    '--redis <url>',
    'redis://[USER:PASSWORD@]HOST:PORT of the Redis or Valkey by which workers know of each other; else each is alone',
  ).env('PIVOT_REDIS');
}

function peerAddressOption(): Option {
  return new Option(
    '--peer-address <host:port>',
    'where other workers that share the Redis reach its SIP over UDP; else what drachtio-server says',
  )
    .argParser(hostPort)
    .env('PIVOT_PEER_ADDRESS');
}

function redisPrefixOption(): Option {
  return new Option('--redis-prefix <text>', 'before every key in it, where others use it too')
    .env('PIVOT_REDIS_PREFIX')
    .default('pivot:');
}

function upCommand(): Command {
  return recordingOptions(new Command('up'))
    .description('run everything on this machine: manifests from a folder, media worker, softswitch, debug API')
    .argument('[path...]', 'files or folders of YAML manifests, watched for changes', ['examples/'])
    .addOption(
      new Option('--sip <host:port>', 'where phones call, UDP and TCP; port 0 takes a free one')
        .argParser(hostPort)
        .default(hostPort('127.0.0.1:5060'), '127.0.0.1:5060'),
    )
    .addOption(
      new Option('--rtp <host:from-to>', 'UDP ports for sound')
        .argParser(portRange)
        .default(portRange('127.0.0.1:20000-20999'), '127.0.0.1:20000-20999'),
    )
    .addOption(
      new Option('--http <host:port>', 'Live Debug page, debug API, health and metrics')
        .argParser(hostPort)
        .default(hostPort('127.0.0.1:8080'), '127.0.0.1:8080'),
    )
    .addOption(
      new Option(
        '--http-name <name>',
        'a name of this machine that browsers may use, beside localhost; may be repeated',
      )
        .argParser(several)
        .default([]),
    )
    .addOption(
      new Option(
        '--external-address <ip>',
        'what the softswitch tells callers in SIP and SDP, behind NAT; else where it listens',
      )
        .argParser(ipAddress)
        .env('PIVOT_EXTERNAL_ADDRESS'),
    )
    .addOption(
      new Option(
        '--drachtio <host:port>',
        'use this drachtio-server instead of the softswitch (with --freeswitch)',
      ).argParser(hostPort),
    )
    .addOption(new Option('--drachtio-secret <secret>', 'its secret').env('PIVOT_DRACHTIO_SECRET').default('cymru'))
    .addOption(
      new Option(
        '--freeswitch <host:port>',
        'use the FreeSWITCH with this event socket instead of the softswitch',
      ).argParser(hostPort),
    )
    .addOption(
      new Option('--freeswitch-secret <secret>', "its event socket's password")
        .env('PIVOT_FREESWITCH_SECRET')
        .default('ClueCon', 'ClueCon'),
    )
    .addOption(
      new Option(
        '--event-socket-address <address>',
        'address of this machine that FreeSWITCH connects back to',
      ).default('127.0.0.1'),
    )
    .addOption(
      new Option(
        '--otlp <url>',
        'send traces to this OTLP/HTTP receiver; the standard OTEL_* variables count too',
      ).argParser(httpUrl),
    )
    .addOption(new Option('--data <dir>', 'folder for cached sound and recordings').default('data/'))
    .addOption(inboundOption('open'))
    .addOption(digestOption())
    .addOption(registrationsOption())
    .addOption(redisOption())
    .addOption(redisPrefixOption())
    .addOption(peerAddressOption())
    .addOption(new Option('--max-calls <n>', 'calls at once; more get 503').argParser(positiveInteger).default(200))
    .addOption(
      new Option(
        '--deny <what>',
        'refuse webhooks and media from a network, a host, or "private" (loopback and private addresses); may be repeated',
      )
        .argParser(several)
        .default([]),
    )
    .addOption(
      new Option('--allow <what>', 'a private network or host that is allowed all the same; may be repeated')
        .argParser(several)
        .default([]),
    )
    .addOption(
      new Option('--grace <time>', 'how long calls may go on after SIGTERM').argParser(duration).default(60_000, '60s'),
    )
    .addOption(
      new Option('--log <level>', 'JSON log on standard error')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('warn'),
    )
    .option('--quiet', 'do not print what calls do')
    .action(async (paths: string[], options) => {
      const { up } = await import('./up.ts');
      process.exitCode = await up(paths, options);
    });
}

function operatorCommand(): Command {
  return new Command('operator')
    .description(
      'run in a Kubernetes cluster: resources of the API server to the routing table, to media workers, to statuses and events',
    )
    .addOption(
      new Option(
        '--kubeconfig <file>',
        "how to reach the API server; else $KUBECONFIG, ~/.kube/config, the pod's ServiceAccount",
      ),
    )
    .addOption(new Option('--namespace <name>', 'its own namespace, for the Lease of the leader').env('POD_NAMESPACE'))
    .addOption(
      new Option('--identity <text>', 'by which others know who leads; a random part is added').env('PIVOT_IDENTITY'),
    )
    .addOption(
      new Option('--http <host:port>', 'Live Debug page, debug API, health, readiness and metrics')
        .argParser(hostPort)
        .env('PIVOT_HTTP')
        .default(hostPort('127.0.0.1:8081'), '127.0.0.1:8081'),
    )
    .addOption(
      new Option('--pod <name>', 'its own Pod: it carries the label pivot.voice/leader while it leads').env('POD_NAME'),
    )
    .addOption(
      new Option('--pod-selector <selector>', 'label selector of all operator Pods; the others lose that label')
        .env('PIVOT_POD_SELECTOR')
        .default('app.kubernetes.io/name=pivot,app.kubernetes.io/component=operator'),
    )
    .addOption(
      new Option('--stream <host:port>', 'where the leader serves the routing table to media workers')
        .argParser(hostPort)
        .env('PIVOT_STREAM')
        .default(hostPort('0.0.0.0:8443'), '0.0.0.0:8443'),
    )
    .addOption(
      new Option('--stream-tls <dir>', 'folder with tls.crt and tls.key; read anew when they change').env(
        'PIVOT_STREAM_TLS',
      ),
    )
    .addOption(new Option('--stream-insecure', 'no TLS; on a loopback address only, for trying out'))
    .addOption(
      new Option('--stream-audience <text>', 'audience for which the tokens of workers are made')
        .env('PIVOT_STREAM_AUDIENCE')
        .default('pivot-operator'),
    )
    .addOption(
      new Option('--worker-account <namespace/name>', 'the only ServiceAccount whose tokens are let in')
        .argParser(resourceName)
        .env('PIVOT_WORKER_ACCOUNT'),
    )
    .addOption(new Option('--fleet <name>', 'the PivotFleet that counts').env('PIVOT_FLEET').default('default'))
    .addOption(
      new Option('--fleet-spec <file>', 'manifest of the PivotFleet, which is applied before anything else').env(
        'PIVOT_FLEET_SPEC',
      ),
    )
    .addOption(
      new Option(
        '--snapshot-secrets <prefix>',
        'keep the table in Secrets PREFIX-0 … for workers that start without an operator; off: do not',
      )
        .env('PIVOT_SNAPSHOT_SECRETS')
        .default('pivot-table'),
    )
    .addOption(
      new Option('--allow-shrink', 'publish a table even if most numbers would go at once').env('PIVOT_ALLOW_SHRINK'),
    )
    .addOption(
      new Option('--base-domain <domain>', 'a call to NAMESPACE.DOMAIN belongs to the account NAMESPACE').env(
        'PIVOT_BASE_DOMAIN',
      ),
    )
    .addOption(
      new Option('--default-account <namespace>', 'account of calls that name no other')
        .env('PIVOT_DEFAULT_ACCOUNT')
        .default('default'),
    )
    .addOption(
      new Option('--allow-loopback-urls', 'accept callflows whose web server is on loopback, for trying out').env(
        'PIVOT_ALLOW_LOOPBACK_URLS',
      ),
    )
    .addOption(
      new Option('--leader-election <switch>', 'off: leads without asking; for a single replica')
        .choices(['on', 'off'])
        .env('PIVOT_LEADER_ELECTION')
        .default('on'),
    )
    .addOption(
      new Option(
        '--jaeger <url>',
        'query service of the Jaeger that has the traces, for the Live Debug page and the debug API',
      )
        .argParser(httpUrl)
        .env('PIVOT_JAEGER'),
    )
    .addOption(
      new Option('--jaeger-service <name>', "service.name of the media workers' traces")
        .env('PIVOT_JAEGER_SERVICE')
        .default('pivot-media-worker'),
    )
    .addOption(
      new Option('--log <level>', 'JSON log on standard error')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .env('PIVOT_LOG')
        .default('info'),
    )
    .action(async (options) => {
      const { runOperator } = await import('./operator.ts');
      process.exitCode = await runOperator(options);
    });
}

function mediaWorkerCommand(): Command {
  return recordingOptions(new Command('media-worker'))
    .description('run in a Kubernetes cluster: take calls by the routing table of an operator')
    .addOption(
      new Option('--operator <url>', "wss://HOST:PORT of the operator's table stream")
        .argParser(webSocketUrl)
        .env('PIVOT_OPERATOR')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--operator-ca <file>', "whom to trust as operator, PEM; else the system's certificates").env(
        'PIVOT_OPERATOR_CA',
      ),
    )
    .addOption(
      new Option('--operator-token <file>', 'its token for the operator; read anew for each connection').env(
        'PIVOT_OPERATOR_TOKEN',
      ),
    )
    .addOption(
      new Option('--name <name>', "its name; what the token says goes before it; else the host's name").env('POD_NAME'),
    )
    .addOption(new Option('--node <name>', 'the node on which it runs, shown to people').env('NODE_NAME'))
    .addOption(
      new Option('--data <dir>', 'folder for the last good routing table, sounds and recordings')
        .env('PIVOT_DATA')
        .default('data/'),
    )
    .addOption(
      new Option(
        '--snapshots <dir>',
        'folder into which the snapshot Secrets are mounted, for a start without an operator',
      ).env('PIVOT_SNAPSHOTS'),
    )
    .addOption(
      new Option('--sounds <dir>', 'folder for sounds that FreeSWITCH sees too; else `sounds` in --data').env(
        'PIVOT_SOUNDS',
      ),
    )
    .addOption(
      new Option('--sip <host:port>', 'where calls come in when the softswitch takes them, UDP and TCP')
        .argParser(hostPort)
        .env('PIVOT_SIP')
        .default(hostPort('127.0.0.1:5060'), '127.0.0.1:5060'),
    )
    .addOption(
      new Option('--rtp <host:from-to>', "the softswitch's UDP ports for sound")
        .argParser(portRange)
        .env('PIVOT_RTP')
        .default(portRange('127.0.0.1:20000-29999'), '127.0.0.1:20000-29999'),
    )
    .addOption(
      new Option(
        '--external-address <ip>',
        'what the softswitch tells callers in SIP and SDP, behind NAT; else where it listens',
      )
        .argParser(ipAddress)
        .env('PIVOT_EXTERNAL_ADDRESS'),
    )
    .addOption(
      new Option('--drachtio <host:port>', 'the drachtio-server to use instead of the softswitch (with --freeswitch)')
        .argParser(hostPort)
        .env('PIVOT_DRACHTIO'),
    )
    .addOption(new Option('--drachtio-secret <secret>', 'its secret').env('PIVOT_DRACHTIO_SECRET').default('cymru'))
    .addOption(
      new Option('--freeswitch <host:port>', "the FreeSWITCH to use, its event socket's address")
        .argParser(hostPort)
        .env('PIVOT_FREESWITCH'),
    )
    .addOption(
      new Option('--freeswitch-secret <secret>', "its event socket's password")
        .env('PIVOT_FREESWITCH_SECRET')
        .default('ClueCon', 'ClueCon'),
    )
    .addOption(
      new Option('--event-socket-address <address>', 'address of this process that FreeSWITCH connects back to')
        .env('PIVOT_EVENT_SOCKET_ADDRESS')
        .default('127.0.0.1'),
    )
    .addOption(
      new Option('--http <host:port>', 'health, readiness and metrics')
        .argParser(hostPort)
        .env('PIVOT_HTTP')
        .default(hostPort('127.0.0.1:8080'), '127.0.0.1:8080'),
    )
    .addOption(
      new Option(
        '--otlp <url>',
        'send traces to this OTLP/HTTP receiver; the standard OTEL_* variables count too',
      ).argParser(httpUrl),
    )
    .addOption(inboundOption('authenticated'))
    .addOption(digestOption())
    .addOption(registrationsOption())
    .addOption(redisOption())
    .addOption(redisPrefixOption())
    .addOption(peerAddressOption())
    .addOption(
      new Option('--max-calls <n>', 'calls at once; more get 503').argParser(positiveInteger).env('PIVOT_MAX_CALLS'),
    )
    .addOption(
      new Option('--deny <what>', 'refuse requests to a network, a host, or "private"; may be repeated')
        .argParser(several)
        .default([]),
    )
    .addOption(
      new Option('--allow <what>', 'a private network or host that is allowed all the same; may be repeated')
        .argParser(several)
        .default([]),
    )
    .addOption(
      new Option('--allow-loopback-urls', 'take callflows whose web server is on loopback, for trying out').env(
        'PIVOT_ALLOW_LOOPBACK_URLS',
      ),
    )
    .addOption(
      new Option('--drain-delay <time>', 'how long new calls are still taken after SIGTERM')
        .argParser(duration)
        .env('PIVOT_DRAIN_DELAY')
        .default(5_000, '5s'),
    )
    .addOption(
      new Option('--grace <time>', 'how long calls may go on after that')
        .argParser(duration)
        .env('PIVOT_GRACE')
        .default(3_600_000, '60m'),
    )
    .addOption(
      new Option('--log <level>', 'JSON log on standard error')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .env('PIVOT_LOG')
        .default('info'),
    )
    .action(async (options) => {
      const { runMediaWorker } = await import('./media-worker.ts');
      process.exitCode = await runMediaWorker(options);
    });
}

function validateCommandLine(): Command {
  return new Command('validate')
    .description(
      'check manifests (.yaml), TwiML (.xml) and Callflow JSON (.json): every fault as FILE:LINE:COLUMN CODE message',
    )
    .argument('<path...>', 'files or folders')
    .addOption(new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (paths: string[], options: { output: 'text' | 'json' }) => {
      const { validateCommand } = await import('./validate.ts');
      process.exitCode = await validateCommand(paths, options, process);
    });
}

function callCommand(): Command {
  return new Command('call')
    .description('place a real SIP call to a running `pivot up` without a phone, and print what happens')
    .argument('<number>', 'the number to call')
    .addOption(
      new Option('--sip <host:port>', 'where to call')
        .argParser(hostPort)
        .default(hostPort('127.0.0.1:5060'), '127.0.0.1:5060'),
    )
    .addOption(new Option('--transport <name>', 'SIP over').choices(['udp', 'tcp']).default('udp'))
    .addOption(new Option('--from <number>', "the caller's number").default('+15550100'))
    .addOption(
      new Option(
        '--press <digits>',
        'keys to press when a prompt or gather is waiting; w pauses half a second; repeated: for the next one',
      )
        .argParser((value: string, before: readonly string[] = []) => several(dtmf(value), before))
        .default([]),
    )
    .addOption(new Option('--hangup-after <time>', 'hang up so long after the answer').argParser(duration))
    .addOption(new Option('--record <file>', 'write what the caller heard to this wav file'))
    .addOption(new Option('--output <form>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (number: string, options) => {
      const { call } = await import('./call.ts');
      process.exitCode = await call(number, options);
    });
}

/** The `pivot` command. Sets `process.exitCode`; prints one clear line when something is wrong. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('pivot')
    .description('Programmable voice: a web application decides, while a call is going on, what the call does next.')
    .version(PRODUCT_VERSION)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `${text
            .trim()
            .replace(/^error: /, `${cliCodes.badOption.code} `)
            .replace(/\.$/, '')}; see --help\n`,
        ),
    });
  for (const command of [upCommand(), operatorCommand(), mediaWorkerCommand(), validateCommandLine(), callCommand()]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof PivotError) {
      console.error(error.message);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}
