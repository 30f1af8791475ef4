/** The bindings that nodes hold, followed through their events. */
/** What each node holds after these events. */
export function bindingsOf(events) {
    const tables = new Map();
    for (const { at, node, event } of events) {
        const table = tables.get(node) ?? new Map();
        tables.set(node, table);
        switch (event.kind) {
            case 'binding.accepted':
            case 'registration.accepted': {
                const { kind, home, careof, lifetime_s } = event;
                const scope = kind === 'binding.accepted' ? event.scope : 'registration';
                const key = keyOf(event);
                if (lifetime_s === 0)
                    table.delete(key);
                else {
                    const peer = kind === 'registration.accepted' ? { peer: event.peer } : {};
                    const lifetime = lifetime_s === undefined ? {} : { lifetimeSeconds: lifetime_s };
                    table.set(key, { scope, home, careof, ...peer, ...lifetime, at });
                }
                break;
            }
            case 'binding.deleted':
            case 'binding.expired':
            case 'registration.lost':
                table.delete(keyOf(event));
                break;
            case 'node.crashed':
                table.clear();
                break;
        }
    }
    return new Map([...tables].map(([node, table]) => [node, [...table.values()]]));
}
function keyOf(event) {
    return 'scope' in event ? `${event.scope} ${event.home}` : `${event.peer} ${event.home}`;
}
