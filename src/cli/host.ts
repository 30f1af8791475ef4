/** Commands for a daemon that runs: what it knows, and the operator's word to it. */
import { Command, Option } from 'commander';
import type { Which } from './running.ts';

export interface HostOptions extends Which {
  readonly json?: boolean;
}

/** A command for a daemon, with the options that all of them have. */
function hostCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--name <name>', 'which daemon, where several run')
    .addOption(new Option('--socket <path>', 'the socket of a daemon started with --state'));
}

/** A table of what the daemon knows. */
function tableCommand(name: Shown, description: string): Command {
  return hostCommand(name, description)
    .option('-j, --json', 'JSON instead of a table')
    .action(async (options: HostOptions) => {
      const { show } = await import('./host-show.ts');
      process.exitCode = await show(name, options);
    });
}

/** What can be shown as a table. */
export type Shown = 'status' | 'bindings' | 'flows' | 'neighbors' | 'agents' | 'counters';

export function hostCommands(): Command[] {
  return [
    tableCommand('status', 'how this host`s node is, what is wrong, and what to do').addHelpText(
      'after',
      '\nExit codes: 0 all is well, 1 something does not work, 2 no daemon answers.',
    ),
    tableCommand('bindings', 'who is where: bindings that it was told of, and its own'),
    tableCommand('flows', 'what the forwarding table carries, most used first'),
    tableCommand('neighbors', 'interfaces, the routers found there, and the addresses in use'),
    tableCommand('agents', 'home agents, and whether they know where this node is'),
    tableCommand('counters', 'everything that was counted'),
    whyCommand(),
    watchCommand(),
    preferCommand(),
    revokeCommand(),
    syncCommand(),
    downCommand(),
  ];
}

function whyCommand(): Command {
  return hostCommand('why', 'in sentences: which binding and path carry packets to an address')
    .argument('<address>', 'of a peer, a mobile node, a home agent; or its name in the file')
    .option('-j, --json', 'JSON instead of sentences')
    .action(async (address: string, options: HostOptions) => {
      const { why } = await import('./host-show.ts');
      process.exitCode = await why(address, options);
    });
}

function watchCommand(): Command {
  return hostCommand('watch', 'events as they happen, until Ctrl-C')
    .option('--past', 'first those that were')
    .option('-j, --json', 'one JSON object a line')
    .action(async (options: HostOptions & { past?: boolean }) => {
      const { watchEvents } = await import('./host-watch.ts');
      process.exitCode = await watchEvents(options);
    });
}

function preferCommand(): Command {
  return hostCommand('prefer', 'a mobile node uses this interface as long as it works')
    .alias('move')
    .argument('<interface>', 'as the file calls it')
    .action(async (link: string, options: HostOptions) => {
      const { command } = await import('./host-show.ts');
      process.exitCode = await command({ do: 'prefer', link }, options);
    });
}

function revokeCommand(): Command {
  return hostCommand('revoke', 'a home agent takes a mobile node`s binding back')
    .argument('<home-address>', 'whose binding; or its name in the file')
    .action(async (home: string, options: HostOptions) => {
      const { command } = await import('./host-show.ts');
      process.exitCode = await command({ do: 'revoke', home }, options);
    });
}

function syncCommand(): Command {
  return hostCommand('syncconf', 'takes a changed file over without losing sessions')
    .argument('<file>', 'the file of this host')
    .option('--dry-run', 'only says what would be done')
    .addHelpText(
      'after',
      '\nMobile nodes of a home agent and their keys are taken over; all else wants a restart.',
    )
    .action(async (file: string, options: HostOptions & { dryRun?: boolean }) => {
      const { syncconf } = await import('./host-show.ts');
      process.exitCode = await syncconf(file, options);
    });
}

function downCommand(): Command {
  return hostCommand('down', 'ends the daemon; the host is as it was before')
    .option('--leave', 'what the kernel carries goes on for the next `careof up`')
    .action(async (options: HostOptions & { leave?: boolean }) => {
      const { down } = await import('./host-show.ts');
      process.exitCode = await down(options);
    });
}
