import { createHash, createHmac } from 'node:crypto';
/** The hash functions of node:crypto, for tests, the lab and the daemon. */
export const nodeCryptography = {
    sha1: (data) => new Uint8Array(createHash('sha1').update(data).digest()),
    hmacSha1: (key, data) => new Uint8Array(createHmac('sha1', key).update(data).digest()),
};
