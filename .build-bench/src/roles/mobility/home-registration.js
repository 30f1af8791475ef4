import { checkHomeProof, homeProof, timestampOf } from '../../core/home-authentication.js';
import { count, tell } from '../../core/part.js';
import { RateLimit } from '../../core/rate-limit.js';
import { Registration } from '../../core/registration.js';
import { ntpTimestamp } from '../../core/security/authentication-option.js';
import { bindingUpdate, lifetimeOf } from '../../core/signalling.js';
import { after, between, seconds, sooner } from '../../core/time.js';
import { formatAddress } from '../../wire/address.js';
import { BINDING_STATUS, nameIn } from '../../wire/numbers.js';
/** After a refusal the node tries again, since nothing else would ever mend it. */
const RETRY_AFTER_REFUSAL = seconds(32);
/** A Binding Error of the home agent is believed no more often than this: anybody can forge one. */
const ERROR_INTERVAL = seconds(1);
const STORE_KEY = 'home-registration';
/**
 * The binding at the home agent: kept alive while the node is away, taken back when it is home.
 *
 * Supported standards: RFC 6275 sections 11.7.1, 11.7.3, 11.8; RFC 4285.
 */
export class HomeRegistration {
    #config;
    #state;
    #registration;
    /** The home agent's clock less ours, as its answers with status 144 showed it. */
    #clockOffset = 0n;
    /** Answers with status 144 in a row. */
    #wrongTimes = 0;
    #lastTimestamp = 0n;
    #errors = new RateLimit(ERROR_INTERVAL, 1);
    #retryAt;
    #target;
    /** A registration of an earlier life was never taken back. */
    #heldBefore = false;
    /** The link that a de-registration goes out on. */
    #link;
    #linkLocal;
    constructor(config, state) {
        this.#config = config;
        this.#state = state;
        const { env, constants } = state;
        const first = Math.floor(env.random() * 0x10000);
        this.#registration = new Registration(first, constants, env.random, !env.without.has('retransmission'));
    }
    /** Does the home agent hold a binding of ours, as far as we know? */
    get held() {
        return this.#registration.expiresAt !== undefined;
    }
    /** Is there a registration that is not over: held, asked for, or made before a restart? */
    get pending() {
        return this.held || this.#registration.waiting || this.#heldBefore;
    }
    /** Takes up a stored value after a restart. */
    restore(key) {
        if (key === STORE_KEY && !this.#state.env.without.has('journal'))
            this.#heldBefore = true;
    }
    /** How long the home agent goes on holding this care-of address; zero when it does not. */
    remaining(careOf, now) {
        const { bound, expiresAt } = this.#registration;
        if (bound?.careOf !== careOf || expiresAt === undefined)
            return 0;
        return between(now, expiresAt);
    }
    setLinkLocal(address) {
        this.#linkLocal = address;
    }
    deadline() {
        return sooner(this.#registration.deadline(), this.#retryAt);
    }
    /** Registers a care-of address; with the home address takes the binding back, on that link. */
    move(careOf, link, now) {
        const away = careOf !== this.#config.home;
        this.#target = { careOf, lifetime: away ? this.#config.lifetime : 0 };
        this.#link = link;
        return this.#send(now);
    }
    /** At home, with nothing to take back: no attempt to register goes on. */
    rest() {
        this.#registration.forget();
        this.#target = undefined;
        this.#retryAt = undefined;
    }
    #send(now) {
        this.#retryAt = undefined;
        if (this.#target === undefined || this.#state.env.without.has('home-registration')) {
            return { outputs: [] };
        }
        const { INITIAL_BINDACK_TIMEOUT, INITIAL_BINDACK_TIMEOUT_FIRST_REG } = this.#state.constants;
        const first = !this.held && !this.#state.env.without.has('first-registration-timeout');
        const wait = first ? INITIAL_BINDACK_TIMEOUT_FIRST_REG : INITIAL_BINDACK_TIMEOUT;
        return this.#act(this.#registration.update(this.#target, wait, now), now);
    }
    tick(now) {
        if (this.#retryAt !== undefined && now >= this.#retryAt)
            return this.#send(now);
        return this.#act(this.#registration.tick(now), now);
    }
    /** The home agent says that it knows no binding of ours (it has restarted, say). */
    unknownToAgent(now) {
        if (!this.held || this.#registration.waiting || !this.#errors.take(now)) {
            return { outputs: [count('mobility.be_ignored')] };
        }
        const outputs = [count('mobility.be_received')];
        this.#registration.forget();
        const sent = this.#send(now);
        return { ...sent, outputs: [...outputs, ...sent.outputs] };
    }
    acknowledged(received, message, now) {
        const target = this.#registration.target;
        if (target === undefined)
            return { outputs: [count('mobility.ba_unexpected')] };
        const { authentication, home } = this.#config;
        const subject = { careOf: target.careOf, home };
        const { crypto } = this.#state.env;
        const { octets } = received;
        if (checkHomeProof(authentication, crypto, subject, message, octets) !== 'proved') {
            return this.#unproved(message.status, target);
        }
        const refresh = message.options.find((one) => one.option === 'binding-refresh-advice');
        const outputs = this.#registration.acknowledged({
            status: message.status,
            sequence: message.sequence,
            lifetime: lifetimeOf(message.lifetime),
            ...(refresh === undefined ? {} : { refresh: lifetimeOf(refresh.refreshInterval) }),
        }, now);
        // Only of an answer that was waited for: an old one played back would set the clock back.
        const wrongTime = outputs.some(isWrongTime);
        if (wrongTime)
            this.#adjustClock(message, now);
        const progress = this.#act(outputs, now);
        if (!wrongTime && outputs[0]?.kind !== 'unexpected')
            this.#wrongTimes = 0;
        return progress;
    }
    /** Cannot be believed, but an operator with a wrong key wants to see it. */
    #unproved(status, target) {
        const reason = `${nameIn(BINDING_STATUS, status) ?? `status ${status}`}, itself not authenticated`;
        return {
            outputs: [
                count('mobility.ba_unauthenticated'),
                tell({ kind: 'registration.refused', ...this.#names(target), reason }),
            ],
        };
    }
    /** Source: RFC 4285 section 6: the answer carries the home agent's own time. */
    #adjustClock(message, now) {
        const theirs = timestampOf(message);
        if (theirs === undefined)
            return;
        this.#clockOffset = theirs - ntpTimestamp(this.#state.env.epoch, now);
        this.#lastTimestamp = 0n;
    }
    #act(outputs, now) {
        const done = [];
        let result;
        for (const output of outputs) {
            switch (output.kind) {
                case 'send':
                    done.push(...this.#sendUpdate(output, now));
                    break;
                case 'bound':
                case 'released':
                    result = output.kind;
                    done.push(...this.#accepted(output.target, output.began, now));
                    break;
                case 'refused':
                    done.push(...this.#refused(output.target, output.status, now));
                    if (output.target.lifetime === 0 && this.#target === undefined)
                        result = 'released';
                    break;
                case 'refresh':
                    if (!this.#state.env.without.has('binding-refresh'))
                        done.push(...this.#send(now).outputs);
                    break;
                case 'expired':
                    result = 'expired';
                    done.push(tell({ kind: 'registration.lost', ...this.#names(this.#target) }));
                    done.push(...this.#send(now).outputs);
                    break;
                case 'unexpected':
                    done.push(count('mobility.ba_unexpected'));
            }
        }
        return { outputs: done, ...(result === undefined ? {} : { result }) };
    }
    #sendUpdate(output, now) {
        const { target, sequence, repeat } = output;
        const { authentication, home, homeAgent } = this.#config;
        const { crypto, epoch } = this.#state.env;
        const subject = { careOf: target.careOf, home };
        const clock = BigInt.asUintN(64, ntpTimestamp(epoch, now) + this.#clockOffset);
        // Two updates in one instant are not to be a replay of each other (RFC 4285 section 6).
        const timestamp = clock > this.#lastTimestamp ? clock : this.#lastTimestamp + 1n;
        this.#lastTimestamp = timestamp;
        const release = target.careOf === home;
        return [
            count('mobility.bu_sent'),
            ...(repeat > 0 ? [count('mobility.bu_retransmitted')] : []),
            ...bindingUpdate({
                careOf: target.careOf,
                home,
                to: homeAgent,
                sequence,
                lifetime: target.lifetime,
                homeRegistration: true,
                linkLocalAddressCompatibility: this.#linkLocal?.slice(8) === home.slice(8),
                proof: homeProof(authentication, crypto, subject, timestamp),
                ...(release && this.#link !== undefined ? { link: this.#link } : {}),
            }),
        ];
    }
    #accepted(target, began, now) {
        const phase = { phase: 'home_registration', began, ended: now };
        const outputs = [
            count('mobility.ba_received'),
            tell({ kind: 'handover.phase', ...phase, peer: this.#config.homeAgent }),
        ];
        outputs.push(this.#remember(target.lifetime === 0 ? undefined : target.careOf));
        if (target.lifetime === 0) {
            const lost = { kind: 'registration.lost', reason: 'taken back at home' };
            return [...outputs, tell({ ...lost, ...this.#names(target) })];
        }
        const lifetime_s = this.remaining(target.careOf, now) / seconds(1);
        const source = 'RFC 6275 11.7.3';
        const accepted = { kind: 'registration.accepted', lifetime_s, source };
        return [...outputs, tell({ ...accepted, ...this.#names(target) })];
    }
    #refused(target, status, now) {
        const release = target.lifetime === 0;
        // A home agent that has nothing to take back is as good as one that has taken it back.
        if (release && status === BINDING_STATUS.notHomeAgentForThisMobileNode) {
            this.rest();
            return [this.#remember(undefined)];
        }
        const wrongTime = status === BINDING_STATUS.mipv6IdMismatch;
        const reason = nameIn(BINDING_STATUS, status) ?? `status ${status}`;
        this.#retryAt = after(now, wrongTime ? this.#clockWait() : RETRY_AFTER_REFUSAL);
        return [tell({ kind: 'registration.refused', ...this.#names(target), reason })];
    }
    /** What a restart must not make us forget: that the home agent holds something to be taken back. */
    #remember(careOf) {
        this.#heldBefore = false;
        const key = STORE_KEY;
        return {
            kind: 'store',
            key,
            ...(careOf === undefined ? {} : { value: formatAddress(careOf) }),
        };
    }
    /** At once for the first, then 1, 2, 4 ... 32 s: two clocks may never come to agree. */
    #clockWait() {
        const wait = this.#wrongTimes === 0 ? 0 : seconds(2 ** Math.min(this.#wrongTimes - 1, 5));
        this.#wrongTimes += 1;
        return wait;
    }
    #names(target) {
        const { home, homeAgent } = this.#config;
        return { peer: homeAgent, home, careof: target.careOf };
    }
}
const isWrongTime = (output) => output.kind === 'refused' && output.status === BINDING_STATUS.mipv6IdMismatch;
