/** What the names of a scenario stand for, and who is asked. */
import { type Address, parseAddress } from '../wire/address.ts';
import type { Names } from './dns/name-server.ts';
import type { Plan, PlannedNode } from './plan.ts';
import { samePrefix } from './scenario/links.ts';
import type { NameServerText } from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

/** The addresses of all name servers, in the order of the file. */
export const nameServersOf = ({ nodes }: Plan): Address[] =>
  nodes.filter(({ role }) => role === 'name-server').map(({ identity }) => identity);

/** What each name server of the file tells, by its name. */
export function namesOf({ nodes }: Scenario, plan: Plan): Map<string, Names> {
  const servers = [...nodes].flatMap(([name, text]) =>
    text.role === 'name-server' ? [[name, toldBy(text, plan)] as const] : [],
  );
  return new Map(servers);
}

function toldBy({ names }: NameServerText, { nodes, links }: Plan): Names {
  const addresses = (text: string): readonly Address[] => {
    const node = nodes.find(({ name }) => name === text);
    // The check has seen to it that it is one of the two.
    return node === undefined ? [parseAddress(text)!] : atTheStart(node, links);
  };
  return new Map(Object.entries(names).map(([name, all]) => [name, all.flatMap(addresses)]));
}

/** Of the addresses that a node will make itself, those of the links that it begins on. */
function atTheStart(node: PlannedNode, links: Plan['links']): readonly Address[] {
  const own = node.interfaces.flatMap(({ link: at }) =>
    links.filter(({ name }) => name === at).flatMap(({ prefixes }) => prefixes),
  );
  const all = addressesOf(node);
  if (node.ownMade === undefined) return all;
  return all.filter((address) => own.some((prefix) => samePrefix(prefix, address)));
}

/** All addresses by which a node may be known; that of its first link first. */
export function addressesOf({ interfaces, identity, ownMade }: PlannedNode): readonly Address[] {
  if (ownMade !== undefined) return ownMade;
  const own = interfaces.flatMap(({ addresses }) => addresses);
  return own.length > 0 ? own : [identity];
}
