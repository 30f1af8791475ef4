/** `careof drain` and `careof undrain`: a server goes away in good order, and the operator sees how far it is. */
import { setTimeout as wait } from 'node:timers/promises';
import type { DrainJson, ServiceJson } from '../daemon/services.ts';
import { readTime } from '../lab/scenario/quantity.ts';
import { CareofError, EXIT } from './careof-error.ts';
import type { HostOptions } from './host.ts';
import { operatorError } from './operator-error.ts';
import { connected } from './running.ts';

export interface DrainOptions extends HostOptions {
  readonly interface?: string;
  readonly limit: string;
}

const LOOK_MS = 250;

/**
 * Waits until no client is left, or the limit has come; 1 where clients could not go elsewhere, or where
 * somebody has called it off.
 */
export async function drain(options: DrainOptions): Promise<number> {
  const limit = readTime(options.limit);
  if (!limit.ok) throw new CareofError('wrong-limit', `--limit ${options.limit}: ${limit.error}`);
  const client = await connected(options);
  try {
    const link = options.interface;
    const word = { do: 'drain', within: limit.value, ...(link !== undefined && { link }) };
    await client.request('command', { command: word });
    for (let before = ''; ; await wait(LOOK_MS)) {
      const service = (await client.request('service')) as ServiceJson;
      const { drain: now } = service;
      if (options.json === true && now?.state !== 'under way') console.log(JSON.stringify(service));
      if (now === undefined) return calledOff(options);
      if (now.state === 'over') return told(now, options);
      const line = progressLine(now);
      if (line === before || options.json === true) continue;
      console.log(`${line}; until the limit ${Math.ceil(now.remaining_s)} s`);
      before = line;
    }
  } catch (cause) {
    throw operatorError(cause);
  } finally {
    client.close();
  }
}

/** The server stays, or is back. */
export async function undrain(options: HostOptions): Promise<number> {
  const client = await connected(options);
  try {
    await client.request('command', { command: { do: 'undrain' } });
    console.log('this server takes clients again');
    return EXIT.ok;
  } catch (cause) {
    throw operatorError(cause);
  } finally {
    client.close();
  }
}

function calledOff({ json }: DrainOptions): number {
  if (json !== true) console.log('somebody has called it off: this server stays');
  return EXIT.failed;
}

function told(drained: DrainJson, { json }: DrainOptions): number {
  if (json !== true) for (const line of endLines(drained)) console.log(line);
  return drained.left === 0 ? EXIT.ok : EXIT.failed;
}

const clients = (many: number): string => `${many} ${many === 1 ? 'client' : 'clients'}`;

/** How far it is. */
export function progressLine({ left, moving }: DrainJson): string {
  return `${clients(left)} here, ${moving} on the way to other servers`;
}

/** What it has come to. */
export function endLines({ left, clients: named }: DrainJson): string[] {
  if (left === 0) return ['drained: no client is left, and no new one comes; this server can go'];
  const more = left > named.length ? [`  and ${left - named.length} more`] : [];
  return [
    `drained, but ${clients(left)} could not go elsewhere, and ${left === 1 ? 'is' : 'are'} told to ask again:`,
    ...named.map((address) => `  ${address}`),
    ...more,
    '  -> their connections end with this server; careof undrain lets it serve on',
  ];
}
