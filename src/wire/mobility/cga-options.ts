/**
 * Mobility options of Enhanced Route Optimization: an address proves itself by the key it was made
 * from, and the home address is tested only once.
 *
 * The options have no alignment of their own. The pictures show the option data only.
 *
 * Supported standards: RFC 4866 section 5.
 */
import { MOBILITY_OPTION } from '../numbers.ts';
import { octets, rest } from '../octets-field.ts';
import { option } from '../options.ts';

/** "Send me your CGA parameters": no data. Source: RFC 4866 section 5.6. */
export const cgaParametersRequest = option(
  'cga-parameters-request',
  MOBILITY_OPTION.cgaParametersRequest,
  'RFC 4866 section 5.6',
  {},
);

/**
 * A piece of the CGA Parameters data structure; several of these options, put together in their
 * order, hold the whole.
 *
 *     +- - - - - - - - - - - - - - - -
 *     |  CGA Parameters
 *     +- - - - - - - - - - - - - - - -
 *
 * Source: RFC 4866 section 5.1.
 */
export const cgaParameters = option(
  'cga-parameters',
  MOBILITY_OPTION.cgaParameters,
  'RFC 4866 section 5.1',
  { parameters: rest() },
);

/**
 * Signature made with the key of the home address.
 *
 *     +- - - - - - - - - - - - - - - -
 *     |  Signature
 *     +- - - - - - - - - - - - - - - -
 *
 * Source: RFC 4866 section 5.2.
 */
export const signature = option('signature', MOBILITY_OPTION.signature, 'RFC 4866 section 5.2', {
  signature: rest(),
});

/**
 * The token that stands in for the home test from now on, encrypted with the mobile node's key.
 *
 *     +- - - - - - - - - - - - - - - -
 *     |  Permanent Home Keygen Token
 *     +- - - - - - - - - - - - - - - -
 *
 * Source: RFC 4866 section 5.3.
 */
export const permanentHomeKeygenToken = option(
  'permanent-home-keygen-token',
  MOBILITY_OPTION.permanentHomeKeygenToken,
  'RFC 4866 section 5.3',
  { token: rest() },
);

/** "Send me a care-of keygen token": no data. Source: RFC 4866 section 5.4. */
export const careOfTestInitOption = option(
  'care-of-test-init',
  MOBILITY_OPTION.careOfTestInit,
  'RFC 4866 section 5.4',
  {},
);

/**
 * The care-of keygen token, in an acknowledgement.
 *
 *     +---------------------------------------------------------------+
 *     |                Care-of Keygen Token (8 octets)                |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 4866 section 5.5.
 */
export const careOfTestOption = option(
  'care-of-test',
  MOBILITY_OPTION.careOfTest,
  'RFC 4866 section 5.5',
  { careOfKeygenToken: octets(8) },
);
