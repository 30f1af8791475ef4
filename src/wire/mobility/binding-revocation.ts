/**
 * Binding Revocation: one Mobility Header type, two messages, told apart by the octet behind the
 * checksum.
 *
 * Supported standards: RFC 5846 sections 5.1 and 5.2.
 */
import { flag, reserved, u8, u16 } from '../field.ts';
import type { ValueOf } from '../message.ts';
import { BINDING_REVOCATION, MH_TYPE } from '../numbers.ts';
import { mobilityMessage } from './mobility-header.ts';

/** Proxy binding, IPv4 home address only, all bindings at once. */
const flags = {
  proxyBinding: flag(),
  ipv4HomeAddressOnly: flag(),
  global: flag(),
  messageReserved: reserved(13),
};

/**
 * Binding Revocation Indication: "your binding is over", with the reason (`REVOCATION_TRIGGER`).
 *
 *                                     +---------------+---------------+
 *                                     | B.R. Type = 1 |  R. Trigger   |
 *     +-------------------------------+-+-+-+---------+---------------+
 *     |          Sequence #           |P|V|G|        Reserved         |
 *     +-------------------------------+-+-+-+-------------------------+
 *     |  mobility options
 *
 * Source: RFC 5846 section 5.1.
 */
export const bindingRevocationIndication = mobilityMessage(
  'binding-revocation-indication',
  MH_TYPE.bindingRevocation,
  'RFC 5846 section 5.1',
  {
    revocationType: u8(BINDING_REVOCATION.indication),
    trigger: u8(),
    sequence: u16(),
    ...flags,
  },
);

export type BindingRevocationIndication = ValueOf<typeof bindingRevocationIndication>;

/**
 * Binding Revocation Acknowledgement: what became of an indication (`REVOCATION_STATUS`).
 *
 *                                     +---------------+---------------+
 *                                     | B.R. Type = 2 |    Status     |
 *     +-------------------------------+-+-+-+---------+---------------+
 *     |          Sequence #           |P|V|G|        Reserved         |
 *     +-------------------------------+-+-+-+-------------------------+
 *     |  mobility options
 *
 * Source: RFC 5846 section 5.2.
 */
export const bindingRevocationAcknowledgement = mobilityMessage(
  'binding-revocation-acknowledgement',
  MH_TYPE.bindingRevocation,
  'RFC 5846 section 5.2',
  {
    revocationType: u8(BINDING_REVOCATION.acknowledgement),
    status: u8(),
    sequence: u16(),
    ...flags,
  },
);

export type BindingRevocationAcknowledgement = ValueOf<typeof bindingRevocationAcknowledgement>;
