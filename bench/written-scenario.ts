import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadScenario, type Scenario } from '../src/lab/index.ts';

/** A scenario of this text, in a file, for hosts read it themselves. Throws where it is none. */
export function writtenScenario(folder: string, yaml: string): Scenario {
  const file = join(folder, 'bench.yaml');
  writeFileSync(file, yaml, { mode: 0o600 });
  const loaded = loadScenario(file);
  if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '));
  return loaded.value;
}
