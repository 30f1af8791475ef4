import { DEFAULT_DELAY } from './scenario/links.js';
const nearer = (a, b) => b === undefined || a.hops < b.hops || (a.hops === b.hops && a.delay < b.delay);
/** The routes of each fixed node to the links that it is not on. */
export function routesOf(links, nodes, addresses) {
    const fixed = nodes.filter((node) => node.text.role !== 'mobile-node');
    const routers = fixed.filter(({ text }) => forwards(text));
    const routes = new Map(fixed.map(({ name }) => [name, []]));
    for (const [target, link] of links) {
        const distances = distancesTo(target, links, routers);
        for (const node of fixed) {
            if (node.text.on.includes(target))
                continue;
            const hop = chosenHop(node, target) ?? nearestHop(node, links, routers, distances);
            if (hop === undefined)
                continue;
            const prefix = { prefix: link.prefix.address, prefixLength: link.prefix.length };
            const via = addresses.get(hop.router).get(hop.link);
            routes.get(node.name).push({ ...prefix, interface: hop.link, via });
        }
    }
    return routes;
    /** The next hop that the file gives. */
    function chosenHop(node, target) {
        const chosen = node.text.routes?.find(({ to }) => to === target);
        const router = routers.find(({ name }) => name === chosen?.via);
        const shared = router?.text.on.find((link) => node.text.on.includes(link));
        return shared === undefined ? undefined : { router: router.name, link: shared };
    }
}
function nearestHop(node, links, routers, distances) {
    let best;
    let hop;
    for (const { router, link, distance } of hops(node, links, routers, distances)) {
        if (nearer(distance, best))
            [best, hop] = [distance, { router, link }];
    }
    return hop;
}
/** How far each router is from the target link. */
function distancesTo(target, links, routers) {
    const distances = new Map();
    const delay = delayOf(links, target);
    for (const { name, text } of routers) {
        if (text.on.includes(target))
            distances.set(name, { hops: 1, delay });
    }
    for (let changed = true; changed;) {
        changed = false;
        for (const node of routers) {
            for (const { distance } of hops(node, links, routers, distances)) {
                if (!nearer(distance, distances.get(node.name)))
                    continue;
                distances.set(node.name, distance);
                changed = true;
            }
        }
    }
    return distances;
}
/** The routers on a node's links that know a way, and how far the target is by each. */
function* hops(node, links, routers, distances) {
    for (const link of node.text.on) {
        for (const router of routers) {
            const rest = distances.get(router.name);
            if (router.name === node.name || rest === undefined)
                continue;
            if (!router.text.on.includes(link))
                continue;
            const delay = rest.delay + delayOf(links, link);
            yield { router: router.name, link, distance: { hops: rest.hops + 1, delay } };
        }
    }
}
const delayOf = (links, name) => links.get(name).delay ?? DEFAULT_DELAY;
const forwards = ({ role }) => role === 'home-agent' || role === 'access-router' || role === 'router';
