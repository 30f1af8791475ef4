/** A decoded packet as people read it: layer by layer, a field a line, lifetimes in seconds too. */

/** Fields that count units of 4 seconds. Source: RFC 6275 sections 6.1.7, 6.1.8 and 6.2.4. */
const FOUR_SECONDS: ReadonlySet<string> = new Set([
  'binding-update.lifetime',
  'binding-acknowledgement.lifetime',
  'binding-refresh-advice.refreshInterval',
]);

type Fields = { readonly [key: string]: unknown };

/** The lines for what `decode` prints as JSON. */
export function packetText(object: object): string[] {
  const { frame, link, layers, options, error } = object as Fields;
  const lines: string[] = [];
  if (frame !== undefined) lines.push(`frame ${frame}${link === undefined ? '' : ` on ${link}`}`);
  if (error !== undefined) {
    const { reason, offset, layer, field, message } = error as Fields;
    const where = [layer, field].filter((part) => part !== '').join('.');
    lines.push(
      `error ${reason} at octet ${offset}${where === '' ? '' : ` (${where})`}: ${message}`,
    );
  }
  for (const layer of (layers ?? []) as Fields[]) lines.push(...partLines(layer, 'layer', ''));
  for (const option of (options ?? []) as Fields[]) lines.push(...partLines(option, 'option', ''));
  return lines;
}

/** A layer or an option: its name, and below it its fields. */
function partLines(part: Fields, tag: 'layer' | 'option', indent: string): string[] {
  const name = String(part[tag]);
  const lines = [`${indent}${name}`];
  for (const [key, value] of Object.entries(part)) {
    if (key === tag) continue;
    if (Array.isArray(value) && value.some((one) => typeof one === 'object')) {
      for (const option of value as Fields[]) {
        lines.push(...partLines(option, 'option', `${indent}  `));
      }
      continue;
    }
    const seconds = FOUR_SECONDS.has(`${name}.${key}`) ? ` (${4 * Number(value)} s)` : '';
    lines.push(`${indent}  ${key} = ${shown(value)}${seconds}`);
  }
  return lines;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
