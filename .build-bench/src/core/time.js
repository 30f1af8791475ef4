export const START = 0;
export const NO_TIME = 0;
export const microseconds = (count) => Math.round(count);
export const milliseconds = (count) => Math.round(count * 1e3);
export const seconds = (count) => Math.round(count * 1e6);
/** The moment `wait` after `now`. */
export const after = (now, wait) => (now + wait);
/** How long from `earlier` to `later`; zero when `later` is not later. */
export const between = (earlier, later) => Math.max(0, later - earlier);
/** The sooner of two deadlines, where undefined means never. */
export function sooner(a, b) {
    if (a === undefined)
        return b;
    return b === undefined || a <= b ? a : b;
}
