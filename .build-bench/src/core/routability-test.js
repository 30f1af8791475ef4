import { equalOctets } from './security/constant-time.js';
import { after, sooner } from './time.js';
/** Inits sent without an answer before a peer counts as silent (1 + 2 + 4 + 8 + 16 s). */
const MAX_TESTS_UNANSWERED = 5;
/**
 * The mobile node's side of return routability with one peer: proves that it receives at its home
 * address and at a care-of address.
 *
 *     begin --> Home Test Init and Care-of Test Init, each sent again until answered --> proved
 *
 * A home token is kept over moves while it is fresh; a care-of token belongs to one care-of address.
 *
 * Supported standards: RFC 6275 sections 5.2.5, 5.2.7, 11.6.1, 11.6.2, 11.8.
 */
export class RoutabilityTest {
    #constants;
    #secrets;
    #without;
    #tests = new Map();
    #wanted;
    constructor(constants, env) {
        this.#constants = constants;
        this.#secrets = env.secrets;
        this.#without = env.without;
    }
    /** Does a test wait for its answer? */
    get waiting() {
        return this.#wanted !== undefined;
    }
    /**
     * Asks for proof of `home`, and of `careOf` unless the binding is to be taken back. What is still
     * proved is not tested again.
     */
    begin(home, careOf, now) {
        this.#wanted = { careOf, began: now };
        const outputs = this.#want('home', home, now);
        if (careOf !== undefined)
            outputs.push(...this.#want('care-of', careOf, now));
        else
            this.#tests.delete('care-of');
        return [...outputs, ...this.#conclude(now)];
    }
    /** The tokens for this care-of address (undefined: the home token alone), if all are fresh. */
    proof(careOf, now) {
        const home = this.#fresh('home', now);
        if (home === undefined || careOf === undefined) {
            return home && { home, careOf: undefined };
        }
        const test = this.#tests.get('care-of');
        const token = this.#fresh('care-of', now);
        if (token === undefined || !this.#isFor(test, careOf))
            return undefined;
        return { home, careOf: token };
    }
    /** Feeds a Home Test or Care-of Test that came to the address under test. */
    received(test, at, cookie, token, now) {
        const waiting = this.#tests.get(test);
        const expected = waiting?.pending !== undefined &&
            waiting.address === at &&
            equalOctets(waiting.cookie, cookie);
        if (!expected)
            return [{ kind: 'unexpected' }];
        waiting.pending = undefined;
        waiting.token = { ...token, until: after(now, this.#constants.MAX_TOKEN_LIFETIME) };
        return this.#conclude(now);
    }
    /** Is this the cookie of an Init that waits for its answer (in a quoted packet, say)? */
    isPending(cookie) {
        for (const test of this.#tests.values()) {
            if (test.pending !== undefined && equalOctets(test.cookie, cookie))
                return true;
        }
        return false;
    }
    /** Stops asking; tokens stay. */
    stop() {
        this.#wanted = undefined;
        for (const test of this.#tests.values())
            test.pending = undefined;
    }
    /** The tokens are of no use: the peer does not know their nonces any more. */
    forgetTokens() {
        for (const test of this.#tests.values())
            test.token = undefined;
    }
    deadline() {
        let deadline;
        for (const { pending } of this.#tests.values())
            deadline = sooner(deadline, pending?.retryAt);
        return deadline;
    }
    tick(now) {
        const outputs = [];
        for (const test of this.#tests.values()) {
            if (test.pending === undefined || now < test.pending.retryAt)
                continue;
            if (test.pending.sent >= MAX_TESTS_UNANSWERED) {
                this.stop();
                return [...outputs, { kind: 'silent' }];
            }
            outputs.push(this.#send(test, test.pending, now));
        }
        return outputs;
    }
    #want(kind, address, now) {
        const known = this.#tests.get(kind);
        const test = known !== undefined && this.#isFor(known, address) ? known : this.#newTest(kind);
        test.address = address;
        this.#tests.set(kind, test);
        if (this.#fresh(kind, now) !== undefined || test.pending !== undefined)
            return [];
        test.cookie = this.#secrets(8);
        const pending = { retryAt: now, wait: this.#constants.INITIAL_BINDACK_TIMEOUT, sent: 0 };
        const allowed = this.#allowedAt(test, now);
        if (allowed <= now)
            return [this.#send(test, pending, now)];
        test.pending = { ...pending, retryAt: allowed };
        return [];
    }
    /** RFC 6275 section 11.8: no more than MAX_UPDATE_RATE of a kind to one peer. */
    #allowedAt(test, now) {
        if (test.lastSent !== undefined)
            return after(test.lastSent, this.#constants.UPDATE_INTERVAL);
        // The fault of another implementation: "never sent" kept as 0 and read as "sent just now".
        if (this.#without.has('first-send-at-once'))
            return after(now, this.#constants.UPDATE_INTERVAL);
        return now;
    }
    #newTest(kind) {
        return {
            kind,
            address: '',
            cookie: this.#secrets(8),
            pending: undefined,
            token: undefined,
            lastSent: undefined,
        };
    }
    #isFor(test, address) {
        // The fault of another implementation: a token of the last care-of address taken for the new.
        if (test?.kind === 'care-of' && this.#without.has('new-care-of-test'))
            return true;
        return test?.address === address;
    }
    #fresh(kind, now) {
        const token = this.#tests.get(kind)?.token;
        return token !== undefined && now < token.until ? token : undefined;
    }
    #send(test, pending, now) {
        // The peer's answer to an earlier Init is as good: the cookie stays over repeats.
        const wait = pending.sent === 0 ? pending.wait : (pending.wait * 2);
        test.lastSent = now;
        const retries = !this.#without.has('retransmission');
        test.pending = {
            retryAt: retries ? after(now, wait) : Number.MAX_SAFE_INTEGER,
            wait,
            sent: pending.sent + 1,
        };
        return { kind: 'send', test: test.kind, cookie: test.cookie };
    }
    #conclude(now) {
        if (this.#wanted === undefined)
            return [];
        const { careOf, began } = this.#wanted;
        if (this.proof(careOf, now) === undefined)
            return this.#renew(now);
        this.#wanted = undefined;
        return [{ kind: 'proved', began }];
    }
    /** A token that was fresh when the other test began may have run out while that went on. */
    #renew(now) {
        const tests = [...this.#tests.values()];
        if (tests.some(({ pending }) => pending !== undefined))
            return [];
        return tests.flatMap(({ kind, address }) => this.#want(kind, address, now));
    }
}
