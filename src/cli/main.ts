/** The `careof` command. Each sub-command loads what it needs when it runs, so that none waits. */
import { Command, CommanderError } from 'commander';
import { suggestion } from '../lab/scenario/nearest.ts';
import { CareofError, EXIT } from './careof-error.ts';
import { completionCommand } from './completion.ts';
import { delegationCommand } from './delegation.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { hostCommands } from './host.ts';
import { labCommand } from './lab.ts';
import { overview } from './overview.ts';
import { packetCommand } from './packet.ts';
import { paintFor, version } from './terminal.ts';
import { upCommand } from './up.ts';

function program(): Command {
  const careof = new Command('careof')
    .description('Keeps connections alive while the address that carries them changes.')
    .version(version(), '-V, --version')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .allowExcessArguments()
    .action((_options: object, { args }: Command) => {
      if (args[0] !== undefined) throw unknownCommand(args[0], careof);
      console.log(overview(paintFor(process.stdout)).join('\n'));
    });
  careof
    .addCommand(demoCommand())
    .addCommand(labCommand())
    .addCommand(packetCommand())
    .addCommand(upCommand())
    .addCommand(doctorCommand())
    .addCommand(delegationCommand())
    .addCommand(completionCommand());
  for (const command of hostCommands()) careof.addCommand(command);
  overrideExits(careof);
  return careof;
}

/** What is for capabilities that are still to come, and what does it meanwhile. */
const LATER: Readonly<Record<string, string>> = {
  anchor: 'is for services on an anycast address',
  handover: 'is for hand-overs between anchors. careof prefer INTERFACE moves a mobile node',
};

function unknownCommand(wrong: string, careof: Command): CareofError {
  const later = LATER[wrong];
  if (later !== undefined) {
    const message = `"${wrong}" cannot be done yet`;
    return new CareofError('not-yet', message, `it ${later}`);
  }
  const names = careof.commands.map((command) => command.name());
  const hint = suggestion(wrong, names);
  return new CareofError('unknown-command', `there is no command "${wrong}"`, hint);
}

/** Sub-commands that were made elsewhere do not inherit this setting. */
function overrideExits(command: Command): void {
  for (const one of command.commands) {
    one.exitOverride().showSuggestionAfterError();
    overrideExits(one);
  }
}

/** Runs a command line and gives its exit code. */
async function run(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Help and version come as errors with code 0; a wrong command line is the operator's.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.unfit;
    if (!(error instanceof CareofError)) throw error;
    const paint = paintFor(process.stderr);
    process.stderr.write(`${paint.red('careof:')} ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`        ${error.hint}\n`);
    return EXIT.unfit;
  }
}

// `careof ... | head` closes the pipe early, which is no fault of anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  process.stderr.write(`careof: standard output cannot be written: ${error.message}\n`);
  process.exit(EXIT.unfit);
});

process.exitCode = await run(process.argv.slice(2));
