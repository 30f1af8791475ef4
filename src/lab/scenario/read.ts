/** From the octets of a scenario file to the scenario, or to all that is wrong with it. */
import type { z } from 'zod';
import type { DelegatedKey } from '../../core/config.ts';
import type { ConstantName } from '../../core/constants.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Duration } from '../../core/time.ts';
import { fail, ok, type Result } from '../../wire/result.ts';
import { keyFault, keysOf } from './authentication.ts';
import { check, countOf, nodeNames } from './check.ts';
import { DelegationReader } from './delegations.ts';
import { type Diagnostic, type Finding, findingsOf, type Path, pathText } from './diagnostic.ts';
import type { Draft, Listed } from './draft.ts';
import {
  type FlowExpectation,
  flowExpectation,
  type NodeExpectation,
  nodeExpectation,
  type PacketExpectation,
  packetExpectation,
} from './expectations.ts';
import { NAME_RULE } from './fields.ts';
import type { LinkText } from './links.ts';
import { isServed, type NodeText } from './nodes.ts';
import { PeerKeyReader, type PeerKeys, type ReadKey } from './peer-keys.ts';
import { event, eventOf, type ScenarioEvent, singleEvents } from './scenario-events.ts';
import { hostFile, NAMED_SECTIONS, scenario as schema } from './schema.ts';
import type { ContentSlaveText } from './service-nodes.ts';
import { readSource, type Source } from './source.ts';
import type { FlowText } from './traffic.ts';

/** A scenario that can be run. */
export interface Scenario {
  readonly file: string;
  readonly title: string;
  readonly seed?: { readonly document: string; readonly figure?: string | undefined };
  readonly random: number;
  readonly links: ReadonlyMap<string, LinkText>;
  readonly nodes: ReadonlyMap<string, NodeText>;
  readonly traffic: ReadonlyMap<string, FlowText>;
  /** In order of time; those of one time in the order of the file. */
  readonly events: readonly ScenarioEvent[];
  readonly expect: {
    readonly flows: ReadonlyMap<string, FlowExpectation>;
    readonly nodes: ReadonlyMap<string, NodeExpectation>;
    readonly packets: readonly PacketExpectation[];
  };
  readonly off: readonly Mechanism[];
  readonly constants: Partial<Record<ConstantName, Duration>>;
  readonly until?: Duration;
  readonly long: boolean;
  /** Keys of the nodes by their place in the file, such as `nodes.mn.auth.rfc4285.key`. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  /** What nodes prove themselves to peers with, by the node's name in the file. */
  readonly peerKeys: ReadonlyMap<string, PeerKeys>;
  /** What nodes show of who lets them bind, by the node's name in the file. */
  readonly delegations: ReadonlyMap<string, DelegatedKey>;
  /** `file:line` of a path in the file, for people who look for an expectation. */
  where(path: Path): string;
}

/**
 * Reads a scenario; all that is wrong comes back together, in order of place. `readKeyFile` gives
 * the octets of a file that `file:` names, and throws where it cannot.
 */
export function readScenario(
  file: string,
  octets: Uint8Array,
  readKeyFile: (path: string) => Uint8Array,
): Result<Scenario, readonly Diagnostic[]> {
  const source = readSource(octets);
  if (!('data' in source)) {
    return fail(source.map((fault) => ({ file, path: '', ...fault })));
  }
  return readScenarioData(file, source, readKeyFile);
}

/** Whose file it is that is read: one entry of `nodes` is this host. */
export interface HostReading {
  readonly own: string;
  /** Keys of all nodes are read: home addresses that are made from keys are known to all then. */
  readonly allKeys?: boolean;
  /** Why a key may not stand in the file itself; absent where it may. */
  readonly literalKeyFault?: string;
  /** The key that this host's addresses are made of where the file names none. */
  readonly ownKey?: () => Uint8Array;
}

/**
 * The same for data that came otherwise than from the text of a file. With `host` it is the file of
 * a host: keys that are none of its own business are not read, and other nodes may be told less of.
 */
export function readScenarioData(
  file: string,
  source: Pick<Source, 'data' | 'position'>,
  readKeyFile: (path: string) => Uint8Array,
  host?: HostReading,
): Result<Scenario, readonly Diagnostic[]> {
  if (!isMapping(source.data)) {
    const message = 'is no scenario: a mapping with title, links, nodes and more is wanted';
    return fail(diagnosed(file, source, [{ path: [], message }]));
  }
  const reader = new Reader(source.data, host);
  const draft = reader.draft();
  const readKey = keyReader(readKeyFile, host);
  const { keys, findings: unread } = readKeys(draft, readKey);
  const peerKeys = new PeerKeyReader(draft, readKey, host?.ownKey);
  const { delegations, findings: unshown } = new DelegationReader(draft, readKey);
  const wrong = [...check(draft), ...unread, ...peerKeys.findings, ...unshown];
  const findings = [...reader.findings, ...wrong];
  if (findings.length > 0) return fail(diagnosed(file, source, findings));
  const scenario = scenarioOf(file, source, reader, draft);
  return ok({ ...scenario, keys, peerKeys: peerKeys.keys, delegations });
}

/** Gives the octets of a key; throws with the reason where there are none to be had. */
function keyReader(
  readKeyFile: (path: string) => Uint8Array,
  host: HostReading | undefined,
): ReadKey {
  return (source) => {
    if (source.kind === 'hex') {
      if (host?.literalKeyFault !== undefined) throw new Error(host.literalKeyFault);
      return source.octets;
    }
    try {
      return readKeyFile(source.path);
    } catch (cause) {
      const message = `"file:${source.path}" cannot be read: ${(cause as Error).message}`;
      throw new Error(message, { cause });
    }
  };
}

export function diagnosed(
  file: string,
  source: Pick<Source, 'position'>,
  findings: readonly Finding[],
): Diagnostic[] {
  const diagnostics = findings.map(({ path, message, atKey }) => ({
    file,
    ...source.position(path, atKey),
    path: pathText(path),
    message,
  }));
  return diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
}

export type Data = { readonly [key: string]: unknown };

export const isMapping = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the sections one by one, so that a fault in one entry hides nothing of the others. */
class Reader {
  readonly findings: Finding[] = [];
  readonly #data: Data;
  readonly #host: HostReading | undefined;

  constructor(data: Data, host: HostReading | undefined) {
    this.#data = data;
    this.#host = host;
    // Only the keys of the file itself: every section is looked at by itself.
    const keys = Object.fromEntries(Object.keys(data).map((key) => [key, undefined]));
    const result = (host === undefined ? schema : hostFile).safeParse(keys);
    const unknown = result.error?.issues.filter(({ code }) => code === 'unrecognized_keys') ?? [];
    this.findings.push(...findingsOf(unknown, []));
  }

  draft(): Draft {
    const until = this.section('until');
    const links = this.#entries('links');
    const nodes = this.#entries('nodes');
    const traffic = this.#entries('traffic');
    const events = this.#list(['events'], this.#data.events, event);
    const expected = this.#expectations(traffic, nodeNames({ nodes }));
    for (const name of ['title', 'seed', 'random', 'off', 'constants', 'long'] as const) {
      const untitled = name === 'title' && this.#host !== undefined && !('title' in this.#data);
      if (!untitled) this.section(name, true);
    }
    return {
      links,
      nodes,
      traffic,
      events: events.map(({ index, value }) => ({ index, value: eventOf(value) })),
      ...(until !== undefined && { until }),
      ...(this.#host !== undefined && {
        own: this.#host.own,
        allKeys: this.#host.allKeys === true,
      }),
      ...expected,
    };
  }

  /** A section as a whole; findings are kept only the first time, with `report`. */
  section<K extends keyof typeof schema.shape>(
    name: K,
    report = false,
  ): z.output<(typeof schema.shape)[K]> | undefined {
    const result = schema.shape[name].safeParse(this.#data[name], { reportInput: true });
    if (result.success) return result.data as z.output<(typeof schema.shape)[K]>;
    if (report || name === 'until') this.findings.push(...findingsOf(result.error.issues, [name]));
    return undefined;
  }

  #entries<K extends keyof typeof NAMED_SECTIONS>(
    section: K,
  ): Map<string, z.output<(typeof NAMED_SECTIONS)[K]> | undefined> {
    const entries = new Map<string, z.output<(typeof NAMED_SECTIONS)[K]> | undefined>();
    const data = this.#data[section];
    if (data === undefined && section === 'traffic') return entries;
    if (!isMapping(data) || Object.keys(data).length === 0) {
      this.findings.push({ path: [section], message: emptySection(section, data) });
      return entries;
    }
    for (const [name, value] of Object.entries(data)) {
      if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
        const message = `"${name}" is not a name: ${NAME_RULE}`;
        this.findings.push({ path: [section, name], message, atKey: true });
      }
      // The section decides the type; TypeScript cannot follow it through the index.
      const entry = this.#read<z.ZodType>(NAMED_SECTIONS[section], value, [section, name]);
      entries.set(name, entry as z.output<(typeof NAMED_SECTIONS)[K]> | undefined);
    }
    return entries;
  }

  #list<T extends z.ZodType>(path: Path, data: unknown, schema: T): Listed<z.output<T>>[] {
    if (data === undefined) return [];
    if (!Array.isArray(data)) {
      this.findings.push({ path, message: 'is not a list: begin each entry with "- "' });
      return [];
    }
    return data.flatMap((entry, index) => {
      const value = this.#read(schema, entry, [...path, index]);
      return value === undefined ? [] : [{ index, value }];
    });
  }

  #expectations(
    traffic: Draft['traffic'],
    nodes: ReadonlySet<string>,
  ): Pick<Draft, 'flows' | 'stations' | 'packets' | 'strangers'> {
    const data = this.#data.expect ?? {};
    const flows = new Map<string, FlowExpectation | undefined>();
    const stations = new Map<string, NodeExpectation | undefined>();
    const strangers: string[] = [];
    if (!isMapping(data)) {
      const message = 'is not expectations: flows and nodes by name, such as mn: { bindings: 1 }';
      this.findings.push({ path: ['expect'], message });
      return { flows, stations, packets: [], strangers };
    }
    const packets = this.#list(['expect', 'packets'], data.packets, packetExpectation);
    for (const [name, value] of Object.entries(data)) {
      if (name === 'packets') continue;
      const path = ['expect', name];
      if (traffic.has(name)) flows.set(name, this.#read(flowExpectation, value, path));
      else if (nodes.has(name)) stations.set(name, this.#read(nodeExpectation, value, path));
      else strangers.push(name);
    }
    return { flows, stations, packets, strangers };
  }

  #read<T extends z.ZodType>(schema: T, value: unknown, path: Path): z.output<T> | undefined {
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    const findings = findingsOf(result.error.issues, path);
    // Where a key is wrong, what the whole lacks is only that key by its right name.
    const wrongKey = findings.some(({ atKey }) => atKey);
    const whole = ({ path: { length } }: Finding) => length === path.length;
    this.findings.push(...findings.filter((finding) => !(wrongKey && whole(finding))));
    return undefined;
  }
}

function emptySection(section: string, data: unknown): string {
  const example = {
    links: 'home: { prefix: 2001:db8:1::/64 }',
    nodes: 'cn: { role: correspondent-node, on: [home] }',
    traffic: 'ping: { protocol: udp, from: cn, to: mn, ... }',
  }[section];
  if (data === undefined) {
    return `are missing (is the file cut off?): write ${section}: and below it ${example}`;
  }
  return `are not entries by name: write below it such lines as ${example}`;
}

function readKeys(
  draft: Draft,
  readKey: ReadKey,
): { keys: Map<string, Uint8Array>; findings: Finding[] } {
  const keys = new Map<string, Uint8Array>();
  const findings: Finding[] = [];
  for (const [name, node] of draft.nodes) {
    if (node === undefined || !('auth' in node) || !knowsKeysOf(draft, name, node)) continue;
    for (const text of keysOf(name, node.auth)) {
      const { path, source } = text;
      try {
        const key = readKey(source);
        keys.set(pathText(path), key);
        const fault = keyFault(text, key);
        if (fault !== undefined) findings.push(fault);
      } catch (cause) {
        findings.push({ path, message: (cause as Error).message });
      }
    }
  }
  return { keys, findings };
}

/** Is a slave's key for this host too: is it one of the servers of that address? */
function serves({ own, nodes }: Draft, name: string, { master }: ContentSlaveText): boolean {
  if (own === undefined || own === name || own === master) return true;
  const self = nodes.get(own);
  return self?.role === 'content-slave' && self.master === master;
}

type KeyedText = Extract<NodeText, { auth?: unknown }>;

/** Are a node's keys for this host too: is it that node, or one that it registers with? */
function knowsKeysOf(draft: Draft, name: string, node: KeyedText): boolean {
  const { own, nodes } = draft;
  if (node.role === 'content-slave') return serves(draft, name, node);
  if (own === undefined || own === name) return true;
  const self = nodes.get(own);
  if (node.role === 'anycast-server') {
    return self !== undefined && 'service' in self && self.service === node.service;
  }
  return self?.role === 'home-agent' && isServed(node, own, self);
}

function scenarioOf(
  file: string,
  source: Pick<Source, 'position'>,
  reader: Reader,
  draft: Draft,
): Omit<Scenario, 'keys' | 'peerKeys' | 'delegations'> {
  const seed = reader.section('seed');
  // Without findings every entry was read, so the maps hold no `undefined` any more.
  return {
    file,
    title: reader.section('title') ?? '',
    ...(seed !== undefined && { seed }),
    random: reader.section('random') ?? 1,
    links: draft.links as ReadonlyMap<string, LinkText>,
    nodes: draft.nodes as ReadonlyMap<string, NodeText>,
    traffic: draft.traffic as ReadonlyMap<string, FlowText>,
    events: draft.events
      .flatMap(({ value }) => singleEvents(value, (name) => countOf(draft.nodes.get(name))))
      .sort((a, b) => a.at - b.at),
    expect: {
      flows: draft.flows as ReadonlyMap<string, FlowExpectation>,
      nodes: draft.stations as ReadonlyMap<string, NodeExpectation>,
      packets: draft.packets.map(({ value }) => value),
    },
    off: reader.section('off') ?? [],
    constants: reader.section('constants') ?? {},
    ...(draft.until !== undefined && { until: draft.until }),
    long: reader.section('long') ?? false,
    where: (path) => `${file}:${source.position(path).line}`,
  };
}
