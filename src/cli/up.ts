/** `careof up`: this host plays its part until it is told to end. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { MECHANISMS, type Mechanism } from '../core/mechanisms.ts';
import { LEVELS, type Level } from '../daemon/log.ts';

export interface UpOptions {
  readonly config: string;
  readonly node?: string;
  readonly name?: string;
  readonly state?: string;
  readonly interface: ReadonlyMap<string, string>;
  readonly dataPlane?: 'auto' | 'ebpf' | 'tun';
  readonly without: readonly Mechanism[];
  readonly readableKeys?: boolean;
  readonly store?: string;
  readonly check?: boolean;
  readonly leave?: boolean;
  readonly logLevel: Level;
}

export function upCommand(): Command {
  return new Command('up')
    .description('runs this host`s part as a file says, in the foreground')
    .requiredOption('-c, --config <file>', 'the file of this host, or a scenario')
    .option('--node <node>', 'the node of the file that this host is, before its `this`')
    .option('--name <name>', 'what this daemon is called; the node`s name if absent')
    .option('--check', 'only says what is wrong with the file, or what it comes to')
    .option('--leave', 'when it is ended, forwarding goes on for the next `careof up`')
    .addOption(
      new Option('--data-plane <name>', 'what forwards packets, before the file').choices([
        'auto',
        'ebpf',
        'tun',
      ]),
    )
    .addOption(
      new Option('--interface <link=name>', 'the kernel interface of a link (repeatable)')
        .argParser(interfaces)
        .default(new Map(), 'those of the file'),
    )
    .addOption(
      new Option('--log-level <level>', 'what is written to stderr')
        .choices(LEVELS)
        .default('info'),
    )
    .option('--state <folder>', 'one folder for journal, socket and the rest; for the lab')
    .option('--readable-keys', 'takes keys that others can read; for the lab')
    .option('--store <socket>', 'what agents share by, before the file; for the lab')
    .addOption(
      new Option('--without <mechanism>', 'takes a mechanism away (repeatable); for the lab')
        .choices(Object.keys(MECHANISMS))
        .argParser(mechanisms)
        .default([], 'none'),
    )
    .addHelpText('after', HELP)
    .action(async (options: UpOptions) => {
      const { checkHost, runHost } = await import('./up-run.ts');
      process.exitCode = options.check === true ? checkHost(options) : await runHost(options);
    });
}

function interfaces(text: string, before: unknown): Map<string, string> {
  const [link, name, ...more] = text.split('=');
  if (!link || !name || more.length > 0) {
    throw new InvalidArgumentError('such as --interface home=eth1');
  }
  const map = before instanceof Map ? (before as Map<string, string>) : new Map<string, string>();
  return new Map([...map, [link, name]]);
}

function mechanisms(name: string, before: unknown): Mechanism[] {
  if (!(name in MECHANISMS)) throw new InvalidArgumentError(`there is no mechanism "${name}"`);
  return [...(Array.isArray(before) ? (before as Mechanism[]) : []), name as Mechanism];
}

const HELP = `
Exit codes: 0 ended as it was told to, 1 it broke, 2 the file or this host is not fit (and why).
\`careof status\` says how it is, \`careof down\` ends it and leaves nothing behind.`;
