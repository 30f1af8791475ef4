import { after, between, type Instant } from '../../../core/time.ts';
import { Alarm, type Simulation } from '../../simulation.ts';
import type { Channel } from './channel.ts';
import type { RetransmissionTimeout } from './retransmission-timeout.ts';

/** Linux: tcp_syn_retries. */
const SYN_RETRIES = 6;

/** Sends a SYN, or the answer to one, until it is acknowledged. Source: RFC 9293 section 3.5. */
export class Handshake {
  readonly #simulation: Simulation;
  readonly #channel: Channel;
  readonly #answers: boolean;
  readonly #timeout: RetransmissionTimeout;
  readonly #failed: (reason: 'unreachable' | 'time-out') => void;
  readonly #alarm: Alarm;
  readonly #began: Instant;
  #repeats = 0;

  constructor(
    simulation: Simulation,
    channel: Channel,
    answers: boolean,
    timeout: RetransmissionTimeout,
    failed: (reason: 'unreachable' | 'time-out') => void,
  ) {
    this.#simulation = simulation;
    this.#channel = channel;
    this.#answers = answers;
    this.#timeout = timeout;
    this.#failed = failed;
    this.#began = simulation.now;
    this.#alarm = new Alarm(simulation, () => this.#repeat());
  }

  send(): void {
    const sent = this.#channel.sendSyn(this.#answers);
    if (sent === 'no-route' && !this.#answers) this.#failed('unreachable');
    else this.#alarm.set(after(this.#simulation.now, this.#timeout.current));
  }

  /** It is acknowledged; the time that this took is the first measurement, if it is one. */
  done(): void {
    this.halt();
    if (this.#repeats > 0) this.#timeout.progressed();
    else this.#timeout.measured(between(this.#began, this.#simulation.now));
  }

  halt(): void {
    this.#alarm.set(undefined);
  }

  #repeat(): void {
    if (++this.#repeats > SYN_RETRIES) {
      this.#failed('time-out');
      return;
    }
    this.#timeout.backOff();
    this.send();
  }
}
