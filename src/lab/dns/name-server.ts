/** A name server of the lab: it has a list of names, answers for them, and knows nobody else. */
import type { Kernel } from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import {
  DNS_CODE,
  DNS_PORT,
  type DnsMessage,
  type DnsQuestion,
  parseDns,
  reverseName,
  serialiseDns,
} from './dns-message.ts';

/** Addresses by name, in the order in which they are told. */
export type Names = ReadonlyMap<string, readonly Address[]>;

/** Answers what comes to the port of DNS. */
export function serveNames(kernel: Kernel, names: Names): void {
  const socket = kernel.udp.open({
    port: DNS_PORT,
    onDatagram: ({ from, fromPort, to, octets }) => {
      const asked = parseDns(octets);
      if (asked === undefined || asked.response) return;
      socket.send(from, fromPort, serialiseDns(answerTo(asked, names)), to);
    },
  });
}

/** The answer to a question; the name of an address is each that has the address. */
export function answerTo({ id, question }: DnsMessage, names: Names): DnsMessage {
  const addresses = question.type === 'AAAA' ? (names.get(question.name) ?? []) : [];
  const found = question.type === 'PTR' ? namesOf(question, names) : [];
  const code = addresses.length + found.length > 0 ? DNS_CODE.noError : DNS_CODE.nameError;
  return { id, response: true, code, question, addresses, names: found };
}

const namesOf = ({ name }: DnsQuestion, names: Names): string[] =>
  [...names].filter(([, all]) => all.some((one) => reverseName(one) === name)).map(([one]) => one);
