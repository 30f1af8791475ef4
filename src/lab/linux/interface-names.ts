/** What the kernel calls the interfaces of a node: as the plan does, where its names are that short. */

/** <linux/if.h>: IFNAMSIZ, with the octet that ends the name. */
const MOST = 15;
/** Names that the kernel or careof gives itself. */
const TAKEN = new Set(['lo', 'all', 'default', 'careof0', 'careof1']);

/** The kernel's name of each interface by the plan's. */
export function interfaceNames(names: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  const used = new Set(TAKEN);
  for (const name of names) {
    let short = name;
    for (let number = 1; used.has(short) || short.length > MOST; number++) {
      const end = `.${number}`;
      short = name.slice(0, MOST - end.length) + end;
    }
    used.add(short);
    given.set(name, short);
  }
  return given;
}
