/** `careof doctor`: what this machine can do, what is missing for which feature, and the mend. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Command } from 'commander';
import { table } from '../lab/report/table.ts';
import type { MachineFinding as Finding } from '../linux/sys/machine.ts';
import { operatorError } from './operator-error.ts';
import { paintFor, version } from './terminal.ts';

interface DoctorOptions {
  readonly json?: boolean;
  readonly clean?: boolean;
  readonly state?: readonly string[];
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine can do, what is missing for what, and how to mend it')
    .option('--json', 'one JSON object')
    .option('--clean', 'removes what a daemon that was killed has left on this host')
    .option('--state <folder...>', 'with --clean: folders of daemons that had one of their own')
    .action(async (options: DoctorOptions) => {
      if (options.clean === true) {
        await clean(options.state ?? []);
        return;
      }
      const findings = await examine();
      if (options.json === true) print({ careof: version(), checks: findings });
      else printText(findings);
    });
}

/** Says what was removed. */
async function clean(folders: readonly string[]): Promise<void> {
  const { cleanHost } = await import('../daemon/clean.ts');
  try {
    const done = await cleanHost(folders);
    console.log(done.length === 0 ? 'nothing was left here' : `removed ${done.join('\nremoved ')}`);
  } catch (cause) {
    throw operatorError(cause);
  }
}

const print = (object: object): void => console.log(JSON.stringify(object));

/** Everything that careof can use; the first line is all that is ever required. */
async function examine(): Promise<Finding[]> {
  const { judgeMachine, observeMachine } = await import('../linux/sys/machine.ts');
  return [
    nodeFinding(),
    {
      name: 'simulator',
      state: 'ok',
      found: 'built in',
      neededFor: 'careof demo, careof lab run: no privileges, nothing to install',
    },
    ...judgeMachine(observeMachine()),
    toolFinding('tshark', 'tshark', 'npm run check:pcap: a second opinion on captures'),
    scapyFinding(),
  ];
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  const base = { name: 'Node.js', found: process.versions.node, neededFor: 'everything: >= 20.19' };
  if (enough) return { ...base, state: 'ok' };
  return { ...base, state: 'too-old', mend: 'install Node.js 20.19 or later from nodejs.org' };
}

function toolFinding(tool: string, debianPackage: string, neededFor: string): Finding {
  const path = which(tool);
  if (path !== undefined) return { name: tool, state: 'ok', found: path, neededFor };
  const mend = `sudo apt install ${debianPackage}`;
  return { name: tool, state: 'missing', found: 'not found', neededFor, mend };
}

/** Debian's scapy belongs to Debian's python3, whatever stands first in PATH. */
function scapyFinding(): Finding {
  const base = { name: 'scapy', neededFor: 'npm run check:scapy: packets by another hand' };
  const folder = '/usr/lib/python3/dist-packages/scapy';
  if (!existsSync(folder)) {
    return {
      ...base,
      state: 'missing',
      found: 'not found',
      mend: 'sudo apt install python3-scapy',
    };
  }
  return { ...base, state: 'ok', found: scapyVersion(folder) };
}

function scapyVersion(folder: string): string {
  try {
    return readFileSync(join(folder, 'VERSION'), 'utf8').trim();
  } catch {
    return folder;
  }
}

function which(tool: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, tool))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function printText(findings: readonly Finding[]): void {
  const paint = paintFor(process.stdout);
  const rows = findings.map(({ name, state, found, neededFor }) => [
    state === 'ok'
      ? { text: 'ok', style: paint.green }
      : { text: state.replace('-', ' '), style: paint.yellow },
    name,
    found,
    neededFor,
  ]);
  const titles = ['', 'what', 'found', 'needed for'];
  console.log(
    table(
      titles.map((title) => ({ title })),
      rows,
      paint.bold,
    ).join('\n'),
  );
  const mends = findings.filter(({ mend }) => mend !== undefined);
  if (mends.length > 0) {
    console.log(
      `\nTo have what is missing:\n${mends.map(({ name, mend }) => `  ${name}: ${mend}`).join('\n')}`,
    );
  }
  console.log('\nThe simulator needs nothing of this but Node.js.');
}
