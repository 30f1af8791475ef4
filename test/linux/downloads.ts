/**
 * Many requests at once from the addresses of one host, for tests; what came of each is printed, a line of
 * JSON. Each has a connection of its own. They begin at SIGUSR2: processes take their time to start.
 *
 *     downloads.ts whole URL COUNT ADDRESS...     so many downloads from each address, at once, to their ends
 *     downloads.ts answered URL MS ADDRESS...     from each address until it is answered within MS
 */
import { createHash } from 'node:crypto';
import { get } from 'node:http';

export interface Outcome {
  readonly from: string;
  /** Who answered, as it says in `X-Server`. */
  readonly server?: string;
  readonly digest?: string;
  readonly error?: string;
  /** When it was over, of the wall clock in milliseconds. */
  readonly at: number;
}

const [what, url = '', number, ...addresses] = process.argv.slice(2);

const tell = (outcome: object): void => {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
};

/** One request to its end. @param most milliseconds that it may take. */
function request(from: string, most?: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const hash = createHash('sha256');
    const over = (how: object) => {
      clearTimeout(timer);
      resolve({ from, ...how, at: Date.now() });
    };
    const asked = get(url, { localAddress: from, agent: false, family: 6 }, (answer) => {
      const server = String(answer.headers['x-server']);
      if (answer.statusCode !== 200) return over({ server, error: `${answer.statusCode}` });
      answer.on('data', (octets) => hash.update(octets));
      answer.on('end', () => over({ server, digest: hash.digest('hex') }));
      answer.on('error', ({ message }) => over({ server, error: message }));
    });
    asked.on('error', ({ message }) => over({ error: message }));
    const late = () => asked.destroy(new Error('it took too long'));
    const timer = most === undefined ? undefined : setTimeout(late, most);
  });
}

async function untilAnswered(from: string): Promise<void> {
  for (;;) {
    const outcome = await request(from, Number(number));
    if (outcome.error === undefined) return tell(outcome);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const keepAlive = setInterval(() => {}, 1000);
process.once('SIGUSR2', () => {
  clearInterval(keepAlive);
  for (const from of addresses) {
    if (what === 'answered') untilAnswered(from);
    else for (let n = Number(number); n > 0; n--) request(from).then(tell);
  }
});
tell({ ready: true });
