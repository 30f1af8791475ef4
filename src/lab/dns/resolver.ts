import type { Resolved, ResolveQuestion } from '../../core/role.ts';
import { seconds } from '../../core/time.ts';
import type { Kernel, Timer } from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import { DNS_PORT, type DnsQuestion, parseDns, reverseName, serialiseDns } from './dns-message.ts';

/** So often each server is asked, and so long it has to answer. Linux: resolv.conf(5). */
const ATTEMPTS = 3;
const TIME_OUT = seconds(1);

const NOTHING: Resolved = { addresses: [], names: [] };

/**
 * Asks name servers for a node, one after the other; what nobody answers has no address and no name.
 * An answer is taken from the server that was asked, to the port and with the number of the question
 * alone, both drawn anew for each.
 *
 * Source: RFC 1035 section 7, RFC 5452 section 9.
 */
export class Resolver {
  readonly #kernel: Kernel;
  readonly #servers: readonly Address[];

  constructor(kernel: Kernel, servers: readonly Address[]) {
    this.#kernel = kernel;
    this.#servers = servers;
  }

  /** @param done is told once, and never before this returns. */
  ask(asked: ResolveQuestion, done: (found: Resolved) => void): void {
    const question: DnsQuestion =
      'name' in asked
        ? { name: asked.name.toLowerCase(), type: 'AAAA' }
        : { name: reverseName(asked.address), type: 'PTR' };
    this.#try(question, 0, done);
  }

  #try(question: DnsQuestion, turn: number, done: (found: Resolved) => void): void {
    const { simulation, udp, random } = this.#kernel;
    const server = this.#servers[turn % this.#servers.length];
    if (server === undefined || turn >= ATTEMPTS * this.#servers.length) {
      simulation.at(simulation.now, () => done(NOTHING));
      return;
    }
    const id = Math.floor(random() * 0x10000);
    let timer: Timer | undefined;
    const socket = udp.open({
      onDatagram: ({ from, fromPort, octets }) => {
        const answer = from === server && fromPort === DNS_PORT ? parseDns(octets) : undefined;
        if (answer === undefined || !answer.response || answer.id !== id) return;
        const { name, type } = answer.question;
        if (name !== question.name || type !== question.type) return;
        timer?.cancel();
        socket.close();
        done({ addresses: answer.addresses, names: answer.names });
      },
    });
    timer = simulation.in(TIME_OUT, () => {
      socket.close();
      this.#try(question, turn + 1, done);
    });
    const base = { id, response: false, code: 0, addresses: [], names: [] };
    socket.send(server, DNS_PORT, serialiseDns({ ...base, question }));
  }
}
