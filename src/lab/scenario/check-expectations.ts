/** Expectations that name what is not there, or ask what cannot be answered. */
import { nodeNames, unknownName } from './check.ts';
import { nodeNamed } from './check-events.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import type { FlowExpectation, NodeExpectation } from './expectations.ts';
import { HEADER_NAMES } from './headers.ts';
import { suggestion } from './nearest.ts';

export function* checkExpectations(draft: Draft): Generator<Finding> {
  for (const name of draft.strangers) {
    const known = [...draft.traffic.keys(), ...nodeNames(draft), 'packets'];
    const mend = known.includes(`${name}-0`)
      ? `there are several: name one, such as ${name}-0`
      : suggestion(name, known);
    const message = `is no flow and no node of this file: ${mend}`;
    yield { path: ['expect', name], atKey: true, message };
  }
  for (const [name, value] of draft.flows) {
    if (value !== undefined) yield* checkFlow(draft, name, value);
  }
  for (const [name, value] of draft.stations) {
    if (value !== undefined) yield* checkStation(draft, name, value);
  }
  for (const { index, value } of draft.packets) {
    const path = ['expect', 'packets', index];
    yield* unknownName([...path, 'on'], 'link', value.on, draft.links.keys());
    for (const end of ['from', 'to'] as const) {
      const name = value[end];
      if (name === undefined) continue;
      yield* unknownName([...path, end], 'node', name, nodeNames(draft));
    }
    yield* checkHeaders([...path, 'headers'], value.headers ?? []);
  }
}

function* checkFlow(draft: Draft, name: string, value: FlowExpectation): Generator<Finding> {
  const path = ['expect', name];
  const flow = draft.traffic.get(name);
  if (flow?.protocol === 'tcp') {
    for (const key of ['lost', 'duplicated', 'reordered'] as const) {
      if (value[key] === undefined) continue;
      const message = 'is counted for UDP only: TCP mends it. Expect `interruption` or `bytes`';
      yield { path: [...path, key], message };
    }
  }
  if (value.survives === true && value.fails !== undefined) {
    yield {
      path: [...path, 'fails'],
      message: 'contradicts `survives: true`: keep one of the two',
    };
  }
  for (const [index, { at }] of (value['carried-by'] ?? []).entries()) {
    const early = flow !== undefined && at < flow.start;
    const late = flow?.protocol === 'udp' && at > flow.stop;
    if (!early && !late) continue;
    const message = `the flow ${early ? 'has not begun' : 'is over'} by then`;
    yield { path: [...path, 'carried-by', index, 'at'], message };
  }
}

function* checkStation(draft: Draft, name: string, value: NodeExpectation): Generator<Finding> {
  const node = nodeNamed(draft, name);
  if (node === undefined) return;
  const other = value['agrees-with'];
  if (other !== undefined) {
    for (const one of [name, other]) {
      const agent = nodeNamed(draft, one);
      if (agent === undefined && one === other) {
        yield* unknownName(['expect', name, 'agrees-with'], 'node', other, nodeNames(draft));
      } else if (agent !== undefined && agent.role !== 'anycast-agent') {
        const message = `"${one}" has the role ${agent.role}: only anycast agents share what they know`;
        yield { path: ['expect', name, 'agrees-with'], message };
      }
    }
  }
  if (value.handovers !== undefined && node.role !== 'mobile-node') {
    const message = `"${name}" has the role ${node.role}: only mobile nodes have hand-overs`;
    yield { path: ['expect', name, 'handovers'], message };
  }
  if (!Array.isArray(value.handovers)) return;
  for (const [index, { to }] of value.handovers.entries()) {
    if (to === undefined) continue;
    const path = ['expect', name, 'handovers', index, 'to'];
    yield* unknownName(path, 'link', to, draft.links.keys());
  }
}

export function* checkHeaders(path: Path, headers: readonly string[]): Generator<Finding> {
  for (const [index, header] of headers.entries()) {
    if (HEADER_NAMES.includes(header)) continue;
    const message = `"${header}" is no header: ${suggestion(header, HEADER_NAMES)}`;
    yield { path: [...path, index], message };
  }
}
