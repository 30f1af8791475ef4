/** The signature of an address made of a key, checked against node:crypto over octets put together here. */
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { B, owner, SELF, update } from '../../../test/proved-updates.ts';
import { addressOctets } from '../../wire/address.ts';
import { MOBILITY_OPTION } from '../../wire/numbers.ts';
import { findMobilityOption, walkHeaders } from '../../wire/walk.ts';
import { parseCgaParameters } from './cga.ts';
import { cgaOptions } from './mobility-signature.ts';

test('it is made over the tag, both addresses and the message up to the CGA parameters', () => {
  const mn = owner(1);
  const octets = update({
    ...{ sequence: 1, home: mn.home, source: B, homeNonceIndex: 3, key: new Uint8Array(20) },
    ...{ options: cgaOptions(mn.parameters, 128), signedBy: mn },
  });
  const from = walkHeaders(octets)!.upperAt;
  const parametersAt = findMobilityOption(octets, from, MOBILITY_OPTION.cgaParameters);
  const to = parametersAt + 2 + octets[parametersAt + 1]!;
  assert.equal(octets[to], MOBILITY_OPTION.signature, 'which stands right behind them');
  const message = octets.slice(from, to).fill(0, 4, 6);
  // CGA message type tag of RFC 4866 section 7.
  const tag = Buffer.from('5F2705868D6C4C56A2469EBB9B2A2E13', 'hex');
  const data = Buffer.concat([tag, addressOctets(B), addressOctets(SELF), message]);
  const { publicKey } = parseCgaParameters(mn.parameters)!;
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  assert.ok(verify('sha1', data, key, octets.subarray(to + 2, to + 2 + 128)));
});
