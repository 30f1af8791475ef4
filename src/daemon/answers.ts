/** What the control socket answers: every request that there is, and what its answer holds. */
import { join } from 'node:path';
import type { Command } from '../core/role.ts';
import type { Duration } from '../core/time.ts';
import { diagnosticLine } from '../lab/scenario/diagnostic.ts';
import { suggestion } from '../lab/scenario/nearest.ts';
import { ControlError, type Request } from '../linux/control/control-server.ts';
import { type Address, formatAddress, isIpv4, parseAddress } from '../wire/address.ts';
import { agentsOf } from './agents.ts';
import { bindingsOf } from './bindings.ts';
import { connections, keepConnections } from './connections.ts';
import type { Daemon } from './daemon.ts';
import { flowsOf } from './flows.ts';
import { hostPlanOf } from './host-file.ts';
import { linksOf } from './links.ts';
import { NAMESPACE_FILE } from './places.ts';
import { serviceOf } from './services.ts';
import { sharedOf } from './shared.ts';
import { statusOf } from './status.ts';
import { differenceOf } from './sync.ts';
import { whyOf } from './why.ts';

type Answer = (daemon: Daemon, request: Request) => unknown;

const ANSWERS: Readonly<Record<string, Answer>> = {
  status: (daemon) => statusOf(daemon),
  bindings: (daemon) => bindingsOf(daemon),
  flows: (daemon) => flowsOf(daemon),
  links: (daemon) => linksOf(daemon),
  service: (daemon) => serviceOf(daemon) ?? {},
  agents: (daemon) => sharedOf(daemon) ?? agentsOf(daemon),
  counters: (daemon) => daemon.node.counters(),
  sizes: (daemon) => daemon.node.sizes(),
  why: (daemon, { said }) => whyOf(daemon, ownerIn(said.to, 'to', daemon)),
  watch,
  command,
  'keep-connections': keepConnections,
  connections,
  syncconf,
  down,
};

/** The answer; throws ControlError where there is none. */
export function answerRequest(daemon: Daemon, request: Request): unknown {
  const answer = Object.hasOwn(ANSWERS, request.do) ? ANSWERS[request.do] : undefined;
  if (answer !== undefined) return answer(daemon, request);
  const hint = suggestion(request.do, Object.keys(ANSWERS));
  throw new ControlError('unknown-request', `there is no request "${request.do}"`, hint);
}

/** Events as they happen; with `past`, first those that were since the process started. */
function watch(daemon: Daemon, request: Request): object {
  const { events, clock } = daemon;
  const { kept, gone } = events.past;
  const sender = request.watch(() => end());
  const end = events.listen((event) => sender.send(event));
  const past = request.said.past === true;
  if (past) for (const event of kept) sender.send(event);
  return {
    node: daemon.node.name,
    epoch_us: clock.epoch,
    boottime_of_start_ns: String(clock.bootTimeOfStart),
    missed: past ? gone : 0,
  };
}

function down(daemon: Daemon, { said }: Request): object {
  const leave = said.leave === true;
  // The answer is to reach its asker first.
  setTimeout(() => daemon.options.onDown({ leave }), 20);
  return { pid: process.pid, note: join(daemon.options.places.nodeFolder, NAMESPACE_FILE) };
}

/** The file comes as text: it was read with the rights of who asks. */
function syncconf(daemon: Daemon, { said }: Request): object {
  const { host, options } = daemon;
  if (typeof said.text !== 'string' || typeof said.file !== 'string') {
    throw new ControlError('no-file', 'file and text of a host`s file are wanted');
  }
  const text = { octets: Buffer.from(said.text), open: said.open !== false };
  const read = hostPlanOf(said.file, text, { ...options.reading, node: host.node });
  if (!read.ok) return { diagnostics: read.error.map(diagnosticLine) };
  const { commands, changes, refused } = differenceOf(host, read.value);
  if (refused.length === 0 && said.dry_run !== true) daemon.sync(read.value, commands);
  return { changes, refused };
}

function command(daemon: Daemon, { said }: Request): object {
  daemon.node.command(commandIn(said.command, daemon));
  return {};
}

/** The command that a request holds, with addresses as text; throws ControlError. */
function commandIn(data: unknown, daemon: Daemon): Command {
  const { host, ledger } = daemon;
  const said = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const { mobileNode, multihomedHost, homeAgent, accessRouter } = host.config;
  const { anycastServer, contentSlave } = host.config;
  switch (said.do) {
    case 'prefer': {
      if (multihomedHost !== undefined) {
        return { do: 'prefer', link: linkIn(said.link, multihomedHost.links) };
      }
      if (mobileNode === undefined) {
        throw wrongRole('prefer', 'a mobile node, or a host with several providers');
      }
      return { do: 'prefer', link: linkIn(said.link, [...ledger.links.keys()]) };
    }
    case 'revoke':
      if (homeAgent === undefined) throw wrongRole('revoke', 'a home agent');
      return { do: 'revoke', home: ownerIn(said.home, 'home', daemon) };
    case 'hand-over':
      if ((contentSlave ?? anycastServer) === undefined) {
        throw wrongRole('hand-over', 'a server of a shared address');
      }
      return {
        do: 'hand-over',
        client: ownerIn(said.client, 'client', daemon),
        to: ownerIn(said.to, 'to', daemon),
      };
    case 'drain':
      if (!isTime(said.within)) {
        throw new ControlError('wrong-time', 'within is a time in microseconds');
      }
      drainable(said, daemon);
      return { do: 'drain', within: said.within };
    case 'undrain':
      drainable(said, daemon);
      return { do: 'undrain' };
    case 'watch':
      if (homeAgent === undefined) throw wrongRole('watch', 'a home agent');
      return { do: 'watch', peer: ipv6In(said.peer, 'peer') };
    case 'renumber': {
      if (homeAgent === undefined && accessRouter === undefined) {
        throw wrongRole('renumber', 'a router');
      }
      const links = host.planned.interfaces.map(({ name }) => name);
      return { do: 'renumber', link: linkIn(said.link, links), change: changeIn(said.change) };
    }
    default: {
      const known = ['prefer', 'revoke', 'hand-over', 'drain', 'undrain', 'watch', 'renumber'];
      const message = `there is no command "${String(said.do)}"`;
      throw new ControlError('unknown-command', message, `known: ${known.join(', ')}`);
    }
  }
}

/** Throws where there is nothing to be drained: no server, or an interface that its clients do not come by. */
function drainable({ do: what, link }: Record<string, unknown>, { host, node }: Daemon): void {
  const { anycastServer, contentSlave, mobileNode, multihomedHost } = host.config;
  const server = anycastServer ?? contentSlave;
  if (server === undefined) {
    const moves = (mobileNode ?? multihomedHost) !== undefined;
    const hint = moves ? '`careof prefer INTERFACE` moves what goes by the others' : undefined;
    throw wrongRole(String(what), 'a server of a shared address', hint);
  }
  if (link === undefined) return;
  const links = host.planned.interfaces.map(({ name }) => name);
  const named = linkIn(link, links);
  const addresses = node.status()?.addresses ?? [];
  const own = addresses.find(({ address }) => address === server.address)?.link;
  if (own === undefined || own === named) return;
  const message = `no client of this server comes by "${named}"`;
  throw new ControlError('not-served-there', message, `they come by "${own}"`);
}

function changeIn(data: unknown) {
  const said = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const { valid, preferred, to } = said;
  if (!isTime(valid) || !isTime(preferred)) {
    throw new ControlError('wrong-change', 'valid and preferred are times in microseconds');
  }
  return { valid, preferred, ...(to !== undefined && { to: ipv6In(to, 'to') }) };
}

const isTime = (value: unknown): value is Duration => Number.isInteger(value) && Number(value) >= 0;

function wrongRole(what: string, wanted: string, hint?: string): ControlError {
  return new ControlError('wrong-role', `only ${wanted} can do that: ${what}`, hint);
}

function linkIn(value: unknown, known: readonly string[]): string {
  if (typeof value === 'string' && known.includes(value)) return value;
  const hint = suggestion(String(value), known);
  throw new ControlError('no-such-link', `this node has no link "${String(value)}"`, hint);
}

/** An address, or what a node of the file is known by. */
function ownerIn(value: unknown, name: string, { host }: Daemon): Address {
  const node = host.neighbours.get(String(value));
  return node ?? addressIn(value, name);
}

function addressIn(value: unknown, name: string): Address {
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  return address ?? noAddress(value, `${name} is not an address`);
}

/** One that this node sends messages of its own to, say. */
function ipv6In(value: unknown, name: string): Address {
  const address = addressIn(value, name);
  return isIpv4(address) ? noAddress(value, `${name} is not an IPv6 address`) : address;
}

function noAddress(value: unknown, what: string): never {
  const hint = `such as ${formatAddress(EXAMPLE)}`;
  throw new ControlError('no-address', `${what}: "${String(value)}"`, hint);
}

const EXAMPLE = parseAddress('2001:db8:1::100')!;
