/**
 * The closed list of mechanisms that a run may take away (`careof lab run --without NAME`), to show
 * what each is there for. A scenario's `off:` names those whose removal must fail it.
 */
export const MECHANISMS = {
  'home-registration': 'the mobile node tells its home agent where it is (RFC 6275 11.7.1)',
  tunnel: 'the home agent tunnels what it intercepts to the care-of address (RFC 6275 10.4.2)',
  'proxy-neighbor-discovery':
    'the home agent answers for absent mobile nodes on the home link (RFC 6275 10.4.1)',
  'return-routability': 'the mobile node proves its addresses to a peer (RFC 6275 5.2.5)',
  cga: 'a home address made of a key proves itself by that key (RFC 4866, RFC 3972)',
  'care-of-credit':
    'a care-of address that is not proved gets no more octets than its owner has sent (RFC 4866)',
  'configured-key': 'two nodes prove updates by a key that both were given (RFC 4449)',
  'mobility-header-exemption':
    'Mobility Header messages bypass the bindings (RFC 6275 6.1), so tests reach the right address',
  'binding-error': 'a peer that knows no binding says so (RFC 6275 9.3.3)',
  'provisional-binding':
    'what a peer cannot be reached with is sent to another of its addresses, for a while',
  'early-packets':
    'data that overtakes its Binding Update waits 50 ms for it instead of being refused',
  'address-sets':
    'nodes with several addresses tell each other of them beside a binding (docs/registry.md)',
  'binding-refresh': 'a registration is renewed before it expires (RFC 6275 11.7.1, 11.7.2)',
  retransmission: 'an unanswered message is sent again with back-off (RFC 6275 11.8)',
  'movement-detection': 'the node notices that its link changed (RFC 6275 11.5.1)',
  revocation: 'a home agent takes a binding back on its operator`s word (RFC 5846)',
  'stateful-addresses':
    'an address is leased by DHCPv6 where the router says so (RFC 4861 4.2, RFC 8415 18)',
  'optimistic-dad': 'a tentative address is used at once, with care (RFC 4429)',
  authentication: 'a home registration is authenticated (RFC 4285)',
  'replay-protection': 'an old registration is refused (RFC 4285 section 6, RFC 4303 3.4.3)',
  esp: 'signalling between mobile node and home agent goes through ESP (RFC 6275 5.1)',
  'esp-tunnel': 'Home Tests go through an ESP tunnel to the home agent (RFC 6275 10.4.6)',
  'peer-deregistration': 'peers are told of the return home (RFC 6275 11.5.5, 11.7.2)',
  'returning-home': 'the home registration is withdrawn on return (RFC 6275 11.5.5)',
  'new-care-of-test': 'each care-of address is tested anew, at once (RFC 6275 11.6.1)',
  'first-send-at-once': 'a message that was never sent waits for no rate limit',
  'tunnel-while-registering':
    'packets from the home agent are taken while the acknowledgement is still on its way',
  'no-redirect-for-tunnelled': 'a packet that came out of a tunnel causes no Redirect',
  'update-repeated-during-dad':
    'a Binding Update repeated while the home agent does DAD gets one answer, to the newest',
  'first-registration-timeout':
    'a first registration waits 1.5 s for its answer (RFC 6275 section 12), the home agent needs 1 s',
  'home-agent-discovery': 'home agents say which of them there are (RFC 6275 10.5, 11.4.1)',
  'prefix-lifetimes': 'no binding is asked for or granted beyond its addresses (RFC 6275 10.6.4)',
  'prefix-discovery':
    'mobile nodes away learn of the prefixes of their home network (RFC 6275 10.6, 11.4.2)',
  'home-dad': 'the home agent makes sure that nobody else has the home address (RFC 6275 10.3.1)',
  'udp-encapsulation':
    'where no update is answered, node and home agent go inside UDP (RFC 5555`s port)',
  'udp-keep-alive': 'a packet every 110 s keeps translators from forgetting a tunnel inside UDP',
  'udp-source-check':
    'a translated source is believed when the node has shown that it gets what is sent there',
  'path-memory': 'networks where headers vanish are remembered for a while',
  'path-probing': 'a path whose headers vanish is given up within seconds',
  journal: 'a daemon that restarts takes up its bindings again',
  'old-care-of-linger': 'packets still under way to the last care-of address are taken',
  'make-before-break': 'a node with two interfaces registers the new one before it leaves the old',
  'fail-over': 'a multihomed host tells peers of another of its addresses (RFC 6275 11.7.2)',
  'provider-probing': 'a path in use that falls silent is asked whether it carries',
  'hold-time': 'sessions come back to a path that has answered for a while, not at once',
  'hints-are-asked-about': 'an ICMPv6 error about a path is a reason to ask, and never more',
  'tokens-kept-fresh': 'tokens for a fail-over are there before it is needed',
  'content-hand-off': 'a server of a service address binds its clients to itself',
  'client-memory': 'a client of a service address keeps the server that it was given',
  'stand-in': 'where the holder of a service address is silent, the next server takes its place',
  'connection-transfer': 'the connections of a client go along to another server',
  'served-clients': 'servers tell a new holder of their address whom they serve',
  'stray-packets': 'what routes lead to another server than the client`s own goes on to that one',
  'member-watch': 'servers that do not answer get no clients, and are removed',
  'echo-watch': 'servers that know no heartbeats are asked by echo requests',
  'echo-check': 'an echo reply is believed that repeats what nobody else can know',
  'tunnel-silence':
    'a server whose answers do not come back through the reverse tunnel is asked at once',
  'member-refresh': 'a server whose registration is about to end is asked for it (RFC 6275 9.5.5)',
  'quic-sessions': 'a client with a session of QUIC stays with the server that has it',
  'connection-ends': 'clients whose connections have ended are forgotten before they are idle',
  'service-check': 'servers whose programs do not answer get no clients, and lose those they have',
  'giving-up': 'a server whose program does not answer binds nobody to itself',
  drain: 'clients of a server that goes away go to others with their connections',
  'shared-bindings': 'agents of one address tell each other of their servers and clients',
  'shared-versions': 'what agents tell each other never stands in for something newer',
  'shared-snapshot': 'an agent that returns is told first all that the others know',
  delegation:
    'an address of a prefix that has an authority is bound with its delegation alone (docs/registry.md)',
  'past-itself':
    'what a server sends to its own anycast address leaves it, by the link that it is met on',
  'agent-search': 'a server asks the group of its address which agents there are',
  'second-look': 'a server that another agent misses is asked before it is removed',
  'server-moves': 'a server whose address is gone tells agents and clients of another one',
  'next-agent': 'a server whose agent is silent joins the next one',
  'client-freeing': 'clients of a dead server are told that their binding is over',
  'home-address-check':
    'a Home Address option is believed only with a binding behind it (RFC 6275 9.3.1)',
  'routing-2-check':
    'a Type 2 Routing header is followed to our own home address alone (RFC 6275 6.4)',
  'tunnel-source-check':
    'tunnelled packets are taken only from the registered care-of address (RFC 6275 10.4.5)',
  'sequence-order': 'an update with an older number changes nothing (RFC 6275 9.5.1)',
  'retired-numbers':
    'the number of a binding that is gone is remembered as long as its nonces hold (RFC 6275 5.2.8)',
  'binding-limit': 'a full binding cache takes no new binding and keeps what it has',
  'nonce-lifetime': 'tokens are void when their nonce is too old (RFC 6275 5.2.3)',
  'shared-nonces': 'all tokens of half a minute are made with one nonce (RFC 6275 5.2.3)',
  'answer-limit': 'what nobody proved is answered within a rate limit (RFC 6275 9.3.3)',
  'peer-rate': 'a mobile node begins to register with few new peers a second',
  'acknowledgement-check':
    'a Binding Acknowledgement is believed with its proof alone (RFC 6275 11.7.3)',
  'error-check':
    'an error is believed only of what just waits for an answer (RFC 6275 11.3.5, 11.3.6)',
  'persistent-errors':
    'a binding goes when errors about its care-of address persist (RFC 6275 9.3.4)',
  'discovery-identifier':
    'a discovery reply is believed with the identifier of the last request (RFC 6275 11.4.1)',
  'router-stays': 'a new router moves nobody whose own router is still there (RFC 6275 11.5.1)',
  'router-limit': 'a host remembers 16 routers on a link',
  'nd-hop-limit': 'Neighbor Discovery from beyond the link is not believed (RFC 4861 7.1)',
  'packet-too-big':
    'where a tunnel begins, senders are told what it takes of them (RFC 2473 sections 7.1 and 8)',
  'tunnel-fragments':
    'packets of 1280 octets go in fragments where headers make them too long (RFC 2473 7.1, 7.2)',
  'path-mtu-probing':
    'what a path carries is found out by probes, where Packet Too Big is dropped (RFC 8899)',
  'black-hole-detection':
    'TCP whose large segments get no answer goes on with small ones (RFC 4821 section 7.7)',
  'encapsulation-limit': 'what is in four tunnels is put in no fifth (RFC 2473 4.1, 6.6)',
} as const satisfies Record<string, string>;

export type Mechanism = keyof typeof MECHANISMS;
