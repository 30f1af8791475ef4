/**
 * The one definition of a scenario file. The reader takes it apart section by section (so that one
 * wrong entry hides no other), editors get it as JSON Schema, and docs are made from it.
 */
import { z } from 'zod';
import { constantNamed, DEFAULT_CONSTANTS } from '../../core/constants.js';
import { MECHANISMS } from '../../core/mechanisms.js';
import { flowExpectation, nodeExpectation, packetExpectation } from './expectations.js';
import { list, named, object, oneOf, text, time, whole, yesNo } from './fields.js';
import { link } from './links.js';
import { suggestion } from './nearest.js';
import { node } from './nodes.js';
import { event } from './scenario-events.js';
import { flow } from './traffic.js';
const MECHANISM_NAMES = Object.keys(MECHANISMS);
const constantName = (name) => name.toLowerCase().replaceAll('_', '-');
const CONSTANT_NAMES = Object.keys(DEFAULT_CONSTANTS).map(constantName);
const constants = z
    .record(z.string(), time(), { error: 'is not constants, such as { max-token-lifetime: 210s }' })
    .superRefine((value, context) => {
    for (const key of Object.keys(value)) {
        if (constantNamed(key) !== undefined)
            continue;
        const message = `is no protocol constant: ${suggestion(key, CONSTANT_NAMES)}`;
        context.addIssue({ code: 'custom', message, path: [key] });
    }
})
    .transform((value) => {
    const entries = Object.entries(value).map(([key, span]) => [constantNamed(key), span]);
    return Object.fromEntries(entries);
});
const seed = object('where it comes from, such as { document: rfc6275, figure: section 11.7 }', {
    document: text('the document'),
    figure: z.union([z.string(), z.number()]).transform(String).optional(),
});
/** Sections whose entries have names; each entry is read by itself. */
export const NAMED_SECTIONS = { links: link, nodes: node, traffic: flow };
export const expectSchema = z
    .looseObject({ packets: z.array(packetExpectation).optional() })
    .catchall(z.union([flowExpectation, nodeExpectation]));
/** The whole file. */
export const scenario = object('a scenario: a mapping with title, links, nodes and more', {
    title: text('one sentence that says what the scenario shows'),
    seed: seed.optional(),
    random: whole('the seed of all dice', 0, 0xffff_ffff).optional(),
    links: named('links by name', link),
    nodes: named('nodes by name', node),
    traffic: named('flows by name', flow).optional(),
    events: list('events, such as - { at: 4s, move: mn.wlan0, to: visited }', event).optional(),
    expect: expectSchema.optional(),
    off: list('mechanisms whose removal must fail the scenario', oneOf(MECHANISM_NAMES)).optional(),
    constants: constants.optional(),
    until: time().optional().meta({ description: 'the run lasts to here, whatever ends before' }),
    long: yesNo('over 20 s of network time').optional(),
});
/** The JSON Schema of what stands in the file, for editors (draft 2020-12). */
export function jsonSchema() {
    return {
        title: 'careof scenario',
        ...z.toJSONSchema(scenario, { io: 'input', target: 'draft-2020-12' }),
    };
}
/** The same as the text of the file `schema/scenario.json`. */
export const schemaText = () => `${JSON.stringify(jsonSchema(), null, 2)}\n`;
