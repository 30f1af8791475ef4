/** Mobile nodes whose keys prove nothing, or cannot be told apart. */
import { ESP_ALGORITHMS } from '../../core/security/esp-algorithms.ts';
import { associationsOf, DEFAULT_ALGORITHM, WANTED } from './authentication.ts';
import type { Finding } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { DISCOVER } from './nodes.ts';

/** One method for a node; a number of its own for each association that somebody receives by. */
export function* checkAuthentication(draft: Draft): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const [name, node] of draft.nodes) {
    if (node?.role !== 'mobile-node' || node.auth === undefined || node.auth === 'none') continue;
    const path = ['nodes', name, 'auth'];
    const { rfc4285: option, esp: protection } = node.auth;
    if ((option === undefined) === (protection === undefined)) {
      yield { path, message: `is not ${WANTED}` };
    }
    if (protection === undefined) continue;
    if (node['udp-encapsulation'] === true) {
      const message = 'cannot be with esp, which does not go inside UDP here: leave it out';
      yield { path: ['nodes', name, 'udp-encapsulation'], message };
    }
    if (node.count !== undefined) {
      const message = 'cannot be one for many nodes: each needs keys and numbers of its own';
      yield { path: [...path, 'esp'], message };
    }
    const cipher = ESP_ALGORITHMS[protection.algorithm ?? DEFAULT_ALGORITHM].cipher;
    if (protection.tunnel !== undefined && cipher === 'null') {
      const message =
        'encrypts nothing: what goes through the tunnel must not be read (RFC 4877 section 4.3)';
      yield { path: [...path, 'esp', 'algorithm'], message };
    }
    if (node['home-agent'] === DISCOVER) {
      const message = `has keys for one home agent: name it in home-agent, instead of ${DISCOVER}`;
      yield { path: [...path, 'esp'], message };
    }
    for (const [mode, direction, { spi: number }] of associationsOf(protection)) {
      const receiver = direction === 'to-agent' ? node['home-agent'] : name;
      const owner = owners.get(`${receiver} ${number}`);
      const here = `${name}.${mode}.${direction}`;
      if (owner === undefined) owners.set(`${receiver} ${number}`, here);
      else {
        const message = `${number} is the number of ${owner} already: "${receiver}" tells them apart by it`;
        yield { path: [...path, 'esp', mode, direction, 'spi'], message };
      }
    }
  }
}
