/** Headers by the names that scenarios give them. */
import { LAYERS } from '../../wire/layer.js';
/** Short names that people use, beside the names of the layers themselves. */
const SHORT = { 'routing-type-2': 'routing-2' };
/** Layers that say nothing of how a packet travels. */
const UNSAID = new Set(['payload', 'trailer', 'no-next-header']);
/**
 * `home-address` stands for Destination Options with a Home Address option, which is the only thing
 * that anybody wants to know of that header.
 */
const HOME_ADDRESS = 'home-address';
/** All names that `headers` may have. */
export const HEADER_NAMES = [
    ...[...LAYERS.keys()].filter((name) => !UNSAID.has(name)).map((name) => SHORT[name] ?? name),
    HOME_ADDRESS,
];
/** The headers of a packet by those names, outermost first. */
export function headersOf(layers) {
    return layers.filter(({ layer }) => !UNSAID.has(layer)).map(headerName);
}
function headerName(layer) {
    if (layer.layer === 'destination-options') {
        const holds = layer.options.some((option) => option.option === 'home-address');
        if (holds)
            return HOME_ADDRESS;
    }
    return SHORT[layer.layer] ?? layer.layer;
}
