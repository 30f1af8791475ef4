/** What a host was taken over by is given back piece by piece, whatever one of them meets. */
export interface Closing {
  /** `leave`: what the kernel has stays for the next process. */
  close(how: { readonly leave: boolean }): void;
}

/** Closes all of them in order; gives what the first one threw that could not be closed. */
export function closeAll(all: readonly Closing[], how: { readonly leave: boolean }): unknown {
  const faults: unknown[] = [];
  for (const one of all) {
    try {
      one.close(how);
    } catch (fault) {
      faults.push(fault);
    }
  }
  return faults[0];
}
