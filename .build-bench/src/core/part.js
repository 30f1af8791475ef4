/** The output that raises a counter. */
export const count = (counter) => ({ kind: 'count', counter });
/** The outputs that put entries in the forwarding table. */
export const forward = (...entries) => entries.map((entry) => ({ kind: 'forward', entry }));
/** The outputs that take entries out of it. */
export const unforward = (...ids) => ids.map((id) => ({ kind: 'unforward', id }));
/** The output that tells of something. */
export const tell = (event) => ({ kind: 'event', event });
