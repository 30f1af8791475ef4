/**
 * From a scenario to the network that it means: every node by itself, with its addresses, its
 * static routes and its configuration. Both backends build what stands here.
 */
import { constantsWith } from '../core/constants.js';
import { seconds } from '../core/time.js';
import { addressesOf, homeAddressesOf } from './plan-addresses.js';
import { routesOf } from './plan-routes.js';
import { DEFAULT_BANDWIDTH, DEFAULT_DELAY, DEFAULT_MTU } from './scenario/links.js';
import { DEFAULT_INTERVAL, DEFAULT_MAX_BINDINGS, firstLink, LEAST_ROUTER_LIFETIME, } from './scenario/nodes.js';
/** The network of a scenario. */
export function planOf(scenario) {
    const nodes = [...scenario.nodes].flatMap(([name, text]) => expanded(name, text));
    const homes = homeAddressesOf(scenario.links, nodes);
    const fixed = addressesOf(scenario.links, nodes, homes);
    const routes = routesOf(scenario.links, nodes, fixed);
    const context = { scenario, nodes, homes, fixed };
    return {
        links: [...scenario.links].map(([name, link]) => plannedLink(name, link)),
        nodes: nodes.map((node) => ({
            ...plannedNode(node, context),
            routes: routes.get(node.name) ?? [],
        })),
    };
}
function expanded(name, text) {
    const count = 'count' in text ? text.count : undefined;
    if (count === undefined)
        return [{ name, from: name, text }];
    return Array.from({ length: count }, (_, index) => ({
        name: `${name}-${index}`,
        from: name,
        text,
    }));
}
function plannedLink(name, link) {
    const { prefix, mtu, ...quality } = link;
    return {
        name,
        prefix: prefix.address,
        prefixLength: prefix.length,
        mtu: mtu ?? DEFAULT_MTU,
        quality: {
            ...quality,
            delay: quality.delay ?? DEFAULT_DELAY,
            bandwidth: quality.bandwidth ?? DEFAULT_BANDWIDTH,
        },
    };
}
function plannedNode(node, context) {
    const { name, from, text } = node;
    if (text.role === 'mobile-node') {
        const interfaces = Object.entries(text.interfaces).map(([key, value]) => ({
            name: key,
            link: firstLink(value),
            addresses: [],
        }));
        const identity = context.homes.get(name);
        const config = mobileNode({ name, from, text }, context);
        return { name, role: text.role, interfaces, forwarding: false, identity, config };
    }
    const addresses = context.fixed.get(name);
    const interfaces = text.on.map((link) => ({
        name: link,
        link,
        addresses: [addresses.get(link)],
    }));
    const forwarding = text.role !== 'host' && text.role !== 'correspondent-node';
    const identity = addresses.get(text.role === 'home-agent' ? text.serves : text.on[0]);
    const config = fixedConfig(name, text, context);
    const planned = { name, role: text.role, interfaces, forwarding, identity };
    return config === undefined ? planned : { ...planned, config };
}
function fixedConfig(name, text, context) {
    switch (text.role) {
        case 'home-agent':
            return homeAgent(name, text, context);
        case 'access-router':
            return accessRouter(name, text, context);
        case 'correspondent-node': {
            const maxBindings = text['max-bindings'] ?? DEFAULT_MAX_BINDINGS;
            return { name, correspondentNode: { maxBindings } };
        }
        case 'host':
        case 'router':
            return undefined;
    }
}
function mobileNode({ name, from, text }, context) {
    const { scenario, homes, fixed } = context;
    return {
        name,
        mobileNode: {
            home: homes.get(name),
            homePrefixLength: scenario.links.get(text.home).prefix.length,
            homeAgent: fixed.get(text['home-agent']).get(text.home),
            authentication: authentication(scenario, from, text),
            links: Object.keys(text.interfaces),
            lifetime: text.lifetime ?? constantsWith(scenario.constants).HOME_LIFETIME,
            dad: text.dad ?? 'optimistic',
            routeOptimisation: text['route-optimisation'] ?? true,
            maxPeers: DEFAULT_MAX_BINDINGS,
        },
        // A mobile node is its peers' correspondent node too (RFC 6275 section 8.5 asks for it).
        correspondentNode: { maxBindings: DEFAULT_MAX_BINDINGS },
    };
}
function authentication(scenario, from, text) {
    const auth = text.auth ?? 'none';
    if (auth === 'none')
        return { method: 'none' };
    return { method: 'rfc4285', spi: auth.rfc4285.spi, key: scenario.keys.get(from) };
}
function homeAgent(name, text, context) {
    const { scenario, nodes, homes, fixed } = context;
    const { prefix } = scenario.links.get(text.serves);
    const address = fixed.get(name).get(text.serves);
    const advertised = advertisement(text.serves, text, context);
    return {
        name,
        homeAgent: {
            link: text.serves,
            address,
            prefix: prefix.address,
            prefixLength: prefix.length,
            mobileNodes: nodes.flatMap((node) => node.text.role === 'mobile-node' && node.text['home-agent'] === name
                ? [
                    {
                        home: homes.get(node.name),
                        authentication: authentication(scenario, node.from, node.text),
                    },
                ]
                : []),
            allowUnauthenticated: text['allow-unauthenticated'] ?? false,
            maxBindings: text['max-bindings'] ?? DEFAULT_MAX_BINDINGS,
            advertisement: { ...advertised, homeAgent: { address, preference: text.preference ?? 0 } },
        },
    };
}
/** An access router advertises itself on those of its links that a mobile node is ever on. */
function accessRouter(name, text, context) {
    const visited = visitedLinks(context.scenario);
    const links = text.on.filter((link) => visited.has(link));
    const advertisements = links.map((link) => advertisement(link, text, context));
    return { name, accessRouter: { advertisements } };
}
function visitedLinks(scenario) {
    const links = new Set();
    for (const node of scenario.nodes.values()) {
        if (node.role !== 'mobile-node')
            continue;
        for (const value of Object.values(node.interfaces))
            links.add(firstLink(value) ?? node.home);
    }
    for (const event of scenario.events) {
        if ((event.kind === 'move' || event.kind === 'link-up') && event.to !== undefined) {
            links.add(event.to);
        }
    }
    return links;
}
function advertisement(link, text, { scenario }) {
    const { prefix, mtu } = scenario.links.get(link);
    const [minInterval, maxInterval] = text['ra-interval'] ?? DEFAULT_INTERVAL;
    const routerLifetime = Math.max(3 * maxInterval, LEAST_ROUTER_LIFETIME);
    return {
        link,
        prefix: prefix.address,
        prefixLength: prefix.length,
        minInterval,
        maxInterval,
        solicitedDelay: text['ra-delay'] ?? constantsWith(scenario.constants).MAX_RA_DELAY_TIME,
        routerLifetime: text['router-lifetime'] ?? routerLifetime,
        validLifetime: VALID_LIFETIME,
        preferredLifetime: PREFERRED_LIFETIME,
        intervalOption: true,
        ...(mtu !== undefined && { mtu }),
    };
}
/** RFC 4861 section 6.2.1: AdvValidLifetime and AdvPreferredLifetime. */
const VALID_LIFETIME = seconds(30 * 86_400);
const PREFERRED_LIFETIME = seconds(7 * 86_400);
