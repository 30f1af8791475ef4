/**
 * Captures under other eyes: `npm run check:pcap [-- FOLDER | --backend linux [--data-plane P] [NAME...]]`.
 *
 * Runs every scenario with a capture of each link (or takes the captures of a folder; on real hosts the short
 * scenarios, or those that are named), lets tshark
 * look for malformed packets and expert errors, and verifies all checksums with our own code, for
 * tshark 4.0 never verifies that of the Mobility Header. Exits with 1 on any finding; without tshark it says so.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  findScenarios,
  loadScenario,
  readCapture,
  runOnSimulator,
  SCENARIOS,
  scenarioName,
} from '../src/lab/index.ts';
import { checksumOk, PROTOCOL, walkPacket } from '../src/wire/index.ts';
import { LONGEST_FLOW, MALFORMED, repetition } from './captured.ts';
import { captureOnLinux } from './linux/capture-all.ts';
import { inShares } from './shares.ts';

let findings = 0;
let skipped = 0;

/** Runs all others with captures below a folder. */
function captureAll(files: readonly string[], folder: string): void {
  for (const file of files) {
    if (MALFORMED.has(scenarioName(file))) continue;
    const loaded = loadScenario(file);
    const repeats = loaded.ok ? repetition(loaded.value, LONGEST_FLOW) : undefined;
    if (repeats !== undefined) {
      console.log(`not captured: ${scenarioName(file)}, ${repeats}`);
      continue;
    }
    if (loaded.ok) {
      runOnSimulator(loaded.value, { captures: join(folder, scenarioName(file)) });
      continue;
    }
    findings += 1;
    console.log(`${file} is no scenario: careof lab check says why`);
  }
}

function capturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pcap|pcapng)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Verifies all checksums, tunnelled packets' too, and counts those of Mobility Headers. */
function checkChecksums(files: readonly string[]) {
  let messages = 0;
  let packets = 0;
  for (const file of files) {
    const { frames, fault } = readCapture(readFileSync(file));
    if (fault !== undefined) {
      findings += 1;
      console.log(`${file}: ${fault}`);
    }
    for (const { number, packet } of frames) {
      if (packet === undefined) continue;
      packets += 1;
      const { at, protocol } = innermost(packet);
      if (protocol === PROTOCOL.mobility) messages += 1;
      if (checksumOk(packet, at)) continue;
      findings += 1;
      console.log(`${file}: frame ${number}: the checksum of protocol ${protocol} is wrong`);
    }
  }
  return { packets, messages };
}

/** Where the innermost packet begins, and what it carries. */
function innermost(packet: Uint8Array): { at: number; protocol: number | undefined } {
  for (let at = 0; ; ) {
    const walk = walkPacket(packet, at);
    const inside = walk?.protocol === PROTOCOL.ipv6 || walk?.protocol === PROTOCOL.ipv4;
    // In a fragment it is not whole.
    if (walk === undefined || !inside || walk.fragmentAt >= 0 || walk.isPart) {
      return { at, protocol: walk?.protocol };
    }
    at = walk.upperAt;
  }
}

/** Payloads stay opaque: tshark guesses protocols of its own into them. 434 is Mobile IPv4. */
const OPAQUE = ['tcp', 'udp'].flatMap((layer) =>
  ['1-433', '435-65535'].flatMap((ports) => ['-d', `${layer}.port==${ports},data`]),
);
const CHECKSUMS = ['-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];

/**
 * What an error of ICMPv6 or ICMP quotes is cut, or has a Type 2 Routing header, which tshark takes into account in a
 * packet and not in a quotation: it calls the quoted checksum wrong. That of the error is judged above.
 */
const QUOTED = '(icmpv6.type < 128 or icmp.type in {3, 5, 11, 12}) and not _ws.malformed';

/** Shows tshark every packet of every capture: malformed ones and expert errors are findings. */
function checkWithTshark(files: readonly string[]): number {
  if (spawnSync('tshark', ['--version']).status !== 0) {
    skipped = 1;
    return 0;
  }
  let bad = 0;
  for (const together of byFolder(files)) {
    if (together.length > 1 && faultOfAll(together) === '') continue;
    for (const file of together) {
      const fault = tsharkFault(file);
      if (fault === '') continue;
      bad += 1;
      console.log(`tshark: ${file}: ${fault}`);
    }
  }
  findings += bad;
  return bad;
}

/** Captures of one scenario each. */
function byFolder(files: readonly string[]): string[][] {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const folder = dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return [...folders.values()];
}

/** What tshark finds in captures behind each other: to start takes it longer than to read. */
function faultOfAll(files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'careof-merged-'));
  try {
    const merged = join(folder, 'all.pcapng');
    const { status } = spawnSync('mergecap', ['-a', '-w', merged, ...files]);
    return status === 0 ? tsharkFault(merged) : 'mergecap is not there, or cannot read them';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is wrong in a capture; empty where nothing is. */
function tsharkFault(file: string): string {
  const filter = `(_ws.malformed or _ws.expert.severity == error) and not (${QUOTED})`;
  const args = ['-n', '-r', file, '-Y', filter, ...OPAQUE, ...CHECKSUMS];
  const { status, stdout, stderr } = spawnSync('tshark', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) return stdout;
  return stderr || `ended with ${status}`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string' },
    'data-plane': { type: 'string', default: 'ebpf' },
  },
});
const onLinux = values.backend === 'linux';
const given = onLinux ? undefined : positionals[0];

/** What shares are given: captures of one scenario each, or the file of a scenario. */
const list: readonly (readonly string[])[] =
  given !== undefined
    ? byFolder(capturesIn(given))
    : (onLinux ? [] : findScenarios([SCENARIOS])).map((file) => [file]);

/** A share of the captures of a folder, or what a share of the scenarios, or a run on real hosts, leaves on its links. */
function check(mine: readonly (readonly string[])[]) {
  if (given !== undefined) return checkFiles(mine.flat());
  const folder = mkdtempSync(join(tmpdir(), 'careof-pcap-'));
  try {
    if (onLinux) {
      const isLeftOut = (name: string) => MALFORMED.has(name);
      for (const why of captureOnLinux(folder, values['data-plane'], positionals, isLeftOut)) {
        findings += 1;
        console.log(`not captured: ${why}`);
      }
    } else captureAll(mine.flat(), folder);
    return checkFiles(capturesIn(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkFiles(files: readonly string[]) {
  const { packets, messages } = checkChecksums(files);
  const bad = files.length > 0 ? checkWithTshark(files) : 0;
  return { captures: files.length, packets, messages, bad, findings, skipped };
}

const all = await inShares(fileURLToPath(import.meta.url), list, check);
if (all !== undefined) {
  const { captures, packets, messages, bad } = all;
  console.log(`careof: ${captures} captures, ${packets} packets, ${messages} mobility messages`);
  if (all.skipped > 0) console.log('skipped: tshark is not installed (sudo apt install tshark)');
  else console.log(`tshark: ${captures} captures, ${bad} with a malformed packet or an error`);
  if (packets === 0) console.log('there was no packet to check: that is a failure');
  const total = all.findings + (packets === 0 ? 1 : 0);
  console.log(`${total} findings, ${Math.min(all.skipped, 1)} skipped`);
  if (total > 0) process.exitCode = 1;
}
