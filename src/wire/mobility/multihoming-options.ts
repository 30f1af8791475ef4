/**
 * Mobility options for several care-of addresses at once, and for the flows that each carries.
 *
 * Supported standards: RFC 5648 section 4.3, RFC 6089 sections 4.1 and 4.2.
 */
import { bits, flag, reserved, u8, u16 } from '../field.ts';
import type { ValueOf } from '../message.ts';
import { FLOW_SUB_OPTION, MOBILITY_OPTION } from '../numbers.ts';
import { numbers, optionalAddress, rest } from '../octets-field.ts';
import { exactly, option, optionList } from '../options.ts';

/**
 * One of several bindings: its number, and the care-of address where it is not the packet's source.
 * H: at home and away at the same time. The lowest priority number is the best, 0 has none.
 *
 *     +-------------------------------+---------------+-+-------------+
 *     |       Binding ID (BID)        |    Status     |H|   BID-PRI   |
 *     +-------------------------------+---------------+-+-------------+
 *     |  Care-of Address: none, 4 or 16 octets
 *     +- - - - - - - - - - - - - - - -
 *
 * Aligned to 2n without an address and to 8n + 2 with one; 8n + 2 does for both.
 *
 * Source: RFC 5648 section 4.3, RFC 6089 section 4.1.
 */
export const bindingIdentifier = option(
  'binding-identifier',
  MOBILITY_OPTION.bindingIdentifier,
  'RFC 5648 section 4.3',
  {
    bindingId: u16(),
    status: u8(),
    simultaneousHomeAndForeign: flag(),
    priority: bits(7),
    careOfAddress: optionalAddress('careOfAddress'),
  },
  { align: { n: 8, y: 2 } },
);

export type BindingIdentifier = ValueOf<typeof bindingIdentifier>;

/**
 * Over which bindings a flow goes, by their numbers. Aligned to 2n: where an option of odd size stands
 * before it, whoever lists the sub-options puts padding between.
 *
 * Source: RFC 6089 section 4.2.1.3.
 */
export const bindingReference = option(
  'binding-reference',
  FLOW_SUB_OPTION.bindingReference,
  'RFC 6089 section 4.2.1.3',
  { bindingIds: numbers('bindingIds') },
);

/**
 * Which packets belong to a flow, in the format that `format` says; the selector itself is kept.
 *
 *     +---------------+---------------+- - - - - - - -
 *     |   TS Format   |   Reserved    |  Traffic Selector
 *     +---------------+---------------+- - - - - - - -
 *
 * Source: RFC 6089 section 4.2.1.4.
 */
export const trafficSelector = option(
  'traffic-selector',
  FLOW_SUB_OPTION.trafficSelector,
  'RFC 6089 section 4.2.1.4',
  { format: u8(), reserved: reserved(8), selector: rest() },
);

/**
 * A flow: its number, its priority (the lowest is the best) and what became of it, then
 * sub-options in the form of mobility options.
 *
 *     +-------------------------------+-------------------------------+
 *     |              FID              |            FID-PRI            |
 *     +---------------+---------------+-------------------------------+
 *     |   Reserved    |    Status     |  sub-options
 *     +---------------+---------------+- - - - - - - -
 *
 * Source: RFC 6089 section 4.2.
 */
export const flowIdentification = option(
  'flow-identification',
  MOBILITY_OPTION.flowIdentification,
  'RFC 6089 section 4.2',
  {
    flowId: u16(),
    priority: u16(),
    reserved: reserved(8),
    status: u8(),
    subOptions: exactly(optionList([bindingReference, trafficSelector], FLOW_SUB_OPTION)),
  },
  { align: { n: 2, y: 0 } },
);

export type FlowIdentification = ValueOf<typeof flowIdentification>;
