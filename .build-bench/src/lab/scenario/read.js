import { fail, ok } from '../../wire/result.js';
import { check, countOf, nodeNames } from './check.js';
import { findingsOf, pathText } from './diagnostic.js';
import { flowExpectation, nodeExpectation, packetExpectation, } from './expectations.js';
import { NAME_RULE } from './fields.js';
import { event, eventOf, eventsOfEach } from './scenario-events.js';
import { NAMED_SECTIONS, scenario as schema } from './schema.js';
import { readSource } from './source.js';
/**
 * Reads a scenario; all that is wrong comes back together, in order of place. `readKeyFile` gives
 * the octets of a file that `file:` names, and throws where it cannot.
 */
export function readScenario(file, octets, readKeyFile) {
    const source = readSource(octets);
    if (!('data' in source)) {
        return fail(source.map((fault) => ({ file, path: '', ...fault })));
    }
    if (!isMapping(source.data)) {
        const message = 'is no scenario: a mapping with title, links, nodes and more is wanted';
        return fail(diagnosed(file, source, [{ path: [], message }]));
    }
    const reader = new Reader(source.data);
    const draft = reader.draft();
    const { keys, findings: unread } = readKeys(draft, readKeyFile);
    const findings = [...reader.findings, ...check(draft), ...unread];
    if (findings.length > 0)
        return fail(diagnosed(file, source, findings));
    return ok(scenarioOf(file, source, reader, draft, keys));
}
function diagnosed(file, source, findings) {
    const diagnostics = findings.map(({ path, message, atKey }) => ({
        file,
        ...source.position(path, atKey),
        path: pathText(path),
        message,
    }));
    return diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
}
const isMapping = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Reads the sections one by one, so that a fault in one entry hides nothing of the others. */
class Reader {
    findings = [];
    #data;
    constructor(data) {
        this.#data = data;
        // Only the keys of the file itself: every section is looked at by itself.
        const keys = Object.fromEntries(Object.keys(data).map((key) => [key, undefined]));
        const result = schema.safeParse(keys);
        const unknown = result.error?.issues.filter(({ code }) => code === 'unrecognized_keys') ?? [];
        this.findings.push(...findingsOf(unknown, []));
    }
    draft() {
        const until = this.section('until');
        const links = this.#entries('links');
        const nodes = this.#entries('nodes');
        const traffic = this.#entries('traffic');
        const events = this.#list(['events'], this.#data.events, event);
        const expected = this.#expectations(traffic, nodeNames({ nodes }));
        for (const name of ['title', 'seed', 'random', 'off', 'constants', 'long']) {
            this.section(name, true);
        }
        return {
            links,
            nodes,
            traffic,
            events: events.map(({ index, value }) => ({ index, value: eventOf(value) })),
            ...(until !== undefined && { until }),
            ...expected,
        };
    }
    /** A section as a whole; findings are kept only the first time, with `report`. */
    section(name, report = false) {
        const result = schema.shape[name].safeParse(this.#data[name], { reportInput: true });
        if (result.success)
            return result.data;
        if (report || name === 'until')
            this.findings.push(...findingsOf(result.error.issues, [name]));
        return undefined;
    }
    #entries(section) {
        const entries = new Map();
        const data = this.#data[section];
        if (data === undefined && section === 'traffic')
            return entries;
        if (!isMapping(data) || Object.keys(data).length === 0) {
            this.findings.push({ path: [section], message: emptySection(section, data) });
            return entries;
        }
        for (const [name, value] of Object.entries(data)) {
            if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
                const message = `"${name}" is not a name: ${NAME_RULE}`;
                this.findings.push({ path: [section, name], message, atKey: true });
            }
            // The section decides the type; TypeScript cannot follow it through the index.
            const entry = this.#read(NAMED_SECTIONS[section], value, [section, name]);
            entries.set(name, entry);
        }
        return entries;
    }
    #list(path, data, schema) {
        if (data === undefined)
            return [];
        if (!Array.isArray(data)) {
            this.findings.push({ path, message: 'is not a list: begin each entry with "- "' });
            return [];
        }
        return data.flatMap((entry, index) => {
            const value = this.#read(schema, entry, [...path, index]);
            return value === undefined ? [] : [{ index, value }];
        });
    }
    #expectations(traffic, nodes) {
        const data = this.#data.expect ?? {};
        const flows = new Map();
        const stations = new Map();
        const strangers = [];
        if (!isMapping(data)) {
            const message = 'is not expectations: flows and nodes by name, such as mn: { bindings: 1 }';
            this.findings.push({ path: ['expect'], message });
            return { flows, stations, packets: [], strangers };
        }
        const packets = this.#list(['expect', 'packets'], data.packets, packetExpectation);
        for (const [name, value] of Object.entries(data)) {
            if (name === 'packets')
                continue;
            const path = ['expect', name];
            if (traffic.has(name))
                flows.set(name, this.#read(flowExpectation, value, path));
            else if (nodes.has(name))
                stations.set(name, this.#read(nodeExpectation, value, path));
            else
                strangers.push(name);
        }
        return { flows, stations, packets, strangers };
    }
    #read(schema, value, path) {
        const result = schema.safeParse(value, { reportInput: true });
        if (result.success)
            return result.data;
        const findings = findingsOf(result.error.issues, path);
        // Where a key is wrong, what the whole lacks is only that key by its right name.
        const wrongKey = findings.some(({ atKey }) => atKey);
        const whole = ({ path: { length } }) => length === path.length;
        this.findings.push(...findings.filter((finding) => !(wrongKey && whole(finding))));
        return undefined;
    }
}
function emptySection(section, data) {
    const example = {
        links: 'home: { prefix: 2001:db8:1::/64 }',
        nodes: 'cn: { role: correspondent-node, on: [home] }',
        traffic: 'ping: { protocol: udp, from: cn, to: mn, ... }',
    }[section];
    if (data === undefined) {
        return `are missing (is the file cut off?): write ${section}: and below it ${example}`;
    }
    return `are not entries by name: write below it such lines as ${example}`;
}
function readKeys(draft, readKeyFile) {
    const keys = new Map();
    const findings = [];
    for (const [name, node] of draft.nodes) {
        if (node?.role !== 'mobile-node' || node.auth === undefined || node.auth === 'none')
            continue;
        const { key } = node.auth.rfc4285;
        try {
            keys.set(name, key.kind === 'hex' ? key.octets : readKeyFile(key.path));
        }
        catch (cause) {
            const message = `"file:${key.kind === 'file' ? key.path : ''}" cannot be read: ${cause.message}`;
            findings.push({ path: ['nodes', name, 'auth', 'rfc4285', 'key'], message });
        }
    }
    return { keys, findings };
}
function scenarioOf(file, source, reader, draft, keys) {
    const seed = reader.section('seed');
    // Without findings every entry was read, so the maps hold no `undefined` any more.
    return {
        file,
        title: reader.section('title'),
        ...(seed !== undefined && { seed }),
        random: reader.section('random') ?? 1,
        links: draft.links,
        nodes: draft.nodes,
        traffic: draft.traffic,
        events: draft.events
            .flatMap(({ value }) => eventsOfEach(value, (name) => countOf(draft.nodes.get(name))))
            .sort((a, b) => a.at - b.at),
        expect: {
            flows: draft.flows,
            nodes: draft.stations,
            packets: draft.packets.map(({ value }) => value),
        },
        off: reader.section('off') ?? [],
        constants: reader.section('constants') ?? {},
        ...(draft.until !== undefined && { until: draft.until }),
        long: reader.section('long') ?? false,
        keys,
        where: (path) => `${file}:${source.position(path).line}`,
    };
}
