/** What `careof status` says of the delegation that a server or an agent shows: it does not hold for ever. */
import type { ServiceConfig } from '../core/config.ts';
import { isWithin } from '../core/neighbor-discovery/router-advertisement.ts';
import { formatPrefix, readDelegation } from '../core/security/delegation.ts';
import type { Problem } from './problems.ts';

const DAY = 86_400;
/** So long before its end it is spoken of. */
const SOON = 7 * DAY;
const MEND = 'have `careof delegation sign` make another, and put it into the file';

/** @param now seconds since 1970. */
export function* delegationProblems(
  { service, delegation }: Pick<ServiceConfig, 'service' | 'delegation'>,
  now: number,
): Generator<Problem> {
  const says = delegation && readDelegation(delegation.delegation);
  if (says === undefined) return;
  const { prefix, notBefore, notAfter } = says;
  const rest = notAfter - now;
  const useless = !isWithin(service, prefix)
    ? `is for ${formatPrefix(prefix)}`
    : now < notBefore
      ? 'is not in force yet'
      : rest < 0
        ? 'is over'
        : undefined;
  if (useless !== undefined) {
    const what = `the delegation ${useless}: who asks for one takes no binding from here`;
    yield { level: 'error', what, mend: MEND };
  } else if (rest < SOON) {
    const days = Math.floor(rest / DAY);
    const when = days === 0 ? 'within a day' : `in ${days} days`;
    yield { level: 'warning', what: `the delegation ends ${when}`, mend: MEND };
  }
}
