/** What `careof` alone says: what it is, what it can do now, and where to begin. */
import type { Colors } from 'picocolors/types.d.ts';

const COMMANDS: readonly (readonly [string, string])[] = [
  ['careof demo', 'two hand-overs in a simulated network, explained as they happen'],
  ['careof lab list', 'the scenarios that come with it, and what each shows'],
  ['careof lab run two-moves', 'runs one: sequence chart, flows, hand-over bill, expectations'],
  ['careof lab new my-network', 'writes an example scenario to change as you like'],
  ['careof packet decode HEX', 'takes a Mobile IPv6 packet apart, field by field'],
  ['careof up -c FILE', 'makes this host a home agent, a mobile node or a correspondent node'],
  ['careof status', 'how it is, what is wrong, and what to do (why, bindings, flows, watch ...)'],
  ['careof doctor', 'what this machine can do, and what is missing for what'],
];

export function overview(paint: Colors): string[] {
  const width = Math.max(...COMMANDS.map(([command]) => command.length));
  return [
    `${paint.bold('careof')} keeps connections alive while the address that carries them changes.`,
    '',
    ...COMMANDS.map(([command, text]) => `  ${paint.cyan(command.padEnd(width))}  ${text}`),
    '',
    `All but the hosts need no privileges and nothing installed. Begin with ${paint.cyan('careof demo')};`,
    `${paint.cyan('careof help COMMAND')} says more about each.`,
  ];
}
