/** Ports that nobody has by name. Source: RFC 6335 section 6. */
const FIRST = 49_152;
const COUNT = 16_384;
/** A free port, beginning at a random one. Throws RangeError when all are taken. */
export function allotPort(random, isTaken) {
    const start = Math.floor(random() * COUNT);
    for (let i = 0; i < COUNT; i++) {
        const port = FIRST + ((start + i) % COUNT);
        if (!isTaken(port))
            return port;
    }
    throw new RangeError('all ports are taken');
}
