/** The text of a scenario file as data, and where each part of it stands. */
import { isAlias, isCollection, isMap, isScalar, LineCounter, parseAllDocuments, visit, } from 'yaml';
/** Nobody writes more; what is longer is another kind of file. */
export const MOST_OCTETS = 1 << 20;
const START = { line: 1, column: 1 };
/** A file that was read: its data, and where each path of the data stands. */
export class Source {
    data;
    #document;
    #lines;
    constructor(document, lines) {
        this.#document = document;
        this.#lines = lines;
        this.data = document.toJS({ maxAliasCount: 100 });
    }
    /**
     * Where the value at the path stands; its key with `atKey`. What is not there stands where the
     * nearest thing around it begins.
     */
    position(path, atKey = false) {
        let node = this.#document.contents;
        let best = offsetOf(node) ?? 0;
        for (const [depth, part] of path.entries()) {
            if (isAlias(node))
                node = node.resolve(this.#document);
            const next = childOf(node, part);
            if (next === undefined)
                break;
            const wantsKey = atKey && depth === path.length - 1;
            // A value that is missing altogether (`key:`) stands where its key does.
            best = (wantsKey ? undefined : offsetOf(next.value)) ?? offsetOf(next.key) ?? best;
            node = next.value;
        }
        return this.#at(best);
    }
    #at(offset) {
        const { line, col } = this.#lines.linePos(offset);
        return { line: Math.max(1, line), column: Math.max(1, col) };
    }
}
function childOf(node, part) {
    if (isMap(node)) {
        const isPart = (pair) => isScalar(pair.key) && String(pair.key.value) === String(part);
        return node.items.find(isPart);
    }
    if (isCollection(node) && typeof part === 'number') {
        const value = node.items[part];
        return value === undefined ? undefined : { value };
    }
    return undefined;
}
function offsetOf(node) {
    const range = node?.range;
    // An empty value has no length; its place says nothing.
    if (range === undefined || range === null || range[0] === range[1])
        return undefined;
    return range[0];
}
/** Reads the octets of a file as YAML 1.2; all faults of the text come back together. */
export function readSource(octets) {
    if (octets.length === 0)
        return [{ ...START, message: EMPTY }];
    if (octets.length > MOST_OCTETS) {
        const size = `${Math.ceil(octets.length / 1024)} KiB`;
        return [{ ...START, message: `is ${size} long: a scenario is 1024 KiB at most` }];
    }
    const nul = octets.indexOf(0);
    if (nul >= 0) {
        const message = `is not text: octet ${nul} is NUL. A scenario is a YAML file in UTF-8`;
        return [{ ...START, message }];
    }
    let text;
    try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(octets);
    }
    catch {
        return [{ ...START, message: 'is not UTF-8: save it as UTF-8' }];
    }
    const lines = new LineCounter();
    const documents = parseAllDocuments(text, {
        lineCounter: lines,
        prettyErrors: false,
        // Its warnings would go to the process, past everybody who asked.
        logLevel: 'error',
    });
    if ('empty' in documents)
        return [{ ...START, message: EMPTY }];
    const errors = documents.flatMap((document) => document.errors);
    if (errors.length > 0)
        return faultsOf(errors, lines, text.trimEnd().length);
    if (documents.length > 1) {
        const { line, col } = lines.linePos(documents[1].range[0]);
        return [{ line, column: col, message: 'is a second document: one file holds one scenario' }];
    }
    return sourceOf(documents[0], lines);
}
const EMPTY = 'is empty: `careof lab new NAME` writes an example to begin with';
function sourceOf(document, lines) {
    const dangling = danglingAliases(document, lines);
    if (dangling.length > 0)
        return dangling;
    try {
        const source = new Source(document, lines);
        return source.data === null ? [{ ...START, message: EMPTY }] : source;
    }
    catch (error) {
        // The library refuses aliases that multiply.
        const { message } = error;
        return [{ ...START, message: `has aliases that cannot be followed: ${message}` }];
    }
}
/** Aliases without an anchor above them, found in one walk however many there are. */
function danglingAliases(document, lines) {
    const faults = [];
    const anchors = new Set();
    visit(document, {
        Value(_, { anchor }) {
            if (anchor !== undefined)
                anchors.add(anchor);
        },
        Alias(_, alias) {
            if (anchors.has(alias.source))
                return;
            const { line, col } = lines.linePos(alias.range?.[0] ?? 0);
            const message = `"*${alias.source}" has no anchor above it: write &${alias.source} where it is meant, or quote a text that begins with *`;
            faults.push({ line, column: col, message });
        },
    });
    return faults;
}
function faultsOf(errors, lines, end) {
    const seen = new Set();
    const faults = [];
    for (const error of errors) {
        const { line, col } = lines.linePos(error.pos[0]);
        // One slip makes several errors on its line; the first says it best.
        if (seen.has(line))
            continue;
        seen.add(line);
        const cut = error.pos[0] >= end;
        faults.push({ line, column: col, message: cut ? CUT : textMessage(error) });
    }
    return faults;
}
const CUT = 'the file ends in the middle of an entry: is it cut off, or is a } or ] missing?';
const OPEN = 'a } or ] is missing before this, which closes what was opened on an earlier line';
function textMessage(error) {
    if (error.message.includes('call stack'))
        return 'is nested too deep: a scenario has few levels';
    const mend = error.message.includes('end with a ') ? OPEN : MENDS[error.code];
    const said = error.message.replace(/ at line \d+.*$/s, '');
    return mend === undefined ? `is not YAML: ${said}` : `${mend} (${said})`;
}
/** What to do about the mistakes that people make. */
const MENDS = {
    TAB_AS_INDENT: 'a tab indents this line: use spaces',
    DUPLICATE_KEY: 'this key stands here twice: keep one of them',
    BAD_INDENT: 'this line is indented otherwise than its neighbours: line them up',
    MISSING_CHAR: 'something is missing here: a comma, a colon with a space, a quote or a bracket',
    BLOCK_AS_IMPLICIT_KEY: 'a colon too many, or a quote is missing around a text with a colon',
    MULTILINE_IMPLICIT_KEY: 'a key ends on its own line: is a colon missing?',
    UNEXPECTED_TOKEN: 'this does not belong here: quote a text with special characters',
    BLOCK_IN_FLOW: 'a text that ends in a colon needs quotes, such as "2001:db8::"',
    BAD_SCALAR_START: 'a text that begins with this character needs quotes',
};
