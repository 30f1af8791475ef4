/**
 * Are the octets the same? Takes as long for a first difference as for a last one, so that nobody
 * learns an authenticator octet by octet from how long its refusal takes.
 */
export function equalOctets(a, b) {
    if (a.length !== b.length)
        return false;
    let difference = 0;
    for (let i = 0; i < a.length; i++)
        difference |= a[i] ^ b[i];
    return difference === 0;
}
