/** `careof delegation`: who may bind an anycast address, said by whoever its prefix belongs to. */
import { Command } from 'commander';
import type { Delegation } from '../core/security/delegation.ts';
import { CareofError } from './careof-error.ts';

export function delegationCommand(): Command {
  return new Command('delegation')
    .description('makes keys and says by signature which servers may bind an anycast address')
    .addCommand(keyCommand())
    .addCommand(signCommand())
    .addCommand(showCommand());
}

function keyCommand(): Command {
  return new Command('key')
    .description('makes a key pair, of an authority or of a server, and prints the public half')
    .argument('<file>', 'where the private half goes, readable by its owner alone')
    .action(async (file: string) => {
      const { generateKeyPairSync } = await import('node:crypto');
      const { writeFileSync } = await import('node:fs');
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
      try {
        writeFileSync(file, pem, { mode: 0o600, flag: 'wx', flush: true });
      } catch (cause) {
        const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
        const hint = exists
          ? 'a key that is lost cannot be made again: name another file'
          : undefined;
        throw new CareofError('key-not-written', `${(cause as Error).message}`, hint);
      }
      const octets = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
      console.log(`hex:${octets.toString('hex')}`);
    });
}

interface SignOptions {
  readonly key: string;
  readonly for: string;
  readonly server: string;
  readonly days: string;
  readonly from?: string;
  readonly until?: string;
}

/** Clocks that are slow do not take it for one of the future. */
const CLOCKS_DIFFER = 3600;
const DAY = 86_400;

function signCommand(): Command {
  return new Command('sign')
    .description('says that the owner of a key may bind addresses of a prefix; prints it')
    .requiredOption('--key <file>', 'private key of the authority')
    .requiredOption('--for <prefix>', 'prefix, such as 2001:db8:a::80/128')
    .requiredOption(
      '--server <hex>',
      'public key of the server, as `careof delegation key` prints it',
    )
    .option('--days <count>', 'it holds for so long from now', '90')
    .option('--from <date>', 'from then on instead, such as 2026-01-31; an hour ago if absent')
    .option('--until <date>', 'until then instead of --days')
    .action(async (options: SignOptions) => {
      const { readKeyFile } = await import('../daemon/host-file.ts');
      const { ed25519KeyPair, nodeCryptography } = await import('../lab/crypto.ts');
      const { readNetwork, readOctets } = await import('../lab/scenario/quantity.ts');
      const { ED25519_KEY_SIZE, signDelegation } = await import('../core/security/delegation.ts');
      const { toHex } = await import('../wire/hex.ts');
      const prefix = read('--for', readNetwork(options.for));
      const serverKey = read('--server', readOctets(options.server, ED25519_KEY_SIZE));
      const times = timesOf(options, Math.floor(Date.now() / 1000));
      let octets: Uint8Array;
      try {
        octets = readKeyFile(options.key, false);
      } catch (cause) {
        throw new CareofError('key-not-read', `--key ${options.key}: ${(cause as Error).message}`);
      }
      const pair = ed25519KeyPair(octets);
      if (pair === undefined) {
        const hint = 'make one with careof delegation key FILE';
        throw new CareofError('no-key', `${options.key} is no Ed25519 private key`, hint);
      }
      const says: Delegation = { prefix, serverKey, ...times };
      const signed = signDelegation(nodeCryptography.ed25519!, pair.privateKey, says);
      console.log(`hex:${toHex(signed)}`);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('what a delegation says, and whether an authority has signed it')
    .argument('<hex>', 'the delegation, as `careof delegation sign` prints it')
    .option('--authority <hex>', 'public key that it is to be signed with')
    .action(async (text: string, { authority }: { readonly authority?: string }) => {
      const { nodeCryptography } = await import('../lab/crypto.ts');
      const { readOctets } = await import('../lab/scenario/quantity.ts');
      const delegation = await import('../core/security/delegation.ts');
      const { toHex } = await import('../wire/hex.ts');
      const octets = read('the delegation', readOctets(text, delegation.DELEGATION_SIZE));
      const says = delegation.readDelegation(octets);
      if (says === undefined) {
        throw new CareofError('no-delegation', 'that is no delegation: it cannot be read');
      }
      console.log(`for     ${delegation.formatPrefix(says.prefix)}`);
      console.log(`server  hex:${toHex(says.serverKey)}`);
      console.log(`from    ${dateOf(says.notBefore)}`);
      console.log(`until   ${dateOf(says.notAfter)}`);
      if (authority === undefined) return;
      const key = read('--authority', readOctets(authority, delegation.ED25519_KEY_SIZE));
      if (!delegation.isSignedBy(nodeCryptography.ed25519!, key, octets)) {
        throw new CareofError('not-signed', 'the authority with this key has not signed it');
      }
      console.log('signed  by this authority');
    });
}

function read<T>(
  what: string,
  reading:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: string },
): T {
  if (reading.ok) return reading.value;
  throw new CareofError('wrong-option', `${what}: ${reading.error}`);
}

function timesOf(
  { days, from, until }: SignOptions,
  now: number,
): Pick<Delegation, 'notBefore' | 'notAfter'> {
  const count = Number(days);
  if (!(count > 0 && count <= 36_500)) {
    throw new CareofError('wrong-option', `--days ${days}: a number of days, 36500 at most`);
  }
  const notBefore = from === undefined ? now - CLOCKS_DIFFER : secondsOf('--from', from);
  const notAfter =
    until === undefined ? now + Math.floor(count * DAY) : secondsOf('--until', until);
  if (notAfter > notBefore) return { notBefore, notAfter };
  throw new CareofError('wrong-option', 'it would be over before it begins');
}

function secondsOf(option: string, date: string): number {
  const time = Date.parse(date);
  if (time >= 0) return Math.floor(time / 1000);
  throw new CareofError('wrong-option', `${option} ${date}: a date, such as 2026-01-31`);
}

/** Times beyond what a calendar has are as good as for ever. */
function dateOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s since 1970` : date.toISOString();
}
