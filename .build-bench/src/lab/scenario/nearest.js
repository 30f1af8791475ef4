/** The name of a closed list that somebody probably meant, or undefined where none is near. */
export function nearest(wrong, known) {
    let best;
    let least = Math.max(2, Math.ceil(wrong.length / 3)) + 1;
    for (const name of known) {
        const distance = editDistance(wrong.toLowerCase().replaceAll('_', '-'), name.toLowerCase());
        if (distance < least)
            [best, least] = [name, distance];
    }
    return best;
}
/** `did you mean "x"?`, or else all that there is; `known` is short enough to be read. */
export function suggestion(wrong, known) {
    const near = nearest(wrong, known);
    if (near !== undefined)
        return `did you mean "${near}"?`;
    return known.length === 0 ? 'there are none here' : `known here: ${known.join(', ')}`;
}
/** Letters to change, add, drop or swap with a neighbour to make one word of the other. */
function editDistance(a, b) {
    let before = [];
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const substitute = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
            const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
            const swap = swapped ? before[j - 2] + 1 : substitute;
            next.push(Math.min(substitute, swap, row[j] + 1, next[j - 1] + 1));
        }
        [before, row] = [row, next];
    }
    return row[b.length];
}
