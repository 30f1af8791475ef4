/** What the names of a scenario stand for, and who is asked. */
import { type Address, parseAddress } from '../wire/address.ts';
import type { Names } from './dns/name-server.ts';
import type { Plan, PlannedNode } from './plan.ts';
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

function toldBy({ names }: NameServerText, { nodes }: Plan): Names {
  const addresses = (text: string): readonly Address[] => {
    const node = nodes.find(({ name }) => name === text);
    // The check has seen to it that it is one of the two.
    return node === undefined ? [parseAddress(text)!] : addressesOf(node);
  };
  return new Map(Object.entries(names).map(([name, all]) => [name, all.flatMap(addresses)]));
}

/** All addresses by which a node may be known; that of its first link first. */
export function addressesOf({ interfaces, identity, ownMade }: PlannedNode): readonly Address[] {
  if (ownMade !== undefined) return ownMade;
  const own = interfaces.flatMap(({ addresses }) => addresses);
  return own.length > 0 ? own : [identity];
}
