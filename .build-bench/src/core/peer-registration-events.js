import { tell } from './part.js';
import { seconds } from './time.js';
export function tellAccepted({ lifetime, ...names }) {
    const lifetime_s = lifetime / seconds(1);
    const source = 'RFC 6275 11.7.3';
    return tell({ kind: 'registration.accepted', ...names, lifetime_s, source });
}
export const tellLost = (names, reason) => tell({ kind: 'registration.lost', ...names, reason });
export function tellPhase(peer, began, ended) {
    return tell({ kind: 'handover.phase', phase: 'peer_registration', began, ended, peer });
}
