/**
 * Captures under other eyes: `npm run check:pcap [-- FOLDER]`.
 *
 * Runs every scenario with a capture of each link (or takes the captures of a folder), lets tshark
 * look for malformed packets and expert errors, and verifies all checksums with our own code, for
 * tshark 4.0 never verifies that of the Mobility Header. Exits with 1 on any finding; without tshark it says so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  findScenarios,
  loadScenario,
  pcapngFrame,
  pcapngHead,
  readCapture,
  runOnSimulator,
  SCENARIOS,
  scenarioName,
} from '../src/lab/index.ts';
import { checksumOk, ICMPV6, PROTOCOL, walkHeaders } from '../src/wire/index.ts';

const vectors =
  process.env.CAREOF_VECTORS ?? fileURLToPath(new URL('../../shared/vectors', import.meta.url));

let findings = 0;
let skipped = 0;

/** Runs all scenarios with captures below a folder. */
function captureAll(folder: string): void {
  for (const file of findScenarios([SCENARIOS])) {
    const loaded = loadScenario(file);
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
function checkChecksums(files: readonly string[]): void {
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
  console.log(
    `careof: ${files.length} captures, ${packets} packets, ${messages} mobility messages`,
  );
  if (packets === 0) {
    findings += 1;
    console.log('there was no packet to check: that is a failure');
  }
}

/** Where the innermost IPv6 packet begins, and what it carries. */
function innermost(packet: Uint8Array): { at: number; protocol: number | undefined } {
  for (let at = 0; ; ) {
    const walk = walkHeaders(packet, at);
    if (walk?.protocol !== PROTOCOL.ipv6 || !walk.firstFragment) {
      return { at, protocol: walk?.protocol };
    }
    at = walk.upperAt;
  }
}

/** Data packets of a capture that tshark is shown: the first, and then one in so many. */
const FIRST_DATA = 50;
const EACH_DATA = 1000;
const NO_STATION = '\0'.repeat(6);

/** Copies for tshark, in two lots. */
interface Copies {
  readonly packets: string[];
  /** ICMPv6 errors: tshark judges the checksum of the segment that they quote, although it is cut. */
  readonly errors: string[];
}

/**
 * Copies a capture with all signalling and some of the data: tshark's XML, which the vectors' tool
 * reads, takes minutes for all the segments of all downloads.
 */
function copyThinned(file: string, folder: string, index: number, copies: Copies): void {
  const head = pcapngHead(basename(file, '.pcapng'));
  const packets = [head];
  const errors = [head];
  let data = 0;
  for (const { number, packet } of readCapture(readFileSync(file)).frames) {
    if (packet === undefined) continue;
    const { at, protocol } = innermost(packet);
    if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) {
      data += 1;
      if (data > FIRST_DATA && data % EACH_DATA !== 0) continue;
    }
    const type = packet[walkHeaders(packet, at)?.upperAt ?? 0] ?? 0;
    const isError = protocol === PROTOCOL.icmpv6 && type < ICMPV6.echoRequest;
    const frame = { time: number, from: NO_STATION, to: NO_STATION, octets: packet };
    const block = pcapngFrame({ ...frame, comment: `frame ${number} of ${file}` });
    (isError ? errors : packets).push(block);
  }
  for (const lot of ['packets', 'errors'] as const) {
    const blocks = lot === 'packets' ? packets : errors;
    if (blocks.length === 1) continue;
    const copy = join(folder, `${index}-${lot}-${basename(file)}`);
    writeFileSync(copy, Buffer.concat(blocks));
    copies[lot].push(copy);
  }
}

function checkWithTshark(files: readonly string[]): void {
  if (spawnSync('tshark', ['--version']).status !== 0) {
    skipped += 1;
    console.log('skipped: tshark is not installed (sudo apt install tshark)');
    return;
  }
  const tool = join(vectors, 'tools', 'tshark_check.py');
  if (existsSync(tool) && spawnSync('python3', ['--version']).status === 0) {
    checkWithTool(tool, files);
  } else for (const file of files) checkOneWithTshark(file);
}

function checkWithTool(tool: string, files: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'careof-thin-'));
  const copies: Copies = { packets: [], errors: [] };
  try {
    for (const [index, file] of files.entries()) copyThinned(file, folder, index, copies);
    runTool(tool, copies.packets);
    if (copies.errors.length > 0) runTool(tool, ['--allow', 'Bad checksum', ...copies.errors]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runTool(tool: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('python3', [tool, '--quiet', ...args], BIG);
  process.stdout.write(`tshark: ${stdout}`);
  if (status === 0) return;
  findings += 1;
  console.log(`tshark_check.py failed with ${status}: ${stderr}`);
}

const BIG = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;

/** Packets that tshark calls malformed, and expert errors; payloads stay opaque. */
function checkOneWithTshark(file: string): void {
  const filter = '_ws.malformed or _ws.expert.severity == error';
  const opaque = ['tcp', 'udp'].flatMap((layer) => ['-d', `${layer}.port==1-65535,data`]);
  const args = ['-n', '-r', file, '-Y', filter, ...opaque];
  const { status, stdout, stderr } = spawnSync('tshark', args, BIG);
  if (status === 0 && stdout === '') return;
  findings += 1;
  console.log(`tshark: ${file}: ${status === 0 ? stdout : stderr}`);
}

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'careof-pcap-'));
try {
  if (given === undefined) captureAll(folder);
  const files = capturesIn(folder);
  checkChecksums(files);
  if (files.length > 0) checkWithTshark(files);
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
console.log(`${findings} findings, ${skipped} skipped`);
if (findings > 0) process.exitCode = 1;
