/** What the mobile node items ask of the implementation, and the node that is made for them. */
import type { NodeConfig } from '../../src/core/config.ts';
import { seconds } from '../../src/core/time.ts';
import { type Item, NotRun } from './items.ts';
import { HOME, HOME_AGENT } from './mobile-node-addresses.ts';

/** A need, and why it is not met; undefined where it is. */
const NEEDS: readonly (readonly [RegExp, string | undefined])[] = [
  [/^Function of IKE(?:v1)?: YES$/, 'asks for IKEv1'],
  [/^NUT sets K flag .*: YES$/, 'asks for IKEv1'],
  [/^NUT sets A flag .* CN: NO$/, 'asks for updates without A flag: peers are asked to answer'],
  [/^NUT discriminates |^done: CN0|^none: CN1/, 'asks for peers that are left out by their names'],
  [/^NUT transmits DHAAD-request on Home Link: YES$/, 'asks for discovery at home: none is needed'],
  [/^Function of (?:RR: (?:YES|NO)|Real Home Link: YES|Mobile to Mobile: YES)$/, undefined],
  [
    /^Function of (?:Mobile Prefix Discovery|Dynamic Home Agent Address Discovery): YES$/,
    undefined,
  ],
  [/^NUT re-transmits .*YES(?:\/NO)?$/, undefined],
  [/^NUT re-registers with CN: (?:YES|NO)$|^NUT accepts BRR: YES$/, undefined],
  [/^NUT sets (?:A flag .*: YES|K flag .*: NO)$/, undefined],
  [/^NUT (?:has home prefix and )?creates HoA with RFC2462.*: YES$/, undefined],
];

/** Throws `NotRun` where the item asks for what careof is not. */
export function configFor({ needs, steps }: Item): NodeConfig {
  for (const need of needs) {
    const found = NEEDS.find(([pattern]) => pattern.test(need));
    if (found === undefined) throw new NotRun(`the need: ${need}`);
    if (found[1] !== undefined) throw new NotRun(found[1]);
  }
  const discovers = steps.some(({ msg }) => msg === 'DHAAD-request');
  return {
    name: 'mn',
    mobileNode: {
      home: HOME,
      homePrefixLength: 64,
      homeAgent: discovers ? undefined : HOME_AGENT,
      authentication: { method: 'none' },
      links: ['net'],
      lifetime: seconds(3600),
      dad: 'normal',
      routeOptimisation: !needs.includes('Function of RR: NO'),
      maxPeers: 16,
    },
    correspondentNode: { maxBindings: 16 },
  };
}
