/** One capture file for each link, with every frame that was given to it, as the wire carries it. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOL } from '../../wire/numbers.js';
import { parsePacket } from '../../wire/packet.js';
import { summarise } from '../../wire/summary.js';
import { walkHeaders } from '../../wire/walk.js';
import { pcapngFrame, pcapngHead } from '../capture/pcapng-writer.js';
/** Frames are written out together when so many octets wait. */
const WRITE_SIZE = 1 << 18;
export class LinkCaptures {
    files = [];
    #captures = [];
    /** Opens the files. Throws where the folder cannot be made or written to. */
    constructor(folder, links, epoch) {
        mkdirSync(folder, { recursive: true });
        for (const [name, link] of links) {
            const path = join(folder, `${name}.pcapng`);
            this.files.push(path);
            this.#captures.push(new LinkCapture(path, name, link, epoch));
        }
    }
    close() {
        for (const capture of this.#captures)
            capture.close();
    }
}
class LinkCapture {
    #file;
    #epoch;
    #waiting = [];
    #size = 0;
    /** The newest frame: what becomes of it on the link is known a moment later. */
    #newest;
    /** The same frame as the link knows it. */
    #original;
    constructor(path, name, link, epoch) {
        this.#file = openSync(path, 'w');
        this.#epoch = epoch;
        this.#put(pcapngHead(name));
        link.observe({
            sent: (frame, at) => {
                this.#flushNewest();
                // The octets may change on their way.
                this.#newest = { frame: { ...frame, octets: frame.octets.slice() }, at };
                this.#original = frame;
            },
            lost: (frame, _at, _sender, reason) => {
                if (frame !== this.#original || this.#newest === undefined)
                    return;
                // Larger than the link: it never was on the wire.
                if (reason === 'mtu')
                    this.#newest = undefined;
                else
                    this.#newest = { ...this.#newest, lost: reason };
                this.#original = undefined;
            },
        });
    }
    close() {
        this.#flushNewest();
        this.#write();
        closeSync(this.#file);
    }
    #flushNewest() {
        if (this.#newest === undefined)
            return;
        const { frame, at, lost } = this.#newest;
        this.#newest = undefined;
        const parts = [signalling(frame.octets), lost && LOST[lost]].filter((part) => part);
        const comment = parts.join('; ');
        this.#put(pcapngFrame({ ...frame, time: this.#epoch + at, ...(comment !== '' && { comment }) }));
    }
    #put(octets) {
        this.#waiting.push(octets);
        this.#size += octets.length;
        if (this.#size >= WRITE_SIZE)
            this.#write();
    }
    #write() {
        const octets = Buffer.concat(this.#waiting);
        for (let at = 0; at < octets.length;)
            at += writeSync(this.#file, octets, at);
        this.#waiting = [];
        this.#size = 0;
    }
}
const LOST = {
    loss: 'lost on the link',
    queue: 'lost: the queue of the sender was full',
    cut: 'lost: the link is cut',
    nobody: 'lost: nobody has that link address any more',
};
/** One line about a packet of Mobile IPv6 or Neighbor Discovery, tunnelled or not. */
function signalling(octets) {
    for (let at = 0;;) {
        const walk = walkHeaders(octets, at);
        if (walk === undefined)
            return undefined;
        if (walk.protocol === PROTOCOL.ipv6 && walk.firstFragment) {
            at = walk.upperAt;
            continue;
        }
        if (walk.protocol !== PROTOCOL.mobility && walk.protocol !== PROTOCOL.icmpv6)
            return undefined;
        const parsed = parsePacket(octets);
        return parsed.ok ? summarise(parsed.value) : undefined;
    }
}
