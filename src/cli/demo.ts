/** `careof demo`, which is `npm start`: two hand-overs, with what a newcomer should look at. */
import { Command } from 'commander';

/** A scenario of the demonstration, and what to say before and after it. */
interface Act {
  readonly scenario: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const ACTS: readonly Act[] = [
  {
    scenario: 'tunnel-hand-over',
    before: [
      'A mobile node (mn) downloads a file from a server (cn) that has never heard of mobility.',
      'In the middle of it mn leaves its home network and joins another, where its address can no',
      'longer reach it. Its home agent (ha) sends on what comes for it, through a tunnel.',
    ],
    after: [
      'The chart shows the moment: mn hears the router of the new network (ar), makes itself an',
      'address there (its care-of address) and tells ha in a Binding Update. From then on ha wraps',
      'each packet for mn in another one. The server noticed nothing: same address, same connection.',
    ],
  },
  {
    scenario: 'route-optimised-hand-over',
    before: [
      'The same move, and now the server knows Mobile IPv6 too. mn proves to it that it owns both',
      'addresses (Home Test and Care-of Test), and from then on packets take the short way.',
    ],
    after: [
      'The path changed twice under a running connection: plain, by tunnel, by route optimisation.',
      'The hand-over bill says what that cost: time in each phase, octets of signalling, the gap.',
    ],
  },
];

const NEXT: readonly string[] = [
  'Next: `careof lab run route-optimised-hand-over --without return-routability` takes away the',
  'proof, and shows which expectation fails then. `careof lab list` has more scenarios, and',
  '`careof lab new my-network` writes one for you to change.',
];

export function demoCommand(): Command {
  return new Command('demo')
    .description('two hand-overs in a simulated network, explained')
    .action(async () => {
      process.exitCode = await demonstrate();
    });
}

async function demonstrate(): Promise<number> {
  const { runScenarios } = await import('./lab-run.ts');
  const { paintFor } = await import('./terminal.ts');
  const paint = paintFor(process.stdout);
  const say = (lines: readonly string[]) => console.log(lines.join('\n'));
  let code = 0;
  for (const [index, act] of ACTS.entries()) {
    say([paint.bold(paint.cyan(`${index + 1} of ${ACTS.length}`)), ...act.before, '']);
    const options = { backend: 'sim', without: [] } as const;
    const { code: one, reports } = await runScenarios([act.scenario], options);
    code = Math.max(code, one);
    say(['', ...reports.flatMap(({ flows }) => flows.map(outcome)), ...act.after, '']);
  }
  const coloured = (line: string) => line.replace(/`([^`]+)`/g, (_, text) => paint.cyan(text));
  say(NEXT.map(coloured));
  return code;
}

interface Outcome {
  readonly name: string;
  readonly protocol: string;
  readonly bytes: number;
  readonly survived: boolean;
}

function outcome({ name, protocol, bytes, survived }: Outcome): string {
  if (!survived) return `The flow "${name}" did not survive.`;
  const octets = String(bytes).replace(/\B(?=(\d{3})+$)/g, ' ');
  const proof = protocol === 'tcp' ? ', and the SHA-256 digests of both ends are equal' : '';
  return `The flow "${name}" survived: ${octets} octets arrived${proof}.`;
}
