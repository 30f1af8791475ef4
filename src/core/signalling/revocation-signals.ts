/** The two messages of a binding revocation, as home agent and mobile node send them. */
import type { Address } from '../../wire/address.ts';
import type { LayerInput, LayerOf } from '../../wire/packet.ts';
import type { Output } from '../role.ts';
import { type Proof, signal } from './signalling.ts';

/** The flags of an indication, which its answer repeats. */
type Flags = Pick<
  LayerOf<'binding-revocation-indication'>,
  'proxyBinding' | 'ipv4HomeAddressOnly' | 'global'
>;

interface Ends {
  readonly agent: Address;
  readonly careOf: Address;
  readonly home: Address;
  readonly sequence: number;
  readonly proof: Proof;
}

/**
 * Binding Revocation Indication, on the way that a Binding Acknowledgement takes.
 * Source: RFC 5846 sections 5.1 and 7, RFC 6275 section 9.5.4.
 */
export function revocationIndication(ends: Ends & { readonly trigger: number }): Output[] {
  const { agent, careOf, home, sequence, trigger, proof } = ends;
  return signal({
    source: agent,
    destination: careOf,
    layers: [
      { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: home },
      {
        layer: 'binding-revocation-indication',
        trigger,
        sequence,
        options: [...proof.options],
      },
    ],
    detail: `seq ${sequence}`,
    proof,
  });
}

/**
 * Binding Revocation Acknowledgement, on the way that a Binding Update takes.
 * Source: RFC 5846 sections 5.2 and 6.1.2.
 */
export function revocationAcknowledgement(
  ends: Ends & { readonly status: number; readonly answers: Flags },
): Output[] {
  const { agent, careOf, home, sequence, status, answers, proof } = ends;
  const { proxyBinding, ipv4HomeAddressOnly, global } = answers;
  const homeOption: LayerInput = {
    layer: 'destination-options',
    options: [{ option: 'home-address', homeAddress: home }],
  };
  return signal({
    source: careOf,
    destination: agent,
    layers: [
      homeOption,
      {
        layer: 'binding-revocation-acknowledgement',
        status,
        sequence,
        ...{ proxyBinding, ipv4HomeAddressOnly, global },
        options: [...proof.options],
      },
    ],
    detail: `seq ${sequence}`,
    proof,
  });
}
