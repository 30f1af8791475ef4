/**
 * Network namespaces: made and removed as `ip netns` does it, so that `ip netns` sees them, and
 * entered by this thread for the time of a function.
 *
 * A descriptor belongs for ever to the namespace in which it was opened. So a process stays where it
 * is and opens what it needs (a TAP, a netlink socket) inside.
 *
 * Source: namespaces(7), setns(2); <linux/sched.h>, <linux/mount.h>.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { close, mount, O_CLOEXEC, O_RDONLY, open, setns, umount2, unshare } from './libc.ts';
import { check, lastError, SysError } from './sys-error.ts';

// <linux/sched.h>
const CLONE_NEWNET = 0x40000000;
// <linux/mount.h>, <sys/mount.h>
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SHARED = 1 << 20;
const MNT_DETACH = 2;

/** Where `ip netns` keeps the names. */
export const NETNS_FOLDER = '/run/netns';
/** The namespace of this thread: of the main thread, or of a Worker that entered another one. */
const OWN = '/proc/thread-self/ns/net';

const CURES = {
  EPERM:
    'run as root, or in a user namespace: unshare --user --map-root-user --net --mount COMMAND',
  EACCES:
    'run as root, or in a user namespace: unshare --user --map-root-user --net --mount COMMAND',
};

const pathOf = (name: string): string => {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}$/.test(name)) {
    throw new SysError(`network namespace name '${name}'`, 22, {
      EINVAL: 'letters, digits, and _ . : - behind the first, at most 64 of them',
    });
  }
  return `${NETNS_FOLDER}/${name}`;
};

/** Makes a namespace of that name; its loopback is down. Throws SysError (EEXIST, EPERM). */
export function createNamespace(name: string): void {
  const path = pathOf(name);
  prepareFolder();
  try {
    closeSync(openSync(path, 'wx', 0o000));
  } catch (error) {
    throw asSysError(`create ${path}`, error);
  }
  const home = openNamespace(OWN);
  try {
    check(unshare(CLONE_NEWNET), 'unshare CLONE_NEWNET', CURES);
    try {
      check(mount(OWN, path, 'none', MS_BIND, null), `mount --bind ${OWN} ${path}`, CURES);
    } finally {
      comeBack(home);
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    close(home);
  }
}

/**
 * Removes the name; the namespace itself, with all its interfaces, goes when no process and no
 * descriptor holds it. Gives false where there was none of that name.
 */
export function deleteNamespace(name: string): boolean {
  const path = pathOf(name);
  if (!existsSync(path)) return false;
  // EINVAL: a name that is left of a namespace whose mount did not come about or is gone.
  if (umount2(path, MNT_DETACH) < 0 && lastError() !== 'EINVAL') {
    check(-1, `umount ${path}`, CURES);
  }
  rmSync(path, { force: true });
  return true;
}

/** The names that there are. */
export function listNamespaces(): string[] {
  return existsSync(NETNS_FOLDER) ? readdirSync(NETNS_FOLDER).sort() : [];
}

/**
 * Runs a function with this thread in a named namespace and gives its result. It must not be
 * asynchronous: everything else in this thread would go on in the wrong namespace. Child processes
 * that it starts are in the namespace too; work that Node leaves to its thread pool is not.
 */
export function inNamespace<T>(name: string, run: () => T): T {
  const home = openNamespace(OWN);
  try {
    const other = openNamespace(pathOf(name));
    try {
      check(setns(other, CLONE_NEWNET), `setns ${pathOf(name)}`, CURES);
    } finally {
      close(other);
    }
    let result: T;
    try {
      result = run();
    } finally {
      comeBack(home);
    }
    if (result instanceof Promise) throw new TypeError('a function in a namespace is synchronous');
    return result;
  } finally {
    close(home);
  }
}

/** Enters a named namespace for good: for a process or a Worker that lives there. */
export function enterNamespace(name: string): void {
  const other = openNamespace(pathOf(name));
  try {
    check(setns(other, CLONE_NEWNET), `setns ${pathOf(name)}`, CURES);
  } finally {
    close(other);
  }
}

/** A descriptor of a named namespace, to move or make a link there; to be closed after use. */
export function descriptorOfNamespace(name: string): { readonly fd: number; close(): void } {
  const fd = openNamespace(pathOf(name));
  return { fd, close: () => void close(fd) };
}

/**
 * The command that runs another one, as its root, in a new user, network and mount namespace with a
 * `/run` of its own, so that an ordinary user has named namespaces too. The kernel lets only
 * processes of one thread into a new user namespace, which Node never is: hence a program.
 */
export function inUserNamespace(command: readonly string[]): string[] {
  const script = 'mount -t tmpfs run /run && mkdir /run/netns && exec "$@"';
  const flags = ['--user', '--map-root-user', '--net', '--mount'];
  return ['unshare', ...flags, '--', 'sh', '-c', script, 'sh', ...command];
}

function openNamespace(path: string): number {
  return check(open(path, O_RDONLY | O_CLOEXEC, 0), `open ${path}`, {
    ...CURES,
    ENOENT: 'ip netns list shows the namespaces that there are',
  });
}

/** A thread in the wrong namespace would change a host that it was never meant to touch. */
function comeBack(home: number): void {
  if (setns(home, CLONE_NEWNET) < 0) {
    console.error(`setns back: ${lastError()}: cannot return to the own network namespace`);
    process.abort();
  }
}

/** As `ip netns` does: mounts below the folder are seen by every mount namespace on this host. */
function prepareFolder(): void {
  try {
    mkdirSync(NETNS_FOLDER, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw asSysError(`mkdir ${NETNS_FOLDER}`, error);
  }
  if (mount('', NETNS_FOLDER, 'none', MS_SHARED | MS_REC, null) === 0) return;
  if (lastError() !== 'EINVAL') check(-1, `mount --make-shared ${NETNS_FOLDER}`, CURES);
  check(
    mount(NETNS_FOLDER, NETNS_FOLDER, 'none', MS_BIND | MS_REC, null),
    `mount --bind ${NETNS_FOLDER}`,
    CURES,
  );
  check(
    mount('', NETNS_FOLDER, 'none', MS_SHARED | MS_REC, null),
    `mount --make-shared ${NETNS_FOLDER}`,
    CURES,
  );
}

/** The same kind of error for what Node's own calls report. */
function asSysError(call: string, error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? error : new SysError(call, -errno, CURES);
}
