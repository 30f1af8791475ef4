/** `careof doctor`: what this machine can do, what is missing for which feature, and the mend. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { Command } from 'commander';
import { table } from '../lab/report/table.ts';
import { paintFor, version } from './terminal.ts';

/** One thing that a machine has or has not. */
interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'too-old';
  /** What was found. */
  readonly found: string;
  readonly neededFor: string;
  /** The command that mends it; absent where nothing needs to be done. */
  readonly mend?: string;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine can do, what is missing for what, and how to mend it')
    .option('--json', 'one JSON object')
    .action((options: { json?: boolean }) => {
      const findings = examine();
      if (options.json === true) print({ careof: version(), checks: findings });
      else printText(findings);
    });
}

const print = (object: object): void => console.log(JSON.stringify(object));

/** What the simulator and the tools around it need; the first line is all that is ever required. */
function examine(): Finding[] {
  return [
    nodeFinding(),
    {
      name: 'simulator',
      state: 'ok',
      found: 'built in',
      neededFor: 'careof demo, careof lab run: no privileges, nothing to install',
    },
    privilegeFinding(),
    kernelFinding(),
    fileFinding('/dev/net/tun', 'real hosts on this machine (later)', 'modprobe tun'),
    fileFinding('/sys/fs/bpf', 'the kernel data plane (later)', 'mount -t bpf bpf /sys/fs/bpf'),
    toolFinding('ip', 'iproute2', 'real hosts on this machine (later)'),
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

function privilegeFinding(): Finding {
  const root = process.getuid?.() === 0;
  const base = { name: 'root', neededFor: 'real hosts on this machine (later)' };
  if (root) return { ...base, state: 'ok', found: 'yes' };
  return { ...base, state: 'missing', found: 'no', mend: 'sudo careof ... where it is wanted' };
}

function kernelFinding(): Finding {
  const linux = process.platform === 'linux';
  const base = { name: 'Linux', neededFor: 'real hosts on this machine (later)' };
  if (linux) return { ...base, state: 'ok', found: release() };
  return { ...base, state: 'missing', found: process.platform, mend: 'a Linux machine or VM' };
}

function fileFinding(path: string, neededFor: string, mend: string): Finding {
  if (existsSync(path)) return { name: path, state: 'ok', found: 'there', neededFor };
  return { name: path, state: 'missing', found: 'not there', neededFor, mend: `sudo ${mend}` };
}

function toolFinding(tool: string, debianPackage: string, neededFor: string): Finding {
  const path = which(tool);
  if (path !== undefined) return { name: tool, state: 'ok', found: path, neededFor };
  const mend = `sudo apt install ${debianPackage}`;
  return { name: tool, state: 'missing', found: 'not found', neededFor, mend };
}

/** Debian's scapy belongs to Debian's python3, whatever stands first in PATH. */
function scapyFinding(): Finding {
  const base = { name: 'scapy', neededFor: 'npm run check:scapy (later): packets by another hand' };
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
