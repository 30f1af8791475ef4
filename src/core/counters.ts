/** The closed list of counters. Nothing is refused without one of them going up. */
export const COUNTERS = {
  'mobility.bu_sent': 'Binding Updates sent, repeats included',
  'mobility.bu_retransmitted': 'Binding Updates sent again for want of an answer',
  'mobility.bu_received': 'Binding Updates that reached the binding cache',
  'mobility.bu_accepted': 'Binding Updates that made, renewed or deleted a binding',
  'mobility.bu_refused': 'Binding Updates answered with a status of 128 or more',
  'mobility.bu_unauthenticated': 'Binding Updates with a missing or wrong authenticator',
  'mobility.bu_replayed': 'Binding Updates with a timestamp or number that was used before',
  'mobility.bu_out_of_window': 'Binding Updates with a sequence number not newer than the last',
  'mobility.bu_circular':
    'Binding Updates for a care-of address that leads back to the home address',
  'mobility.bu_expired_nonce': 'Binding Updates with a nonce index that is gone',
  'mobility.bu_old_authenticator_form':
    'De-registrations authenticated over the care-of address instead of the home address',
  'mobility.ba_received': 'Binding Acknowledgements that answered an update of ours',
  'mobility.ba_unexpected': 'Binding Acknowledgements that answer nothing that waits',
  'mobility.ba_unauthenticated': 'Binding Acknowledgements with a missing or wrong authenticator',
  'mobility.hoti_sent': 'Home Test Inits sent, repeats included',
  'mobility.coti_sent': 'Care-of Test Inits sent, repeats included',
  'mobility.hoti_answered': 'Home Tests sent',
  'mobility.coti_answered': 'Care-of Tests sent',
  'mobility.test_unexpected': 'Home or Care-of Tests that answer nothing that waits',
  'mobility.be_sent': 'Binding Errors sent',
  'mobility.be_suppressed': 'Binding Errors not sent because of their rate limit',
  'mobility.be_received': 'Binding Errors acted upon',
  'mobility.be_ignored': 'Binding Errors that concern nothing of ours',
  'mobility.brr_sent': 'Binding Refresh Requests sent',
  'mobility.brr_received': 'Binding Refresh Requests acted upon',
  'mobility.malformed': 'Mobility messages refused by the parser',
  'mobility.misplaced_header':
    'Mobility messages with a Home Address option or Type 2 Routing header that they must not have',
  'mobility.unknown_type': 'Mobility messages of a type that nothing here processes',
  'mobility.tunnel_unverified': 'Tunnelled packets from an address that is not registered',
  'mobility.home_address_unverified': 'Packets with a Home Address option without a binding',
  'mobility.cache_full': 'Bindings refused because the binding cache is full',
  'mobility.list_full': 'Registrations not begun because the binding update list is full',
  'mobility.home_duplicate': 'Home registrations refused because the home address is in use',
  'mobility.peer_unaware': 'Peers found to know nothing of Mobile IPv6',
  'discovery.request_sent': 'Home Agent Address Discovery Requests sent, repeats included',
  'discovery.request_refused':
    'Home Agent Address Discovery Requests that did not come to the anycast address of the prefix',
  'discovery.reply_sent': 'Home Agent Address Discovery Replies sent',
  'discovery.reply_suppressed': 'Requests not answered because of the rate limit of replies',
  'discovery.reply_received': 'Home Agent Address Discovery Replies that were waited for',
  'discovery.reply_refused':
    'Home Agent Address Discovery Replies that nobody waits for, with a wrong identifier, or empty',
  'discovery.agents_list_full':
    'Home agents, or addresses of one, left out because the home agents list is full',
  'discovery.agent_given_up': 'Home agents left for the next because they refused or were silent',
  'nd.duplicate_address': 'Addresses given up because somebody else has them',
  'nd.ra_sent': 'Router Advertisements sent',
  'nd.ra_received': 'Router Advertisements taken',
  'nd.ra_refused': 'Router Advertisements refused (RFC 4861 section 6.1.2)',
  'nd.proxied': 'Neighbor Solicitations answered for an absent mobile node',
  'nd.malformed': 'Neighbor Discovery messages refused',
} as const satisfies Record<string, string>;

export type Counter = keyof typeof COUNTERS;
