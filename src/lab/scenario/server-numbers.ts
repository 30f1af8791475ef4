/** Servers of one address are told apart by the numbers (SPI) of their keys. */
import type { AnycastServerText } from './anycast-nodes.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import type { NodeText } from './nodes.ts';
import type { ContentSlaveText } from './service-nodes.ts';

type ServerText = AnycastServerText | ContentSlaveText;

/**
 * What is wrong with a server's number: there is none, or a server before it has it.
 *
 * @param shares is another node of the file a server of the same address?
 */
export function* checkNumber(
  draft: Draft,
  path: Path,
  node: ServerText,
  shares: (other: NodeText) => other is ServerText,
): Generator<Finding> {
  const number = numberOf(node);
  if (number === undefined) {
    const message =
      'is not { rfc4285: { spi: 256, key: "hex:..." } }, by which servers are told apart';
    yield { path: [...path, 'auth'], message };
    return;
  }
  for (const [name, other] of draft.nodes) {
    if (name === path[1]) return;
    if (other === undefined || !shares(other) || numberOf(other) !== number) continue;
    const message = `${number} is the number of "${name}" already: servers are told apart by it`;
    yield { path: [...path, 'auth', 'rfc4285', 'spi'], message };
  }
}

const numberOf = ({ auth }: ServerText): number | undefined =>
  auth === 'none' ? undefined : auth.rfc4285?.spi;
