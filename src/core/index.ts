/** What roles are made of, and the interface by which a driver runs them. */
export * from './bindings/binding-cache.ts';
export * from './config.ts';
export * from './constants.ts';
export * from './counters.ts';
export * from './events.ts';
export * from './forwarding/entry.ts';
export * from './forwarding/execute.ts';
export * from './forwarding/overhead.ts';
export * from './forwarding/table.ts';
export * from './mechanisms.ts';
export * from './part.ts';
export * from './role.ts';
export * from './signalling/registration.ts';
export * from './time.ts';
