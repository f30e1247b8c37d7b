import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface PortRange {
  readonly host: string;
  readonly from: number;
  readonly to: number;
}

/** `HOST:PORT`, `:PORT` and `[v6]:PORT`. */
export function hostPort(value: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new InvalidArgumentError('It must be HOST:PORT, like 127.0.0.1:5060.');
  return { host: match[1] ?? (match[2] === '' ? '127.0.0.1' : (match[2] ?? '127.0.0.1')), port };
}

/** `HOST:FROM-TO`. */
export function portRange(value: string): PortRange {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})-(\d{1,5})$/.exec(value);
  const [from, to] = [Number(match?.[3]), Number(match?.[4])];
  if (match === null || from < 1 || to > 65_535 || to - from < 1) {
    throw new InvalidArgumentError('It must be HOST:FROM-TO with FROM below TO, like 127.0.0.1:20000-20999.');
  }
  return { host: match[1] ?? (match[2] === '' ? '127.0.0.1' : (match[2] ?? '127.0.0.1')), from, to };
}

export function ipAddress(value: string): string {
  if (isIP(value) === 0) throw new InvalidArgumentError('It must be an IP address, like 198.51.100.7.');
  return value;
}

export interface ResourceName {
  readonly namespace: string;
  readonly name: string;
}

/** `NAMESPACE/NAME` of a Kubernetes object. */
export function resourceName(value: string): ResourceName {
  const [, namespace, name] = /^([a-z0-9][-a-z0-9]{0,62})\/([a-z0-9][-a-z0-9.]{0,252})$/.exec(value) ?? [];
  if (namespace === undefined || name === undefined)
    throw new InvalidArgumentError('It must be NAMESPACE/NAME, like pivot/pivot-media-worker.');
  return { namespace, name };
}

export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

/** `3s`, `500ms`, `2m`, or seconds; in milliseconds. */
export function duration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value);
  if (match === null) throw new InvalidArgumentError('It must be a time like 3s, 500ms or 2m.');
  return Math.round(Number(match[1]) * ({ ms: 1, s: 1000, m: 60_000 }[match[2] ?? 's'] ?? 1000));
}

export function httpUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new InvalidArgumentError('It must be an http or https URL.');
  return value;
}

/** `wss://HOST:PORT`; `ws:` only where nothing leaves the machine. */
export function webSocketUrl(value: string): string {
  const { protocol, hostname } = URL.canParse(value) ? new URL(value) : { protocol: '', hostname: '' };
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if (protocol !== 'wss:' && !(protocol === 'ws:' && isLoopback))
    throw new InvalidArgumentError('It must be wss://HOST:PORT (ws: only to a loopback address).');
  return value;
}

/** DTMF keys and `w`, `W` for pauses of half a second and a second. */
export function dtmf(value: string): string {
  if (!/^[0-9*#A-Da-dwW]+$/.test(value))
    throw new InvalidArgumentError('It may hold 0-9, *, #, A-D, and w or W to pause.');
  return value;
}

export interface Seconds {
  readonly least: number;
  readonly most: number;
}

/** `60-3600`: seconds. */
export function secondsRange(value: string): Seconds {
  const [, from, to] = /^(\d{1,7})-(\d{1,7})$/.exec(value) ?? [];
  const [least, most] = [Number(from), Number(to)];
  if (from === undefined || least < 1 || most < least)
    throw new InvalidArgumentError('It must be FROM-TO in seconds, like 60-3600.');
  return { least, most };
}
