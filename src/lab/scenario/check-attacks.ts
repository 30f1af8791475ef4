/** Attacks that name what is not there, or packets that cannot be written. */

import { address } from '../../wire/address.ts';
import { craftedPacket } from '../crafted-packet.ts';
import type { Attack, Crafted } from './attacks.ts';
import { nodeNames, unknownName } from './check.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { suggestion } from './nearest.ts';
import { isFixed } from './nodes.ts';
import { readIpv6 } from './quantity.ts';

export function* checkAttack(
  draft: Draft,
  path: Path,
  node: string,
  attack: Attack,
): Generator<Finding> {
  yield* checkAttacker(draft, [...path, 'attack'], node);
  if (attack.do === 'send') yield* checkCrafted(draft, path, node, attack);
  else if (attack.do === 'replay') {
    const named = { to: attack.to, 'udp-source': attack.udpSource };
    for (const [key, text] of Object.entries(named)) {
      if (text === undefined) continue;
      yield* unknownName([...path, 'replay', key], 'node', text, nodeNames(draft));
    }
    const { at } = attack;
    const places = placesOf(draft);
    if (at !== undefined && !places.has(at) && !readIpv6(at).ok) {
      const message = `"${at}" is neither an IPv6 address nor a node: ${suggestion(at, [...places])}`;
      yield { path: [...path, 'replay', 'at'], message };
    }
  } else {
    for (const [key, text] of [
      ['peer', attack.peer],
      ['home', attack.home],
      ['careof', attack.careOf],
    ] as const) {
      const places = placesOf(draft);
      if (places.has(text) || readIpv6(text).ok) continue;
      const message = `"${text}" is neither an IPv6 address nor a node: ${suggestion(text, [...places])}`;
      yield { path: [...path, 'bind', key], message };
    }
  }
}

function* checkAttacker(draft: Draft, path: Path, name: string): Generator<Finding> {
  const attackers = [...draft.nodes].filter(([, node]) => node?.role === 'attacker');
  if (!draft.nodes.has(name)) yield* unknownName(path, 'node', name, nodeNames(draft));
  const role = draft.nodes.get(name)?.role;
  if (role === undefined || role === 'attacker') return;
  const names = attackers.map(([key]) => key).join(', ') || 'add one with role: attacker';
  yield { path, message: `"${name}" has the role ${role}, and an attacker is wanted: ${names}` };
}

/** Any address will do to find out whether the packet can be written. */
const SOME_ADDRESS = address('2001:db8::1');

function* checkCrafted(
  draft: Draft,
  path: Path,
  name: string,
  attack: Crafted,
): Generator<Finding> {
  const { layers, vary, on } = attack;
  const node = draft.nodes.get(name);
  if (on !== undefined && node?.role === 'attacker' && !node.on.includes(on)) {
    const message = `"${name}" is not on "${on}": write ${node.on.join(' or ')}`;
    yield { path: [...path, 'on'], message };
  }
  for (const key of Object.keys(vary)) {
    const fields = fieldNames(layers);
    if (fields.has(key)) continue;
    const message = `is no field of this packet: ${suggestion(key, [...fields])}`;
    yield { path: [...path, 'vary', key], atKey: true, message };
  }
  const places = placesOf(draft);
  const writing = {
    address: (text: string) => (places.has(text) ? SOME_ADDRESS : undefined),
    vary: {},
    index: 0,
    once: true,
  };
  // As it stands, then with what varies, then with what is repeated: a fault shows at its place.
  for (const change of [{}, { vary }, { vary, once: false }]) {
    const packet = craftedPacket(layers, { ...writing, ...change });
    if (packet.ok) continue;
    const place = pathIn(packet.error.path);
    const message = faultText(packet.error.message, valueAt(layers, place.slice(1)), [...places]);
    yield { path: [...path, ...place], message };
    return;
  }
}

/** What is wrong, in the words of the other findings, and what was probably meant. */
function faultText(fault: string, value: unknown, places: readonly string[]): string {
  const names = /^must be one of (.*)$/.exec(fault)?.[1]?.split(', ');
  if (names !== undefined) return `"${value}" is unknown: ${suggestion(String(value), names)}`;
  if (fault.includes('IPv6 address') && typeof value === 'string') {
    return `"${value}" is neither an IPv6 address nor a node: ${suggestion(value, places)}`;
  }
  return fault.replace(/^must be/, 'is not');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? Object(at)[part] : undefined),
    value,
  );
}

/** `layers[1].options[0].spi` as a path below `send`. */
function pathIn(place: string): Path {
  const parts = place.replace(/^layers/, 'send').match(/[^.[\]]+/g) ?? [];
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Names that stand for an address: nodes, and interfaces as NODE.INTERFACE. */
function placesOf(draft: Draft): Set<string> {
  const places = nodeNames(draft);
  for (const name of [...places]) {
    const node = draft.nodes.get(name) ?? draft.nodes.get(name.replace(/-\d+$/, ''));
    if (node === undefined) continue;
    const interfaces = isFixed(node) ? node.on : Object.keys(node.interfaces);
    for (const one of interfaces) places.add(`${name}.${one}`);
  }
  return places;
}

function fieldNames(value: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const one of value) fieldNames(one, names);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      names.add(key);
      fieldNames(one, names);
    }
  }
  return names;
}
