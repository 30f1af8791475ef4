/**
 * Fetches a file that follows from a seed, and says whether it is the right one, and how long the
 * stream stood still at most:
 *
 *     node --import tsx examples/resumable-stream/client.ts ADDRESS PORT SEED SIZE RATE
 *
 * SIGTERM ends it early: then what has come by then is compared.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { seededDigest } from './seeded-stream.ts';

const [host = '::1', port, seed, size, rate] = process.argv.slice(2);
if (rate === undefined) {
  console.error('client.ts ADDRESS PORT SEED SIZE RATE');
  process.exit(2);
}
const hash = createHash('sha256');
let received = 0;
let last: number | undefined;
let longest = 0;
const socket = connect({ host, port: Number(port) }, () => {
  socket.write(`${seed} ${size} ${rate}\n`);
});
socket.on('data', (octets) => {
  const now = performance.now();
  if (last !== undefined) longest = Math.max(longest, now - last);
  last = now;
  received += octets.length;
  hash.update(octets);
});
process.once('SIGTERM', () => socket.end());
let error: string | undefined;
socket.on('error', (cause) => {
  error = cause.message;
});
socket.on('close', () => {
  const right = hash.digest('hex') === seededDigest(Number(seed), received);
  const result = { received, right, longest_silence_ms: Math.round(longest * 10) / 10 };
  console.log(JSON.stringify({ ...result, ...(error !== undefined && { error }) }));
  process.exit(right && error === undefined ? 0 : 1);
});
