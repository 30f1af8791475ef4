/** `npm run check:conformance`: runs all items, prints what became of them, writes the document. */
import { writeFileSync } from 'node:fs';
import { noItems } from './items.ts';
import { document, summary } from './report.ts';
import { runAll } from './run.ts';

if (noItems !== false) {
  console.error(noItems);
  process.exitCode = 1;
} else {
  const outcomes = runAll();
  for (const { item, verdict, reason } of outcomes) {
    if (verdict === 'failed') console.log(`${item.id} (${item.about}) failed: ${reason}`);
  }
  console.log(summary(outcomes).join('\n'));
  writeFileSync(new URL('../../docs/conformance.md', import.meta.url), document(outcomes));
  if (outcomes.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1;
}
