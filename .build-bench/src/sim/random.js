/**
 * A stream that depends on the seed and the name alone, so that a node more or less in a run does
 * not shift what the others draw.
 */
function words(seed, name) {
    let [a, b, c, d] = digest(seed, name);
    // sfc32 by Chris Doty-Humphrey, from PractRand: small, fast, and good enough for dice.
    return () => {
        const t = (((a + b) | 0) + d) | 0;
        d = (d + 1) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + t) | 0;
        return t >>> 0;
    };
}
/** Four words that all differ when one bit of the seed or one character of the name does. */
export function digest(seed, name) {
    // Multipliers of MurmurHash3 and of Knuth's multiplicative hash; nothing rests on their values.
    const state = [seed | 0, ~seed, 0x9e3779b9, name.length];
    for (const character of `${seed}/${name}/....`) {
        const code = character.codePointAt(0);
        for (let i = 0; i < 4; i++) {
            const mixed = Math.imul(state[i] ^ code ^ state[(i + 1) & 3], 0x85ebca6b + 2 * i);
            state[i] = mixed ^ (mixed >>> 15);
        }
    }
    return state;
}
/** Dice of their own for a name: numbers in [0, 1). */
export function namedRandom(seed, name) {
    const next = words(seed, name);
    for (let i = 0; i < 12; i++)
        next();
    return () => next() / 2 ** 32;
}
/** Octets of their own for a name. Foreseeable on purpose: a simulation has no enemies. */
export function namedSecrets(seed, name) {
    const next = words(seed, `secrets of ${name}`);
    for (let i = 0; i < 12; i++)
        next();
    return (count) => {
        const octets = new Uint8Array(count);
        for (let i = 0; i < count; i++)
            octets[i] = next();
        return octets;
    };
}
