import { after, between } from '../../../core/time.js';
import { Alarm } from '../../simulation.js';
/** Linux: tcp_syn_retries. */
const SYN_RETRIES = 6;
/** Sends a SYN, or the answer to one, until it is acknowledged. Source: RFC 9293 section 3.5. */
export class Handshake {
    #simulation;
    #channel;
    #answers;
    #timeout;
    #failed;
    #alarm;
    #began;
    #repeats = 0;
    constructor(simulation, channel, answers, timeout, failed) {
        this.#simulation = simulation;
        this.#channel = channel;
        this.#answers = answers;
        this.#timeout = timeout;
        this.#failed = failed;
        this.#began = simulation.now;
        this.#alarm = new Alarm(simulation, () => this.#repeat());
    }
    send() {
        const sent = this.#channel.sendSyn(this.#answers);
        if (sent === 'no-route' && !this.#answers)
            this.#failed('unreachable');
        else
            this.#alarm.set(after(this.#simulation.now, this.#timeout.current));
    }
    /** It is acknowledged; the time that this took is the first measurement, if it is one. */
    done() {
        this.halt();
        if (this.#repeats > 0)
            this.#timeout.progressed();
        else
            this.#timeout.measured(between(this.#began, this.#simulation.now));
    }
    halt() {
        this.#alarm.set(undefined);
    }
    #repeat() {
        if (++this.#repeats > SYN_RETRIES) {
            this.#failed('time-out');
            return;
        }
        this.#timeout.backOff();
        this.send();
    }
}
