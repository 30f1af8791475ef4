/** What a parser gives back: a value, or why there is none. Peer errors are values, never thrown. */
export type Result<T, E = WireError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** The closed list of reasons for which octets are refused. */
export type WireReason =
  | 'truncated' // the packet ends before the field does
  | 'bad-length' // a length field says what cannot be
  | 'bad-value' // a field holds what its RFC forbids
  | 'bad-checksum'
  | 'unknown-type' // nothing here can process it, and its RFC says that the sender is to be told
  | 'too-deep'; // more headers or tunnels inside each other than anybody needs

/**
 * What a receiver owes the sender of a refused packet. A Parameter Problem points at `offset` of the
 * error (RFC 4443 section 3.4, `code`); a Binding Error carries its status (RFC 6275 section 9.3.3).
 */
export type WireReply =
  | { readonly kind: 'parameter-problem'; readonly code: 0 | 1 | 2 }
  | { readonly kind: 'binding-error'; readonly status: 2 };

/** Why octets were refused. `offset` counts octets from the start of the whole packet. */
export interface WireError {
  readonly reason: WireReason;
  readonly offset: number;
  /** The header's kebab-case layer name, such as `binding-update`. */
  readonly layer: string;
  /** The field's camelCase name, such as `headerLen`. */
  readonly field: string;
  /** One sentence: what is wrong and what would be right. */
  readonly message: string;
  /** Absent: the packet is dropped in silence. */
  readonly reply?: WireReply;
}

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const fail = <E>(error: E): { readonly ok: false; readonly error: E } => ({
  ok: false,
  error,
});
