/** Says in some random networks of agents who may bind their address: nobody's binding is to be lost by that. */
import { signDelegation } from '../../core/security/delegation.ts';
import { address } from '../../wire/address.ts';
import { toHex } from '../../wire/hex.ts';
import { ed25519KeyPair, nodeCryptography } from '../crypto.ts';
import type { Dice } from './dice.ts';
import type { Entry } from './random-network.ts';

const PREFIX = { address: address('2001:db8:a::'), length: 48 };
const AUTHORITY = pairOf(0);
/** Seconds since 1970: as long as any run lasts. */
const TIMES = { notBefore: 0, notAfter: 2 ** 40 };

/** Servers and agents show a delegation; agents, and clients that know of bindings, ask for one, or some do not. */
export function delegate(dice: Dice, nodes: Map<string, Entry>): void {
  if (!dice.chance(0.3)) return;
  const authorities = [{ prefix: '2001:db8:a::/48', key: hex(AUTHORITY.publicKey) }];
  for (const [n, [name, node]] of [...nodes].entries()) {
    const { role } = node;
    const shows = role === 'anycast-server' || role === 'anycast-agent';
    const asks = (role === 'anycast-agent' || role === 'correspondent-node') && dice.chance(0.8);
    nodes.set(name, {
      ...node,
      ...(shows && { delegation: delegated(n + 1) }),
      ...(asks && { authorities }),
    });
  }
}

function delegated(fill: number): Entry {
  const { privateKey, publicKey: serverKey } = pairOf(fill);
  const says = { prefix: PREFIX, ...TIMES, serverKey };
  const signed = signDelegation(nodeCryptography.ed25519!, AUTHORITY.privateKey, says);
  return { key: hex(privateKey), signed: hex(signed) };
}

/** A pair of keys that is the same each time. */
function pairOf(fill: number) {
  return ed25519KeyPair(new Uint8Array(32).fill(fill))!;
}

const hex = (octets: Uint8Array) => `hex:${toHex(octets)}`;
