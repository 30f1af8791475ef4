/** Commands for a daemon that runs: what it knows, and the operator's word to it. */
import { Command, Option } from 'commander';
import type { DrainOptions } from './drain.ts';
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
    drainCommand(),
    undrainCommand(),
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
  return hostCommand(
    'prefer',
    'a mobile node, or a host with several providers, uses this interface as long as it works',
  )
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

function drainCommand(): Command {
  return hostCommand(
    'drain',
    'a server hands its clients to others, with their connections, and goes',
  )
    .option('--interface <name>', 'only if its clients come by this one, as the file calls it')
    .option('--limit <time>', 'clients that cannot go elsewhere are waited for so long', '30s')
    .option('-j, --json', 'what it has come to, as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 no client is left, 1 some could not go elsewhere, 2 it cannot be done here.\nCtrl-C ends only the waiting.',
    )
    .action(async (options: DrainOptions) => {
      const { drain } = await import('./drain.ts');
      process.exitCode = await drain(options);
    });
}

function undrainCommand(): Command {
  return hostCommand('undrain', 'a server that was drained takes clients again').action(
    async (options: HostOptions) => {
      const { undrain } = await import('./drain.ts');
      process.exitCode = await undrain(options);
    },
  );
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
