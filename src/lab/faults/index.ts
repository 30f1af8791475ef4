/** Random networks that are hurt and healed, with checkers: what `npm run simulate` runs. */
export { MUTANTS } from './mutants.ts';
export { NETWORKS, type NetworkKind, randomScenarioText } from './random-scenario.ts';
export { runSeed, type SeedOptions, type SeedOutcome } from './run-seed.ts';
export { RULES, type Violation } from './violation.ts';
