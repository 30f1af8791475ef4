/** Router Advertisements and Mobile Prefix Advertisements of the mobile node items. */
import { type Address, ALL_NODES } from '../../src/wire/address.ts';
import type { LayerInput, NdOptionInput } from '../../src/wire/packet.ts';
import { layerIn, TESTER } from './bench.ts';
import { NotRun } from './items.ts';
import { PREFIXES, ROUTERS } from './mobile-node-addresses.ts';
import type { Memory } from './mobile-node-memory.ts';
import type { Planned } from './mobile-node-plan.ts';
import type { Facts } from './mobile-node-words.ts';

/** Where a step says nothing: longer than any binding. Seconds. */
export const USUAL_LIFETIME = { valid: 86_400, preferred: 14_400 };
/** As long as there may be: nobody advertises again while the items wait. Seconds. */
const ROUTER_LIFETIME = 9000;

interface Advertising {
  readonly memory: Memory;
  readonly facts: Facts;
}
interface Content {
  readonly layers: LayerInput[];
  readonly source?: Address;
  readonly destination?: Address;
  readonly hopLimit?: number;
}

export function routerAdvertisement({ ends }: Planned, { facts }: Advertising): Content {
  const router = ROUTERS[ends!.source];
  if (router === undefined) throw new NotRun(`the router: ${ends!.source}`);
  const isAgent = ends!.source === 'HA0';
  const whole = isAgent || facts.routerAddress;
  const { valid, preferred } = lifetimesOf(facts);
  const linkLayerAddress = Uint8Array.from(TESTER, (letter) => letter.charCodeAt(0));
  const options: NdOptionInput[] = [
    { option: 'source-link-layer-address', linkLayerAddress },
    {
      option: 'prefix-information',
      prefixLength: 64,
      onLink: true,
      autonomous: true,
      routerAddress: whole,
      validLifetime: valid,
      preferredLifetime: preferred,
      prefix: whole ? router.global : PREFIXES[router.link],
    },
  ];
  return {
    layers: [
      {
        layer: 'router-advertisement',
        curHopLimit: 64,
        homeAgent: isAgent && !facts.notHomeAgent,
        routerLifetime: ROUTER_LIFETIME,
        options,
      },
    ],
    source: facts.sharedLinkLocal ? SHARED : router.linkLocal,
    destination: ALL_NODES,
    hopLimit: 255,
  };
}

/** The link-local address of both routers, where the item has them share one. */
const SHARED = ROUTERS.R1!.linkLocal;

export const lifetimesOf = ({ validSeconds, preferredSeconds }: Facts) => ({
  valid: validSeconds ?? USUAL_LIFETIME.valid,
  preferred: Math.min(preferredSeconds ?? USUAL_LIFETIME.preferred, validSeconds ?? Infinity),
});

/** The home agent's word of the home prefix. */
export function prefixAdvertisement({ step }: Planned, { memory, facts }: Advertising): Content {
  const asked = memory.lastSeen('MPS');
  const known = asked && layerIn(asked, 'mobile-prefix-solicitation')?.identifier;
  const unasked = /^unsolicited/.test(step.msg) || facts.strangeIdentifier;
  const identifier = unasked || known === undefined ? 0x4000 + memory.next() : known;
  const { valid, preferred } = lifetimesOf(facts);
  const prefix: NdOptionInput = {
    option: 'prefix-information',
    prefixLength: 64,
    onLink: true,
    autonomous: true,
    routerAddress: true,
    validLifetime: valid,
    preferredLifetime: preferred,
    prefix: ROUTERS.HA0!.global,
  };
  const strange: NdOptionInput[] = facts.strangeOption ? [{ option: 'mtu', mtu: 1400 }] : [];
  const reserved = facts.reserved ? 1 : 0;
  return {
    layers: [
      { layer: 'mobile-prefix-advertisement', identifier, reserved, options: [prefix, ...strange] },
    ],
  };
}
