/** The mobile node's end of the security associations with a home agent under test. */
import type { EspAssociation, EspAssociations } from '../../src/core/config.ts';
import { PacketView } from '../../src/core/forwarding/packet-view.ts';
import { withUpper } from '../../src/core/forwarding/rewrite.ts';
import type { Environment } from '../../src/core/role.ts';
import { ReceivingAssociation, SendingAssociation } from '../../src/core/security/associations.ts';
import { espKeySize } from '../../src/core/security/esp-algorithms.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import type { Address } from '../../src/wire/address.ts';
import { NotRun } from './items.ts';

const ESP = 50;
const ALGORITHM = 'aes-cbc-128-hmac-sha-256';

const association = (spi: number): EspAssociation => ({
  spi,
  algorithm: ALGORITHM,
  key: Uint8Array.from({ length: espKeySize(ALGORITHM) }, (_, i) => (i * 7 + spi) & 0xff),
});
const pair = (spi: number): EspAssociations => ({
  toAgent: association(spi),
  toNode: association(spi + 1),
});

/** What home agent and tester are both configured with. */
export const TRANSPORT = pair(0x1001);
export const TUNNEL = pair(0x1003);

const ENVIRONMENT: Environment = {
  crypto: nodeCryptography,
  secrets: (size) => new Uint8Array(size).fill(0x5a),
  random: () => 0.5,
  epoch: 0,
  without: new Set(),
  constants: {},
};

export class TesterEsp {
  readonly #send: { readonly transport: SendingAssociation; readonly tunnel: SendingAssociation };
  readonly #receive: readonly ReceivingAssociation[];

  constructor(home: Address) {
    this.#send = {
      transport: new SendingAssociation(home, TRANSPORT.toAgent, ENVIRONMENT),
      tunnel: new SendingAssociation(home, TUNNEL.toAgent, ENVIRONMENT),
    };
    this.#receive = [TRANSPORT, TUNNEL].map(
      ({ toNode }) => new ReceivingAssociation(home, toNode, ENVIRONMENT),
    );
  }

  /** @param spi as a layout says it: SA1 and SA5 are for signalling, SA3 is for what is tunnelled. */
  seal(packet: Uint8Array, spi: string): Uint8Array {
    const mode = { SA1: 'transport', SA5: 'transport', SA3: 'tunnel' }[spi.slice(0, 3)];
    if (mode === undefined) throw new NotRun(`the association: ${spi}`);
    const view = new PacketView(packet);
    const { walk, protocol } = view;
    const content = { protocol: protocol!, octets: packet.subarray(walk!.upperAt) };
    const sealed = this.#send[mode as 'transport' | 'tunnel'].seal(content)!;
    return withUpper(view, ESP, sealed.octets);
  }

  /** The packet without its ESP; undefined where it has none that is for us. */
  open(packet: Uint8Array): Uint8Array | undefined {
    const view = new PacketView(packet);
    if (view.protocol !== ESP) return undefined;
    const at = view.walk!.upperAt;
    const spi = new DataView(packet.buffer, packet.byteOffset).getUint32(at);
    const opened = this.#receive.find((one) => one.spi === spi)?.open(packet.subarray(at));
    if (opened === undefined || 'refused' in opened) return undefined;
    return withUpper(view, opened.content.protocol, opened.content.octets);
  }
}
