/** Questions whether a service is there, as a driver asks them for a role. */
import type { Duration } from './time.ts';

/** What is asked for. */
export interface ServiceCheck {
  /** A TCP connection to this port is to stand. */
  readonly port: number;
  /** Then an HTTP request for this path is to be answered with a status of 200 to 399. */
  readonly path?: string;
}

/** A check that is made again and again. */
export interface RepeatedCheck extends ServiceCheck {
  /** So often; one that is not answered when the next is due has failed. */
  readonly every: Duration;
}

/** What became of one. */
export type CheckResult =
  | 'well'
  | 'refused' // nobody listens, or the connection was torn down
  | 'silent' // nothing came in time
  | 'unreachable' // an error of the network
  | 'wrong-answer' // another status, or no HTTP
  | 'not-made'; // this node could not begin: it says nothing of the service

/** An HTTP request of a check. Source: RFC 9112 section 3. */
export function httpRequest(path: string, host: string): Uint8Array {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: careof',
    'Connection: close',
  ];
  return Uint8Array.from(`${lines.join('\r\n')}\r\n\r\n`, (letter) => letter.charCodeAt(0));
}

/** Octets of an answer that tell what it is. */
const STATUS_LINE = 12;

/** What the beginning of an answer says; undefined: more of it is needed. Source: RFC 9112 section 4. */
export function httpResult(octets: Uint8Array): CheckResult | undefined {
  const line = String.fromCharCode(...octets.subarray(0, STATUS_LINE));
  if (line.length < STATUS_LINE) return undefined;
  return /^HTTP\/1\.[01] [23]\d\d$/.test(line) ? 'well' : 'wrong-answer';
}
