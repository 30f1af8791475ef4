/**
 * The one definition of a scenario file. The reader takes it apart section by section (so that one
 * wrong entry hides no other), editors get it as JSON Schema, and docs are made from it.
 */
import { z } from 'zod';
import { type ConstantName, constantNamed, DEFAULT_CONSTANTS } from '../../core/constants.ts';
import { MECHANISMS, type Mechanism } from '../../core/mechanisms.ts';
import type { Duration } from '../../core/time.ts';
import { flowExpectation, nodeExpectation, packetExpectation } from './expectations.ts';
import { list, named, object, oneOf, text, time, whole, yesNo } from './fields.ts';
import { HOST } from './host.ts';
import { link } from './links.ts';
import { suggestion } from './nearest.ts';
import { node } from './nodes.ts';
import { event } from './scenario-events.ts';
import { flow } from './traffic.ts';

const MECHANISM_NAMES = Object.keys(MECHANISMS) as [Mechanism, ...Mechanism[]];

const constantName = (name: string) => name.toLowerCase().replaceAll('_', '-');
const CONSTANT_NAMES = Object.keys(DEFAULT_CONSTANTS).map(constantName);

const constants = z
  .record(z.string(), time(), { error: 'is not constants, such as { max-token-lifetime: 210s }' })
  .superRefine((value, context) => {
    for (const key of Object.keys(value)) {
      if (constantNamed(key) !== undefined) continue;
      const message = `is no protocol constant: ${suggestion(key, CONSTANT_NAMES)}`;
      context.addIssue({ code: 'custom', message, path: [key] });
    }
  })
  .transform((value) => {
    const entries = Object.entries(value).map(([key, span]) => [constantNamed(key), span]);
    return Object.fromEntries(entries) as Partial<Record<ConstantName, Duration>>;
  });

const seed = object('where it comes from, such as { document: rfc6275, figure: section 11.7 }', {
  document: text('the document'),
  figure: z.union([z.string(), z.number()]).transform(String).optional(),
});

/** Sections whose entries have names; each entry is read by itself. */
export const NAMED_SECTIONS = { links: link, nodes: node, traffic: flow } as const;

export const expectSchema = z
  .looseObject({ packets: z.array(packetExpectation).optional() })
  .catchall(z.union([flowExpectation, nodeExpectation]));

const SCENARIO = {
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
};

const OF_HOSTS = Object.keys(HOST).map((key) => [
  key,
  'is for the file of a host, which `careof up -c FILE` takes: no key of a scenario',
]);

/** The whole file. */
export const scenario = object(
  'a scenario: a mapping with title, links, nodes and more',
  SCENARIO,
  Object.fromEntries(OF_HOSTS),
);

/** The file of a host: links, nodes and constants of a scenario, whose other sections may stay. */
export const hostFile = object('the file of a host: a mapping with this, links, nodes and more', {
  ...SCENARIO,
  ...HOST,
  title: SCENARIO.title.optional(),
});

/** The JSON Schema of what stands in the file, for editors (draft 2020-12). */
export function jsonSchema(): object {
  return {
    title: 'careof scenario',
    ...z.toJSONSchema(scenario, { io: 'input', target: 'draft-2020-12' }),
  };
}

/** The JSON Schema of the file of a host. */
export function hostJsonSchema(): object {
  return {
    title: 'careof host',
    ...z.toJSONSchema(hostFile, { io: 'input', target: 'draft-2020-12' }),
  };
}

/** The text of the files `schema/scenario.json` and `schema/host.json`. */
export const schemaText = (schema = jsonSchema()): string => `${JSON.stringify(schema, null, 2)}\n`;
