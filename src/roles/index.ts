/** The roles that a node can play, made of a node's configuration. */
export { createNode } from './create.ts';
