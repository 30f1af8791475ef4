/** Asks the Domain Name System as the host is configured to, without waiting for it. */
import { resolve6, reverse } from 'node:dns/promises';
import type { Resolved, ResolveQuestion } from '../core/role.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';

/** @param done is told once, later; of nothing where nobody knows, or nobody answers. */
export function resolve(question: ResolveQuestion, done: (found: Resolved) => void): void {
  const asked = 'name' in question ? addressesOf(question.name) : namesOf(question.address);
  asked.then(done, () => done({ addresses: [], names: [] }));
}

async function addressesOf(name: string): Promise<Resolved> {
  const texts = await resolve6(name);
  const addresses = texts.map(parseAddress).filter((one) => one !== undefined);
  return { addresses, names: [] };
}

async function namesOf(address: Parameters<typeof formatAddress>[0]): Promise<Resolved> {
  return { addresses: [], names: await reverse(formatAddress(address)) };
}
