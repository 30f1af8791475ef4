/** `careof watch`: events as they happen. */
import type { ToldEvent } from '../daemon/event-log.ts';
import { EXIT } from './careof-error.ts';
import type { HostOptions } from './host.ts';
import { operatorError } from './operator-error.ts';
import { connected } from './running.ts';
import { paintFor } from './terminal.ts';

/** Until the daemon ends, or the one who watches. */
export async function watchEvents(options: HostOptions & { past?: boolean }): Promise<number> {
  const client = await connected(options);
  const paint = paintFor(process.stdout);
  let epoch: number | undefined;
  const early: ToldEvent[] = [];
  const print = (event: ToldEvent) => {
    if (options.json === true) console.log(JSON.stringify(event));
    else if (epoch === undefined) early.push(event);
    else console.log(eventLine(event, epoch, paint));
  };
  const ended = new Promise<string>((resolve) => {
    const watcher = { onEvent: (event: object) => print(event as ToldEvent), onEnd: resolve };
    client
      .watch('watch', { past: options.past === true }, watcher)
      .then((first) => {
        epoch = (first as { epoch_us: number }).epoch_us;
        for (const event of early.splice(0)) print(event);
      })
      .catch((cause) => resolve((operatorError(cause) as Error).message));
  });
  process.on('SIGINT', () => {
    client.close();
    process.exit(EXIT.ok);
  });
  console.error(`careof: nothing more comes: ${await ended}`);
  return EXIT.failed;
}

type Paint = ReturnType<typeof paintFor>;

function eventLine(event: ToldEvent, epoch: number, paint: Paint): string {
  const { t_us, boottime_us: _, node: __, kind, ...fields } = event;
  const time = new Date((epoch + Number(t_us)) / 1000).toISOString().slice(11, 23);
  const text = Object.entries(fields).map(([key, value]) => `${key} ${fieldText(value)}`);
  return `${paint.dim(time)}  ${paint.cyan(String(kind).padEnd(22))} ${text.join('  ')}`;
}

const fieldText = (value: unknown): string => {
  const text = String(value);
  return text.includes(' ') ? `"${text}"` : text;
};
