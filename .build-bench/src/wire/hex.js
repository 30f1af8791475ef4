/** Octets as hexadecimal text, two lower-case digits each, without separators. */
export function toHex(octets) {
    let text = '';
    for (const octet of octets)
        text += DIGITS[octet];
    return text;
}
const DIGITS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));
/** The octets of hexadecimal text, either case; undefined where it is none or a digit is missing. */
export function fromHex(text) {
    if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text))
        return undefined;
    const octets = new Uint8Array(text.length / 2);
    for (let i = 0; i < octets.length; i++) {
        octets[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
    }
    return octets;
}
