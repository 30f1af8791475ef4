/**
 * What a machine has and lacks for careof on real hosts: facts are observed in one place, and what
 * follows from them is a pure function.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { ATTACH_TYPE, attachedPrograms, createMap, MAP_TYPE } from './bpf.ts';
import { isAtLeast } from './kernel-release.ts';
import { close, O_CLOEXEC, O_RDWR, open } from './libc.ts';
import { Rtnetlink } from './netlink/rtnetlink.ts';
import { CAPABILITY, effectiveCapabilities } from './privileges.ts';
import { lastError, SysError } from './sys-error.ts';

/** What was observed. A call that failed is the name of its error. */
export interface MachineFacts {
  readonly platform: string;
  /** Such as `6.18.44`. */
  readonly release: string;
  /** Effective capabilities, as bits. */
  readonly capabilities: bigint;
  /** `ok`, or why /dev/net/tun cannot be opened. */
  readonly tun: string;
  /** `ok`, or why no map could be made. */
  readonly bpf: string;
  /** `ok`, or why the programs at an interface cannot be asked for: EINVAL means no tcx. */
  readonly tcx: string;
  /** `ok`, or why there are no IPv6 routing rules. */
  readonly rules: string;
  /** Settings by their path below /proc/sys, those that there are. */
  readonly settings: Readonly<Record<string, string>>;
  /** Programs by name -> path; those that there are. */
  readonly programs: Readonly<Record<string, string>>;
}

/** One thing that a machine has or has not. */
export interface MachineFinding {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'too-old';
  readonly found: string;
  /** What does not work without it. */
  readonly neededFor: string;
  /** The command that mends it. */
  readonly mend?: string;
}

const SETTINGS = [
  'user/max_user_namespaces',
  'kernel/unprivileged_userns_clone', // Debian
  'kernel/apparmor_restrict_unprivileged_userns', // Ubuntu
  'net/ipv6/conf/all/disable_ipv6',
  'net/ipv4/tcp_mtu_probing',
];
const PROGRAMS = ['ip', 'nft', 'tc', 'unshare'];
const DEBIAN: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  unshare: 'util-linux',
};

/** Looks at this machine; changes nothing, and throws nothing. */
export function observeMachine(): MachineFacts {
  const linux = process.platform === 'linux';
  const only = (observe: () => void): string => (linux ? outcome(observe) : 'ENOSYS');
  return {
    platform: process.platform,
    release: release(),
    capabilities: effectiveCapabilities(readIfThere('/proc/thread-self/status') ?? ''),
    tun: only(() => {
      const fd = open('/dev/net/tun', O_RDWR | O_CLOEXEC, 0);
      if (fd < 0) throw new Error(lastError());
      close(fd);
    }),
    bpf: only(() => {
      close(createMap({ type: MAP_TYPE.array, keySize: 4, valueSize: 4, maxEntries: 1 }));
    }),
    tcx: only(() => attachedPrograms(1, ATTACH_TYPE.tcxIngress)),
    rules: only(() => {
      const client = new Rtnetlink();
      const { length } = client.rules();
      client.close();
      if (length === 0) throw new Error('EOPNOTSUPP');
    }),
    settings: known(SETTINGS, (path) => readIfThere(`/proc/sys/${path}`)?.trim()),
    programs: known(PROGRAMS, which),
  };
}

function outcome(observe: () => void): string {
  try {
    observe();
    return 'ok';
  } catch (error) {
    if (error instanceof SysError) return error.code;
    return error instanceof Error ? error.message : String(error);
  }
}

function known(
  names: readonly string[],
  find: (name: string) => string | undefined,
): Record<string, string> {
  const found = names.map((name) => [name, find(name)] as const);
  return Object.fromEntries(
    found.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function which(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const paths = folders.filter((folder) => folder !== '').map((folder) => join(folder, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What follows: everything that real hosts need, with what is lost and how to mend it. */
export function judgeMachine(facts: MachineFacts): MachineFinding[] {
  return [
    kernel(facts),
    capability(
      facts,
      'NET_ADMIN',
      'interfaces, routes and rules: careof up, lab run --backend linux',
    ),
    capability(facts, 'NET_RAW', 'signalling by raw sockets: careof up'),
    capability(facts, 'SYS_ADMIN', 'network namespaces: careof lab run --backend linux'),
    tun(facts),
    rules(facts),
    ...PROGRAMS.map((name) => program(facts, name)),
    bpf(facts),
    tcx(facts),
    userNamespaces(facts),
    blackHoles(facts),
  ];
}

const ROOT = 'run it as root: sudo careof ...';

function finding(
  name: string,
  neededFor: string,
  found: string,
  mend: string | undefined,
  state: 'missing' | 'too-old' = 'missing',
): MachineFinding {
  if (mend === undefined) return { name, state: 'ok', found, neededFor };
  return { name, state, found, neededFor, mend };
}

function kernel({ platform, release: version, settings }: MachineFacts): MachineFinding {
  const neededFor = 'real hosts on this machine: Linux 5.18 or later, with IPv6';
  if (platform !== 'linux') return finding('Linux', neededFor, platform, 'a Linux machine or VM');
  const disabled = settings['net/ipv6/conf/all/disable_ipv6'];
  if (disabled === undefined) {
    return finding('Linux', neededFor, `${version} without IPv6`, 'boot without ipv6.disable=1');
  }
  if (isAtLeast(version, 5, 18)) {
    return finding('Linux', neededFor, version, undefined);
  }
  return finding('Linux', neededFor, version, 'a kernel of 5.18 or later', 'too-old');
}

function capability(
  { capabilities }: MachineFacts,
  name: keyof typeof CAPABILITY,
  neededFor: string,
): MachineFinding {
  const has = ((capabilities >> BigInt(CAPABILITY[name])) & 1n) === 1n;
  return finding(`CAP_${name}`, neededFor, has ? 'yes' : 'no', has ? undefined : ROOT);
}

function tun({ tun: outcome }: MachineFacts): MachineFinding {
  const mends: Readonly<Record<string, string>> = {
    ENOENT: 'sudo modprobe tun; sudo mkdir -p /dev/net; sudo mknod /dev/net/tun c 10 200',
    ENODEV: 'sudo modprobe tun',
    EACCES: 'sudo chmod 666 /dev/net/tun, or run it as root',
  };
  const neededFor = 'the anchor device careof0 and the interfaces of lab hosts';
  return finding(
    '/dev/net/tun',
    neededFor,
    outcome === 'ok' ? 'usable' : `cannot be opened: ${outcome}`,
    outcome === 'ok' ? undefined : (mends[outcome] ?? ROOT),
  );
}

function rules({ rules: outcome }: MachineFacts): MachineFinding {
  return finding(
    'IPv6 routing rules',
    'sending what belongs to a binding to the data plane: careof up',
    outcome === 'ok' ? 'yes' : outcome,
    outcome === 'ok' ? undefined : 'a kernel with CONFIG_IPV6_MULTIPLE_TABLES',
  );
}

const USES: Readonly<Record<string, string>> = {
  ip: 'looking at what careof did; nothing is lost without it',
  nft: 'the TUN data plane; without it, eBPF alone',
  tc: 'eBPF on kernels before 6.6; nothing is lost on later ones',
  unshare: 'lab run --backend linux as an ordinary user',
};

function program({ programs }: MachineFacts, name: string): MachineFinding {
  const path = programs[name];
  const mend = path === undefined ? `sudo apt install ${DEBIAN[name]}` : undefined;
  return finding(name, USES[name]!, path ?? 'not found', mend);
}

function bpf({ bpf: outcome }: MachineFacts): MachineFinding {
  const mend = outcome === 'EPERM' ? ROOT : 'a kernel with CONFIG_BPF_SYSCALL';
  const found = outcome === 'ok' ? 'usable' : outcome;
  const neededFor = 'the eBPF data plane; without it, TUN, which is much slower';
  return finding('bpf(2)', neededFor, found, outcome === 'ok' ? undefined : mend);
}

function tcx({ tcx: outcome }: MachineFacts): MachineFinding {
  const neededFor = 'eBPF programs that outlive the daemon without tc';
  if (outcome === 'ok') return finding('tcx', neededFor, 'yes', undefined);
  if (outcome === 'EPERM') return finding('tcx', neededFor, 'cannot be seen', ROOT);
  return finding(
    'tcx',
    neededFor,
    outcome,
    'a kernel of 6.6 or later; tc does until then',
    'too-old',
  );
}

/** The setting is TCP's over IPv6 too. careof changes no setting of a whole system by itself. */
function blackHoles({ settings }: MachineFacts): MachineFinding {
  const setting = settings['net/ipv4/tcp_mtu_probing'];
  return finding(
    'TCP finds black holes',
    'programs here, on paths that drop Packet Too Big; tunnels find out by themselves',
    setting === undefined ? 'not there' : `net.ipv4.tcp_mtu_probing is ${setting}`,
    setting === '0' ? 'sudo sysctl net.ipv4.tcp_mtu_probing=1' : undefined,
  );
}

function userNamespaces({ settings }: MachineFacts): MachineFinding {
  const refusals: readonly [setting: string, refuses: string, mend: string][] = [
    ['user/max_user_namespaces', '0', 'sudo sysctl user.max_user_namespaces=10000'],
    ['kernel/unprivileged_userns_clone', '0', 'sudo sysctl kernel.unprivileged_userns_clone=1'],
    [
      'kernel/apparmor_restrict_unprivileged_userns',
      '1',
      'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0',
    ],
  ];
  const neededFor = 'lab run --backend linux as an ordinary user';
  const refusal = refusals.find(([setting, refuses]) => settings[setting] === refuses);
  if (refusal !== undefined) {
    return finding('user namespaces', neededFor, `refused by ${refusal[0]}`, refusal[2]);
  }
  const there = settings['user/max_user_namespaces'] !== undefined;
  const mend = there ? undefined : 'a kernel with CONFIG_USER_NS';
  return finding('user namespaces', neededFor, there ? 'allowed' : 'not there', mend);
}
