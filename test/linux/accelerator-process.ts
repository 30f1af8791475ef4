/** For a test: an accelerator in a process that can be killed. What it is told stands on its stdin. */
import { readFileSync } from 'node:fs';
import type { ForwardingEntry } from '../../src/core/forwarding/entry.ts';
import { START } from '../../src/core/time.ts';
import { createEbpfAccelerator } from '../../src/linux/ebpf/accelerator.ts';
import { enterNamespace } from '../../src/linux/sys/namespace.ts';
import type { Address } from '../../src/wire/address.ts';

interface Told {
  readonly namespace: string;
  readonly surroundings: {
    readonly anchor: number;
    readonly slow: number;
    readonly folder: string;
    readonly bootTimeOfStart: string;
  };
  readonly links: readonly number[];
  readonly own: readonly Address[];
  readonly entries: readonly ForwardingEntry[];
}

const told = JSON.parse(readFileSync(0, 'utf8')) as Told;
enterNamespace(told.namespace);
const accelerator = createEbpfAccelerator({
  ...told.surroundings,
  bootTimeOfStart: BigInt(told.surroundings.bootTimeOfStart),
  now: () => START,
});
accelerator.setOwn(new Set(told.own));
for (const one of told.entries) accelerator.add(one);
for (const ifindex of told.links) accelerator.attach(ifindex);
console.log('ready');
setInterval(() => {}, 1000);
