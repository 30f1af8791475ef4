/** `careof lab run --backend linux`: loaded only there, since its system calls are Linux's. */
import { spawnSync } from 'node:child_process';
import { LinuxUnfit, runOnLinux } from '../lab/linux/run.ts';
import type { RunRecord } from '../lab/run-record.ts';
import type { Scenario } from '../lab/scenario/read.ts';
import type { RunOptions } from '../lab/sim/run.ts';
import { inUserNamespace } from '../linux/sys/namespace.ts';
import { hasCapability } from '../linux/sys/privileges.ts';
import { CareofError, EXIT } from './careof-error.ts';
import type { RunCommandOptions } from './lab-run.ts';

/** Runs a scenario. Throws CareofError where the machine is not fit for it. */
export async function runScenarioOnLinux(
  scenario: Scenario,
  options: RunCommandOptions,
  both: Omit<RunOptions, 'createNode'>,
): Promise<RunRecord> {
  const { dataPlane, judgeTimes } = options;
  try {
    return await runOnLinux(scenario, {
      ...both,
      ...(dataPlane !== undefined && { dataPlane }),
      ...(judgeTimes !== undefined && { judgeTimes }),
    });
  } catch (cause) {
    if (!(cause instanceof LinuxUnfit)) throw cause;
    throw new CareofError('not-fit', cause.message, cause.hint, { cause });
  }
}

/** Set for the command that runs in a user namespace, which must not look for another. */
const INSIDE = 'CAREOF_IN_USER_NAMESPACE';

/**
 * Runs this very command again as root of a user namespace of its own, where this user may not make
 * network namespaces; gives its exit code. Undefined: there is no need. Throws CareofError where the
 * system forbids that too.
 */
export function runAsOrdinaryUser(): number | undefined {
  if (process.platform !== 'linux' || process.env[INSIDE] === '1') return undefined;
  if (hasCapability('SYS_ADMIN') && hasCapability('NET_ADMIN')) return undefined;
  const [program, ...probe] = inUserNamespace(['true']);
  const tried = spawnSync(program!, probe, { encoding: 'utf8' });
  if (tried.status !== 0) {
    const why = tried.error?.message ?? tried.stderr.trim();
    const hint = `Run it as root, or let ordinary users have user namespaces:
  sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 kernel.apparmor_restrict_unprivileged_userns=0
(a setting that this kernel does not have needs no change).`;
    const message = `this user may not make network namespaces, nor a user namespace to make them in: ${why}`;
    throw new CareofError('not-fit', message, hint);
  }
  const own = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const [command, ...args] = inUserNamespace(own);
  const env = { ...process.env, [INSIDE]: '1' };
  const { status } = spawnSync(command!, args, { stdio: 'inherit', env });
  return status ?? EXIT.unfit;
}
