import { formatAddress, parseAddress } from '../../wire/address.js';
const PREFIX = 'home-binding/';
export const storeKey = (home) => PREFIX + formatAddress(home);
export function storedBinding(binding, epoch) {
    return JSON.stringify({
        careof: formatAddress(binding.careOf),
        sequence: binding.sequence,
        lifetime_us: binding.lifetime,
        expires_us: epoch + binding.expiresAt,
    });
}
/** The binding that a stored value stands for; undefined where it is none or is damaged. */
export function restoreBinding(key, value, epoch, now) {
    if (!key.startsWith(PREFIX))
        return undefined;
    const home = parseAddress(key.slice(PREFIX.length));
    let stored;
    try {
        stored = JSON.parse(value);
    }
    catch {
        return undefined; // a journal cut off in the middle of a line
    }
    if (typeof stored !== 'object' || stored === null)
        return undefined;
    const careOf = typeof stored.careof === 'string' ? parseAddress(stored.careof) : undefined;
    const { sequence, lifetime_us: lifetime, expires_us: expires } = stored;
    if (home === undefined || careOf === undefined)
        return undefined;
    if (typeof sequence !== 'number' || typeof expires !== 'number')
        return undefined;
    if (typeof lifetime !== 'number')
        return undefined;
    return {
        scope: 'home',
        home,
        registrant: '',
        bindingId: 0,
        careOf,
        sequence: sequence & 0xffff,
        lifetime: lifetime,
        expiresAt: Math.max(now, expires - epoch),
    };
}
