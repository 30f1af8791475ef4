/** Makes a node of its configuration: the one place that knows all roles. */
import { BindingCache } from '../core/binding-cache.js';
import { BindingErrors } from '../core/binding-errors.js';
import { constantsWith } from '../core/constants.js';
import { Node } from '../core/node.js';
import { Paths } from '../core/paths.js';
import { AccessRouter } from './mobility/access-router.js';
import { CorrespondentNode } from './mobility/correspondent-node.js';
import { HomeAgent } from './mobility/home-agent.js';
import { MobileNode } from './mobility/mobile-node.js';
/** The control side of a node, ready for its driver's `start`. */
export function createNode(config, env) {
    const { homeAgent, correspondentNode } = config;
    const state = {
        env,
        constants: constantsWith(env.constants),
        bindings: new BindingCache({
            home: homeAgent?.maxBindings ?? 0,
            peer: correspondentNode?.maxBindings ?? 0,
        }),
        paths: new Paths(),
        errors: new BindingErrors(env),
    };
    const parts = [];
    const advertisements = [
        ...(config.accessRouter?.advertisements ?? []),
        ...(config.homeAgent?.advertisement === undefined ? [] : [config.homeAgent.advertisement]),
    ];
    if (advertisements.length > 0)
        parts.push(new AccessRouter({ advertisements }, env));
    if (config.homeAgent !== undefined)
        parts.push(new HomeAgent(config.homeAgent, state));
    if (config.correspondentNode !== undefined) {
        parts.push(new CorrespondentNode(state, config.homeAgent !== undefined));
    }
    if (config.mobileNode !== undefined)
        parts.push(new MobileNode(config.mobileNode, state));
    return new Node(parts, state.errors);
}
