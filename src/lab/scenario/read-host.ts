/**
 * From the octets of a host's file to what this host is told to be. The file has the schema of a
 * scenario without what happens, and a scenario is taken as it stands: its other sections say
 * nothing to a host.
 */

import { fail, ok, type Result } from '../../wire/result.ts';
import { nodeNames } from './check.ts';
import { type Diagnostic, type Finding, findingsOf } from './diagnostic.ts';
import { HOST, type HostText, isInterfaceName } from './host.ts';
import { suggestion } from './nearest.ts';
import type { NodeText } from './nodes.ts';
import { isFixed, withArticle } from './nodes.ts';
import {
  type Data,
  diagnosed,
  type HostReading,
  isMapping,
  readScenarioData,
  type Scenario,
} from './read.ts';
import { readSource } from './source.ts';

/** A host's file that was read. */
export interface HostFile {
  readonly scenario: Scenario;
  /** The node that this host is, such as `mn-3` where the file has `mn` with a count. */
  readonly node: string;
  /** Its entry in the file. */
  readonly text: NodeText;
  readonly settings: Omit<HostText, 'this'>;
}

export interface HostReadingOptions {
  readonly readKeyFile: (path: string) => Uint8Array;
  /** The node that this host is, whatever the file says (`--node`). */
  readonly node?: string | undefined;
  /** What this host is called: the node of that name is meant where nobody says which. */
  readonly hostname: string;
  /** Why a key may not stand in the file itself; absent where it may. */
  readonly literalKeyFault?: string | undefined;
  /** Keys of all nodes are read: for the lab, where one file is every host's. */
  readonly allKeys?: boolean | undefined;
  /** The key that a host's addresses are made of where its file names none; absent: there is none then. */
  readonly ownKey?: ((node: string) => Uint8Array) | undefined;
}

/** Reads the file of a host; all that is wrong comes back together, in order of place. */
export function readHostFile(
  file: string,
  octets: Uint8Array,
  options: HostReadingOptions,
): Result<HostFile, readonly Diagnostic[]> {
  const source = readSource(octets);
  if (!('data' in source)) {
    return fail(source.map((fault) => ({ file, path: '', ...fault })));
  }
  if (!isMapping(source.data)) {
    const message = 'is no file of a host: a mapping with this, links and nodes is wanted';
    return fail(diagnosed(file, source, [{ path: [], message }]));
  }
  const findings: Finding[] = [];
  const settings = settingsOf(source.data, findings);
  const self = selfOf(source.data, options, findings);
  const { literalKeyFault, ownKey } = options;
  const reading: HostReading = {
    own: self?.from ?? '',
    ...(literalKeyFault !== undefined && { literalKeyFault }),
    ...(options.allKeys === true && { allKeys: true }),
    ...(self !== undefined && ownKey !== undefined && { ownKey: () => ownKey(self.name) }),
  };
  const scenario = readScenarioData(file, source, options.readKeyFile, reading);
  const text = scenario.ok ? scenario.value.nodes.get(reading.own) : undefined;
  if (text !== undefined) findings.push(...checkHost(reading.own, text, settings, scenario));
  const before = scenario.ok ? [] : scenario.error;
  const all = [...diagnosed(file, source, findings), ...before];
  if (all.length > 0 || !scenario.ok) {
    return fail(all.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  return ok({ scenario: scenario.value, node: self!.name, text: text!, settings });
}

type Settings = HostFile['settings'];

function settingsOf(data: Data, findings: Finding[]): Settings {
  const settings: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(HOST)) {
    const read = schema.safeParse(data[key], { reportInput: true });
    if (!read.success) findings.push(...findingsOf(read.error.issues, [key]));
    else if (key !== 'this' && read.data !== undefined) settings[key] = read.data;
  }
  // Each key was read by its own schema.
  return settings as Settings;
}

interface Self {
  readonly name: string;
  /** Its entry in the file. */
  readonly from: string;
}

/** The node that this host is: as `--node` says, else `this:`, else by the host's name, or the only one. */
function selfOf(
  { this: written, nodes }: Data,
  { node, hostname }: HostReadingOptions,
  findings: Finding[],
): Self | undefined {
  if (!isMapping(nodes)) return undefined;
  const all = selves(nodes);
  const wanted = node ?? (typeof written === 'string' ? written : undefined);
  const names = all.map(({ name }) => name);
  if (wanted !== undefined) {
    const found = all.find(({ name }) => name === wanted);
    const message = `"${wanted}" is no node of this file: ${suggestion(wanted, names)}`;
    if (found === undefined) {
      findings.push({ path: node === undefined ? ['this'] : ['nodes'], message });
    }
    return found;
  }
  const found =
    all.find(({ name }) => name === hostname) ?? (all.length === 1 ? all[0] : undefined);
  if (found === undefined && written === undefined) {
    const message = `does not say which of its nodes this host is: write "this: NODE", or say --node NODE (${names.slice(0, 5).join(', ')})`;
    findings.push({ path: [], message });
  }
  return found;
}

function selves(nodes: Data): Self[] {
  return Object.entries(nodes).flatMap(([from, text]) => {
    const count = isMapping(text) && Number.isInteger(text.count) ? text.count : undefined;
    // What is no count the schema tells of.
    const counted = { count: Math.min(Number(count), 10_000) } as NodeText;
    const draft = new Map([[from, count === undefined ? undefined : counted]]);
    return [...nodeNames({ nodes: draft })].map((name) => ({ name, from }));
  });
}

const SILENT: ReadonlySet<string> = new Set(['host', 'router', 'attacker']);

function* checkHost(
  own: string,
  text: NodeText,
  settings: Settings,
  scenario: Result<Scenario, unknown>,
): Generator<Finding> {
  const path = ['nodes', own];
  if (SILENT.has(text.role)) {
    const message = `"${own}" is ${withArticle(text.role)}, which has nothing to run: name a home agent, a mobile node, a correspondent node or an access router`;
    yield { path: [...path, 'role'], message };
    return;
  }
  const links: readonly string[] = isFixed(text) ? text.on : Object.keys(text.interfaces);
  const at = isFixed(text) ? 'on' : 'interfaces';
  const kernel = new Map<string, string>();
  for (const link of links) {
    const named = settings.interfaces?.[link] ?? link;
    if (!isInterfaceName(named)) {
      const message = `"${link}" is no name of an interface (15 letters at most): write interfaces: { ${link}: eth0 } with its own`;
      yield { path: [...path, at], message };
    }
    const other = kernel.get(named);
    if (other !== undefined) {
      const message = `is the interface of "${other}" already: each link has its own`;
      yield { path: ['interfaces', link], message };
    }
    kernel.set(named, link);
  }
  for (const link of Object.keys(settings.interfaces ?? {})) {
    if (links.includes(link) || !scenario.ok || scenario.value.links.has(link)) continue;
    const message = `"${link}" is no link and no interface of "${own}": ${suggestion(link, links)}`;
    yield { path: ['interfaces', link], atKey: true, message };
  }
}
