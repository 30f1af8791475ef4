/** Runs a scenario on the simulator, from the first packet to the last datagram that may still come. */
import { createHash, createHmac } from 'node:crypto';
import { START, seconds } from '../../core/time.js';
import { createNode } from '../../roles/create.js';
import { Simulation } from '../../sim/index.js';
import { planOf } from '../plan.js';
import { Applications } from './applications.js';
import { LinkCaptures } from './link-captures.js';
import { Network } from './network.js';
import { PacketWatch } from './packet-watch.js';
/** What happens after the last event and the last datagram still counts so long. */
const AFTERMATH = seconds(3);
/** A TCP flow that has not ended so long after everything else never will. */
const PATIENCE = seconds(600);
/** How much network time passes between two looks at whether all is over. */
const SLICE = seconds(0.1);
/** 2026-01-01T00:00:00Z: one date for all runs, so that captures and timestamps repeat exactly. */
export const EPOCH = Date.UTC(2026, 0, 1) * 1000;
const CRYPTOGRAPHY = {
    sha1: (data) => createHash('sha1').update(data).digest(),
    hmacSha1: (key, data) => createHmac('sha1', key).update(data).digest(),
};
/** Runs it. Throws where the captures cannot be written. */
export function runOnSimulator(scenario, options = {}) {
    const seed = options.seed ?? scenario.random;
    const without = options.without ?? new Set();
    const simulation = new Simulation(seed);
    const plan = planOf(scenario);
    const applications = new Applications(simulation, scenario, plan);
    const network = new Network(simulation, plan, {
        environment: { crypto: CRYPTOGRAPHY, epoch: EPOCH, without, constants: scenario.constants },
        createNode: options.createNode ?? createNode,
        onStart: (node, kernel) => applications.nodeStarted(node, kernel),
    });
    const watch = new PacketWatch(scenario, applications.endpoints, network.links);
    const captures = options.captures === undefined
        ? undefined
        : new LinkCaptures(options.captures, network.links, EPOCH);
    try {
        network.start(scenario.events);
        applications.start(network.nodes);
        runToTheEnd(simulation, scenario, applications, options.onProgress);
    }
    finally {
        captures?.close();
    }
    applications.close(simulation.now);
    return {
        ...{ scenario, plan, seed, without, ended: simulation.now },
        events: network.events,
        attachments: network.attachments,
        owners: network.owners,
        flows: applications.records,
        paths: watch.paths,
        seen: watch.seen,
        counters: network.counters(),
        files: captures?.files ?? [],
    };
}
function runToTheEnd(simulation, scenario, applications, onProgress) {
    const events = scenario.events.map(({ at }) => at);
    const flows = [...scenario.traffic.values()];
    const ends = flows.map((flow) => (flow.protocol === 'udp' ? flow.stop : flow.start));
    const last = Math.max(START, ...events, ...ends);
    const least = Math.max(last + AFTERMATH, scenario.until ?? START);
    const limit = (least + PATIENCE);
    let overAt;
    while (simulation.now < limit) {
        const next = Math.min(simulation.now + SLICE, limit);
        simulation.run(next);
        onProgress?.(next, least);
        if (!applications.over)
            continue;
        overAt ??= next;
        if (next >= least && next >= (flows.length === 0 ? least : overAt + AFTERMATH))
            return;
    }
}
