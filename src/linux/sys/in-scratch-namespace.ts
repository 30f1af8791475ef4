/** For tests: a namespace that is there for the time of a function, and leaves nothing behind. */
import { createNamespace, deleteNamespace } from './namespace.ts';

/**
 * Makes the namespace, sweeping away what a killed run left of that name, and removes it when the
 * function has ended, or its promise has.
 */
export function inScratchNamespace<T>(name: string, run: (name: string) => T): T {
  deleteNamespace(name);
  createNamespace(name);
  let result: T;
  try {
    result = run(name);
  } catch (error) {
    deleteNamespace(name);
    throw error;
  }
  if (!(result instanceof Promise)) {
    deleteNamespace(name);
    return result;
  }
  return result.finally(() => deleteNamespace(name)) as T;
}
