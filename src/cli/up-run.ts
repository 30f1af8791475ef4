/** Runs the daemon in this process. */
import type { Daemon } from '../daemon/daemon.ts';
import { type HostFileOptions, type HostPlan, loadHostFile } from '../daemon/host-file.ts';
import { hostKey } from '../daemon/host-key.ts';
import { Log } from '../daemon/log.ts';
import { bootId, type MachineClocks } from '../daemon/node-clock.ts';
import { placesOf } from '../daemon/places.ts';
import { differenceOf } from '../daemon/sync.ts';
import { diagnosticLine } from '../lab/scenario/diagnostic.ts';
import { withArticle } from '../lab/scenario/nodes.ts';
import { formatAddress } from '../wire/address.ts';
import { EXIT } from './careof-error.ts';
import { operatorError } from './operator-error.ts';
import { version } from './terminal.ts';
import type { UpOptions } from './up.ts';

/** How the file of this host is read. The lab, whose keys are no secrets, tells of all keys. */
function readingOf({ name, state, readableKeys, check }: UpOptions): HostFileOptions {
  if (readableKeys === true || check === true) return { readableKeys };
  return { ownKey: (node) => hostKey(placesOf(name ?? node, state).key) };
}

/** The plan of this host, or undefined where the file is wrong, which is told. */
function planned(options: UpOptions): HostPlan | undefined {
  const { config, node } = options;
  const loaded = loadHostFile(config, { ...readingOf(options), node });
  if (loaded.ok) return loaded.value;
  for (const diagnostic of loaded.error) console.error(diagnosticLine(diagnostic));
  return undefined;
}

/** Says what the file comes to. */
export function checkHost(options: UpOptions): number {
  const host = planned(options);
  if (host === undefined) return EXIT.unfit;
  const { text, node, planned: plan, config } = host;
  const { homeAgent, mobileNode } = config;
  const names = plan.interfaces.map(({ name }) => {
    const own = options.interface.get(name) ?? host.settings.interfaces?.[name] ?? name;
    return own === name ? name : `${name} (${own})`;
  });
  console.log(
    `${options.config}: ok: this host is ${node}, ${withArticle(text.role)}, on ${names.join(', ')}`,
  );
  if (homeAgent !== undefined) {
    const count = homeAgent.mobileNodes.length;
    const nodes = count === 1 ? '1 mobile node' : `${count} mobile nodes`;
    console.log(`  home agent ${formatAddress(homeAgent.address)} of ${nodes}`);
  }
  if (mobileNode !== undefined) {
    const { homeAgent: agent, home } = mobileNode;
    const found = agent === undefined ? 'one that it finds itself' : formatAddress(agent);
    console.log(`  home address ${formatAddress(home)}, home agent ${found}`);
  }
  return EXIT.ok;
}

/** Runs until it is told to end; gives the exit code. Throws CareofError where it cannot begin. */
export async function runHost(options: UpOptions): Promise<number> {
  const host = planned(options);
  if (host === undefined) return EXIT.unfit;
  const log = new Log({
    level: options.logLevel,
    node: host.node,
    form: logForm(),
    write: (line) => process.stderr.write(line),
    now: Date.now,
  });
  const { Daemon } = await import('../daemon/daemon.ts');
  let end!: (how: { readonly leave: boolean }) => void;
  const ended = new Promise<{ readonly leave: boolean }>((resolve) => {
    end = resolve;
  });
  let daemon: Daemon;
  try {
    daemon = new Daemon({
      host,
      log,
      places: placesOf(options.name ?? host.node, options.state),
      clocks: await machineClocks(),
      version: version(),
      dataPlane: options.dataPlane,
      interfaces: options.interface,
      without: new Set(options.without),
      store: options.store,
      reading: readingOf(options),
      onDown: end,
    });
    await daemon.start();
  } catch (cause) {
    throw operatorError(cause);
  }
  const leave = options.leave === true;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end({ leave }));
  process.on('SIGHUP', () => reload(daemon, options, log));
  // A terminal that was closed takes no log any more, which ends nothing.
  process.stderr.on('error', () => {});
  return await untilEnd(daemon, ended, log);
}

/** The file is read anew, as `careof syncconf` does it. */
function reload(daemon: Daemon, options: UpOptions, log: Log): void {
  const loaded = loadHostFile(options.config, {
    ...readingOf(options),
    node: daemon.host.node,
  });
  if (!loaded.ok) {
    for (const diagnostic of loaded.error) log.error(diagnosticLine(diagnostic));
    return;
  }
  const { commands, changes, refused } = differenceOf(daemon.host, loaded.value);
  if (refused.length > 0) log.error('the file wants a restart', { changed: refused });
  else daemon.sync(loaded.value, commands);
  if (refused.length === 0) log.info('took the file over', { changes });
}

/** A fault of our own ends the process at once; what the kernel carries goes on without us. */
async function untilEnd(
  daemon: Daemon,
  ended: Promise<{ readonly leave: boolean }>,
  log: Log,
): Promise<number> {
  const broken = new Promise<Error>((resolve) => {
    process.on('uncaughtException', resolve);
    process.on('unhandledRejection', (cause) => resolve(cause as Error));
  });
  const how = await Promise.race([ended, broken]);
  const code = how instanceof Error ? EXIT.failed : EXIT.ok;
  if (how instanceof Error) log.error('broke by our own mistake', { fault: how.stack });
  try {
    daemon.stop({ leave: how instanceof Error || how.leave });
  } catch (cause) {
    log.error('could not be ended as it should', { fault: (cause as Error).stack });
    return EXIT.failed;
  } finally {
    // Whatever still watches something must not keep a node alive that has ended.
    setTimeout(() => process.exit(), 1000).unref();
  }
  return code;
}

function logForm(): 'json' | 'text' | 'journal' {
  if (process.stderr.isTTY === true) return 'text';
  return process.env.JOURNAL_STREAM === undefined ? 'json' : 'journal';
}

async function machineClocks(): Promise<MachineClocks> {
  const { bootTime } = await import('../linux/sys/boot-clock.ts');
  return { bootTime, wallTime: () => Date.now() * 1000, bootId: bootId() };
}
