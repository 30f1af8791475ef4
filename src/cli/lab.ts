/** `careof lab`: experiments described in files, run on a network in memory. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { MECHANISMS, type Mechanism } from '../core/mechanisms.ts';
import type { RunCommandOptions } from './lab-run.ts';

export function labCommand(): Command {
  const lab = new Command('lab').description('experiments: networks in a file, run and measured');
  lab
    .command('list')
    .description('the scenarios that come with careof')
    .option('--json', 'one object a scenario, one a line')
    .action(async (options: { json?: boolean }) => {
      const { listScenarios } = await import('./lab-files.ts');
      listScenarios(options.json === true);
    });
  lab
    .command('check')
    .description('says what is wrong with scenario files, and what would be right')
    .argument('[file...]', 'files, folders or names; all that come with careof if absent')
    .action(async (files: string[]) => {
      const { checkScenarios } = await import('./lab-files.ts');
      process.exitCode = checkScenarios(files);
    });
  lab
    .command('new')
    .description('writes an example scenario that runs as it stands')
    .argument('<name>', 'name of the file, with or without .yaml')
    .option('--force', 'write over a file that is there')
    .action(async (name: string, options: { force?: boolean }) => {
      const { newScenario } = await import('./lab-files.ts');
      newScenario(name, options.force === true);
    });
  lab
    .command('schema')
    .description('prints the JSON Schema of scenario files, for editors')
    .option('--host', 'that of the files of hosts, which careof up takes')
    .action(async (options: { host?: boolean }) => {
      const { hostJsonSchema, schemaText } = await import('../lab/scenario/schema.ts');
      process.stdout.write(options.host === true ? schemaText(hostJsonSchema()) : schemaText());
    });
  lab.addCommand(runCommand());
  return lab;
}

function runCommand(): Command {
  return new Command('run')
    .description('runs scenarios: chart, flows, hand-over bill, expectations')
    .argument('<file...>', 'files, folders, or names of scenarios that come with careof')
    .addOption(
      new Option('--backend <name>', 'where it runs').choices(['sim', 'linux']).default('sim'),
    )
    .addOption(
      new Option('--data-plane <name>', 'what forwards packets on linux')
        .choices(['auto', 'ebpf', 'tun'])
        .default('auto'),
    )
    .option('--json', 'one object a scenario, one a line, instead of text')
    .option('--seed <n>', 'dice instead of those of the file', wholeNumber)
    .addOption(
      new Option('--without <mechanism>', 'takes a mechanism away (repeatable)')
        .choices(Object.keys(MECHANISMS))
        .argParser(mechanisms)
        .default([], 'none'),
    )
    .option('--pcap <dir>', 'captures every link into DIR/SCENARIO/LINK.pcapng')
    .option('--trace <file>', 'writes every event, one JSON object a line')
    .option('--watch', 'runs again whenever a file is written, until Ctrl-C')
    .option('--judge-times', 'on linux: judges measured times too (the simulator always does)')
    .addHelpText('after', HELP)
    .action(async (files: string[], options: RunCommandOptions & { watch?: boolean }) => {
      if (options.backend === 'linux') {
        const { runAsOrdinaryUser } = await import('./lab-linux.ts');
        const code = runAsOrdinaryUser();
        if (code !== undefined) {
          process.exitCode = code;
          return;
        }
      }
      if (options.watch === true) {
        const { watchScenarios } = await import('./lab-watch.ts');
        await watchScenarios(files, options);
        return;
      }
      const { runScenarios } = await import('./lab-run.ts');
      process.exitCode = (await runScenarios(files, options)).code;
    });
}

const HELP = `
Exit code: 0 all expectations met, 1 some not, 2 a file or the machine is not fit.`;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 4294967295.');
}

function mechanisms(text: string, before: readonly Mechanism[]): Mechanism[] {
  if (!Object.hasOwn(MECHANISMS, text)) {
    throw new InvalidArgumentError(`Known are ${Object.keys(MECHANISMS).join(', ')}.`);
  }
  return [...before, text as Mechanism];
}
