import { milliseconds } from '../../core/time.js';
import { Link, SimNode, } from '../../sim/index.js';
/** A packet that is overtaken is held up for so long. */
const REORDER_DELAY = milliseconds(5);
export class Network {
    links = new Map();
    nodes = new Map();
    events = [];
    attachments = [];
    /** The node of each address that is there from the start. */
    owners = new Map();
    #simulation;
    /** False where the mechanism is taken away: then a restart finds nothing stored. */
    #journals;
    /** The link that an interface was on last, for a `link-up` without a name. */
    #lastLink = new Map();
    constructor(simulation, plan, options) {
        this.#simulation = simulation;
        this.#journals = !options.environment.without.has('journal');
        for (const { name, mtu, quality } of plan.links) {
            this.links.set(name, new Link(simulation, name, { ...linkOptions(quality), mtu }));
        }
        for (const node of plan.nodes)
            this.nodes.set(node.name, this.#node(node, options));
    }
    /** Starts all nodes, and plans what happens. */
    start(events) {
        for (const [name, node] of this.nodes) {
            node.start();
            for (const { addresses } of node.kernel.interfaces.values()) {
                for (const address of addresses.keys())
                    this.owners.set(address, name);
            }
        }
        for (const event of events) {
            this.#simulation.at(event.at, () => this.#happen(event));
        }
    }
    counters() {
        return new Map([...this.nodes].map(([name, node]) => [
            name,
            new Map(Object.entries(node.counters())),
        ]));
    }
    #node(planned, options) {
        const { name, config } = planned;
        const node = new SimNode({
            simulation: this.#simulation,
            name,
            forwarding: planned.forwarding,
            environment: options.environment,
            configure: (kernel) => {
                configure(kernel, planned);
                options.onStart(name, kernel);
            },
            onEvent: (event, at) => this.events.push({ at, node: name, event }),
            ...(config !== undefined && {
                role: (environment) => options.createNode(config, environment),
            }),
        });
        for (const one of planned.interfaces) {
            node.addInterface(one.name, one.link === undefined ? undefined : this.links.get(one.link));
            this.#attached(name, one.name, one.link);
        }
        return node;
    }
    #attached(node, interfaceName, link) {
        if (link !== undefined)
            this.#lastLink.set(`${node}.${interfaceName}`, link);
        this.attachments.push({ at: this.#simulation.now, node, interface: interfaceName, link });
    }
    #attach(node, interfaceName, link) {
        this.#attached(node, interfaceName, link);
        this.nodes
            .get(node)
            .attach(interfaceName, link === undefined ? undefined : this.links.get(link));
    }
    #happen(event) {
        switch (event.kind) {
            case 'move':
                if (event.gap === 0)
                    this.#attach(event.node, event.interface, event.to);
                else {
                    this.#attach(event.node, event.interface, undefined);
                    this.#simulation.in(event.gap, () => this.#attach(event.node, event.interface, event.to));
                }
                return;
            case 'link-down':
                this.#attach(event.node, event.interface, undefined);
                return;
            case 'link-up': {
                const last = this.#lastLink.get(`${event.node}.${event.interface}`);
                this.#attach(event.node, event.interface, event.to ?? last);
                return;
            }
            case 'prefer':
                this.nodes.get(event.node).command({ do: 'prefer', link: event.interface });
                return;
            case 'crash':
                this.nodes.get(event.node).crash();
                return;
            case 'restart':
                this.#restart(this.nodes.get(event.node), event.journal);
                return;
            case 'cut':
                this.links.get(event.link).cut(event.from, event.to);
                return;
            case 'heal':
                this.links.get(event.link).heal();
                return;
            case 'change':
                this.links.get(event.link).change(linkOptions(event.set));
                return;
        }
    }
    /** A second `restart` of a node that runs already says nothing new. */
    #restart(node, journal) {
        if (!node.running)
            node.restart({ journal: journal && this.#journals });
    }
}
function configure(kernel, planned) {
    for (const { name, addresses } of planned.interfaces) {
        for (const address of addresses) {
            kernel.addAddress(name, { address, prefixLength: 64, optimistic: false, preferred: false });
        }
    }
    for (const { prefix, prefixLength, interface: link, via } of planned.routes) {
        kernel.addRoute({ prefix, prefixLength, link, via, origin: 'fixed' });
    }
}
/** A link's qualities as the simulator has them; what is absent stays as it is. */
function linkOptions(quality) {
    const { delay, jitter, loss, bandwidth, reorder, duplicate } = quality;
    return {
        ...(delay !== undefined && { delay }),
        ...(jitter !== undefined && { jitter }),
        ...(loss !== undefined && { loss }),
        ...(bandwidth !== undefined && { bandwidth }),
        ...(reorder !== undefined && { reorder: { probability: reorder, delay: REORDER_DELAY } }),
        ...(duplicate !== undefined && { duplicate }),
    };
}
