import { Heap } from './heap.js';
/**
 * The binding cache: the one place where a node keeps what it was told of others' care-of addresses.
 *
 * The key is (identity, registrant, binding identifier); the common case is RFC 6275's, the home
 * address alone. Bounded: when it is full a new binding is refused (status 130) and those that are
 * there stay, so that a flood of strangers cannot displace a node that is already served.
 *
 * Supported standards: RFC 6275 sections 9.1, 9.5, 10.1.
 */
export class BindingCache {
    #bindings = new Map();
    #expiries = {
        home: new Heap(earlier),
        peer: new Heap(earlier),
    };
    #limits;
    #sizes = { home: 0, peer: 0 };
    /** @param limits the most bindings of each scope: strangers take no room from mobile nodes. */
    constructor(limits) {
        this.#limits = limits;
    }
    get size() {
        return this.#bindings.size;
    }
    /** New bindings of a scope that there is room for. */
    room(scope) {
        return this.#limits[scope] - this.#sizes[scope];
    }
    get(home, registrant = '', bindingId = 0) {
        return this.#bindings.get(keyOf(home, registrant, bindingId));
    }
    all() {
        return this.#bindings.values();
    }
    /** Makes or replaces a binding. False: it is new and there is no room. */
    set(binding) {
        const key = keyOf(binding.home, binding.registrant, binding.bindingId);
        const before = this.#bindings.get(key);
        if (before?.scope !== binding.scope && this.room(binding.scope) <= 0)
            return false;
        if (before !== undefined)
            this.#sizes[before.scope] -= 1;
        this.#sizes[binding.scope] += 1;
        this.#bindings.set(key, binding);
        this.#expiries[binding.scope].push({ at: binding.expiresAt, key });
        this.#shedStaleExpiries(binding.scope);
        return true;
    }
    delete(home, registrant = '', bindingId = 0) {
        const key = keyOf(home, registrant, bindingId);
        const binding = this.#bindings.get(key);
        if (binding !== undefined)
            this.#drop(key, binding);
        return binding;
    }
    /** Takes out and gives back the bindings of a scope whose lifetime is over. */
    expire(scope, now) {
        const gone = [];
        for (let next = this.deadline(scope); next !== undefined && next <= now;) {
            const { key } = this.#expiries[scope].pop();
            const binding = this.#bindings.get(key);
            this.#drop(key, binding);
            gone.push(binding);
            next = this.deadline(scope);
        }
        return gone;
    }
    /** When `expire` will next have something to give. */
    deadline(scope) {
        const expiries = this.#expiries[scope];
        // A renewed or deleted binding leaves an expiry behind that is nobody's any more.
        for (let top = expiries.peek(); top !== undefined; top = expiries.peek()) {
            if (this.#isCurrent(top, scope))
                return top.at;
            expiries.pop();
        }
        return undefined;
    }
    #drop(key, { scope }) {
        this.#bindings.delete(key);
        this.#sizes[scope] -= 1;
    }
    #isCurrent(expiry, scope) {
        const binding = this.#bindings.get(expiry.key);
        return binding?.expiresAt === expiry.at && binding.scope === scope;
    }
    /** A node that renews all the time must not grow the heap: it is rebuilt at twice the bindings. */
    #shedStaleExpiries(scope) {
        const expiries = this.#expiries[scope];
        if (expiries.size < 2 * this.#bindings.size + 64)
            return;
        while (expiries.size > 0)
            expiries.pop();
        for (const [key, binding] of this.#bindings) {
            if (binding.scope === scope)
                expiries.push({ at: binding.expiresAt, key });
        }
    }
}
const earlier = (a, b) => a.at < b.at;
function keyOf(home, registrant, bindingId) {
    return registrant === '' && bindingId === 0 ? home : `${home}${bindingId}/${registrant}`;
}
