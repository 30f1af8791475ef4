/** The keys that `peers` speaks of, read from the file or from files beside it. */
import type { ConfiguredKey } from '../../core/config.ts';
import { nodeCryptography, rsaKeyPair } from '../crypto.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import type { KeySource } from './quantity.ts';

/** Gives the octets of a key; throws with the reason where there are none to be had. */
export type ReadKey = (source: KeySource) => Uint8Array;

/** Keys of one node of the file. */
export interface PeerKeys {
  /** The key that its home address is made from, in DER. */
  readonly cga?: {
    readonly privateKey: Uint8Array;
    readonly publicKey: Uint8Array;
    readonly sec: number;
  };
  /** By the node that each is shared with. */
  readonly shared: ReadonlyMap<string, ConfiguredKey>;
}

const RSA = nodeCryptography.rsa!;
/** Octets of an option's data: its length is one octet (RFC 6275 section 6.2.1). */
const LARGEST_SIGNATURE = 255;

/** Octets of Kcn at least. Source: RFC 4449 section 3. */
const LEAST_KEY = 20;
/** Where the file gives no nonces, both ends take these. */
const NO_NONCE = new Uint8Array(8);

/** Reads the keys of all nodes, or of the one that this host is. */
export class PeerKeyReader {
  readonly findings: Finding[] = [];
  readonly keys = new Map<string, PeerKeys>();
  readonly #readKey: ReadKey;

  /** @param ownKey what the addresses of a host with several providers are made of for want of another. */
  constructor(draft: Draft, readKey: ReadKey, ownKey?: () => Uint8Array) {
    this.#readKey = readKey;
    for (const [name, node] of draft.nodes) {
      const written = node !== undefined && 'peers' in node ? node.peers : undefined;
      const peers = written ?? (node?.role === 'multihomed-host' ? {} : undefined);
      if (peers === undefined) continue;
      if (draft.own !== undefined && draft.allKeys !== true && draft.own !== name) continue;
      const path = ['nodes', name, 'peers'];
      const others = 'rfc4449' in peers ? peers.rfc4449 : undefined;
      const shared = this.#shared([...path, 'rfc4449'], others ?? {});
      const { rfc4866 } = peers;
      const at = [...path, 'rfc4866', 'key'];
      const isOwn = node?.role === 'multihomed-host' && draft.own === name;
      const own = isOwn && rfc4866 === undefined ? this.#read(path, ownKey) : undefined;
      const octets = typeof rfc4866 === 'object' ? this.#octets(at, rfc4866.key) : own;
      const sec = typeof rfc4866 === 'object' ? rfc4866.sec : undefined;
      const pair = octets && this.#pair(at, octets, sec);
      this.keys.set(name, { shared, ...(pair && { cga: pair }) });
    }
  }

  #shared(path: Path, texts: Readonly<Record<string, SharedKeyText>>): Map<string, ConfiguredKey> {
    const shared = new Map<string, ConfiguredKey>();
    for (const [other, text] of Object.entries(texts)) {
      const at = [...path, other];
      const key = this.#octets([...at, 'key'], text.key);
      if (key !== undefined && key.length < LEAST_KEY) {
        const message = `has ${key.length} octets: RFC 4449 wants ${LEAST_KEY} at least`;
        this.findings.push({ path: [...at, 'key'], message });
      }
      const homeNonce = this.#nonce([...at, 'home-nonce'], text['home-nonce']);
      const careOfNonce = this.#nonce([...at, 'care-of-nonce'], text['care-of-nonce']);
      if (key !== undefined) shared.set(other, { key, homeNonce, careOfNonce });
    }
    return shared;
  }

  #nonce(path: Path, source: KeySource | undefined): Uint8Array {
    return (source && this.#octets(path, source)) ?? NO_NONCE;
  }

  #pair(path: Path, octets: Uint8Array, sec = 0) {
    const pair = rsaKeyPair(octets);
    const size = pair === undefined ? 0 : RSA.sign(pair.privateKey, new Uint8Array()).length;
    if (pair !== undefined && size <= LARGEST_SIGNATURE) return { ...pair, sec };
    const wrong =
      pair === undefined
        ? 'is no RSA private key in PEM'
        : `has ${8 * size} bits, and a signature of ${size} octets fits in no mobility option`;
    const mend = 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2032 -out key.pem';
    this.findings.push({ path, message: `${wrong}: make one with ${mend}` });
    return undefined;
  }

  #octets(path: Path, source: KeySource): Uint8Array | undefined {
    return this.#read(path, () => this.#readKey(source));
  }

  #read(path: Path, read: (() => Uint8Array) | undefined): Uint8Array | undefined {
    try {
      return read?.();
    } catch (cause) {
      this.findings.push({ path, message: (cause as Error).message });
      return undefined;
    }
  }
}

interface SharedKeyText {
  readonly key: KeySource;
  readonly 'home-nonce'?: KeySource | undefined;
  readonly 'care-of-nonce'?: KeySource | undefined;
}
