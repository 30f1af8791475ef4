/** The ciphers of node:crypto that ESP asks for. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { BlockCipher, SealingCipher } from '../core/role.ts';

/** Octets of the tag of AES-GCM. Source: RFC 4106 section 6. */
const TAG = 16;

export const aesCbc: BlockCipher = {
  encrypt: (key, iv, clear) => {
    const cipher = createCipheriv(`aes-${8 * key.length}-cbc`, key, iv).setAutoPadding(false);
    return joined(cipher.update(clear), cipher.final());
  },
  decrypt: (key, iv, sealed) => {
    const cipher = createDecipheriv(`aes-${8 * key.length}-cbc`, key, iv).setAutoPadding(false);
    return joined(cipher.update(sealed), cipher.final());
  },
};

export const aesGcm: SealingCipher = {
  seal: (key, nonce, additional, clear) => {
    const cipher = createCipheriv(gcm(key), key, nonce, { authTagLength: TAG });
    cipher.setAAD(additional);
    return joined(cipher.update(clear), cipher.final(), cipher.getAuthTag());
  },
  open: (key, nonce, additional, sealed) => {
    const end = sealed.length - TAG;
    const cipher = createDecipheriv(gcm(key), key, nonce, { authTagLength: TAG });
    cipher.setAAD(additional);
    cipher.setAuthTag(sealed.subarray(end));
    const clear = cipher.update(sealed.subarray(0, end));
    try {
      return joined(clear, cipher.final());
    } catch {
      return undefined; // node:crypto throws where the tag is wrong, and for nothing else here
    }
  },
};

const gcm = (key: Uint8Array) => (key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm');
const joined = (...parts: readonly Buffer[]) => new Uint8Array(Buffer.concat(parts));
