//! Whose packets are heard: where the description says, or where they come from; and who is alive.

use super::*;

/// Another port of the peer's, and an address that signalling came from.
const OTHER: SocketAddr = SocketAddr::new(PEER, 4_002);
const SIGNALLING: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3)), 6_000);
const STRANGER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9)), 4_000);

fn at(remote: SocketAddr) -> Negotiated {
    Negotiated::plain(remote, CodecId::Pcma)
}

impl Stage {
    /// A leg whose peer described `remote`; signalling came from [`SIGNALLING`].
    fn described(remote: SocketAddr) -> Self {
        let mut s = Self::answered();
        s.leg.connect(s.now(), &at(remote), &[SIGNALLING.ip()]);
        s
    }

    /// A tick in which these sources send a packet each, in this order.
    fn tick_from(&mut self, sources: &[SocketAddr]) {
        for from in sources {
            self.packet_from(*from, 8, &[0xd5; 160]);
        }
        self.step(None);
    }

    fn packet_from(&mut self, from: SocketAddr, payload_type: u8, payload: &[u8]) {
        let packet = self.packet(payload_type, payload);
        self.leg.receive_rtp(self.now(), from, &packet);
    }

    fn ticks_from(&mut self, sources: &[SocketAddr], ticks: usize) {
        (0..ticks).for_each(|_| self.tick_from(sources));
    }

    /// Packets taken and refused since the last time.
    fn counted(&mut self, before: &mut (u64, u64)) -> (u64, u64) {
        let q = self.leg.quality();
        let now = (q.packets, q.strangers);
        let new = (now.0 - before.0, now.1 - before.1);
        *before = now;
        new
    }
}

#[test]
fn one_late_packet_of_the_old_source_takes_nothing() {
    // By 200 after 183, another fork, re-INVITE: the address changes, or only the port.
    for (old, new) in [(agreed().remote, OTHER), (agreed().remote, SIGNALLING), (OTHER, STRANGER)] {
        let (mut s, mut before) = (Stage::described(old), (0, 0));
        s.ticks_from(&[old], 50);
        assert_eq!(s.counted(&mut before), (50, 0));
        s.leg.connect(s.now(), &at(new), &[SIGNALLING.ip(), old.ip()]);
        // The last packets of the old source come after the change, before the new one's first.
        s.ticks_from(&[old], 5);
        assert_eq!(s.counted(&mut before), (0, 5), "{old} {new}");
        s.ticks_from(&[new], 50);
        assert_eq!(s.counted(&mut before), (50, 0), "{old} {new}");
        s.ticks_from(&[old, new], 10);
        assert_eq!(s.counted(&mut before), (10, 10), "{old} {new}");
        assert_eq!(s.tick.rtp.get().unwrap().0, new);
    }
}

#[test]
fn the_described_source_is_let_in_whoever_has_the_lock() {
    let (mut s, mut before) = (Stage::described(agreed().remote), (0, 0));
    s.ticks_from(&[OTHER], 20);
    assert_eq!(s.counted(&mut before), (18, 0));
    assert_eq!(s.leg.quality().early, 2, "a source that nobody named needs three in a row");
    s.tick_from(&[agreed().remote]);
    assert_eq!(s.counted(&mut before), (1, 0));
    s.ticks_from(&[OTHER, agreed().remote], 20);
    assert_eq!(s.counted(&mut before), (20, 20), "and it keeps what it took back");
    // It goes silent for good, and the other goes on: after half a second that is the peer.
    s.ticks_from(&[OTHER], 40);
    let (taken, refused) = s.counted(&mut before);
    assert!(refused <= 28 && taken >= 12, "{taken} {refused}");
}

#[test]
fn what_nobody_can_play_says_nothing_about_the_peer() {
    let (mut s, mut before) = (Stage::described(agreed().remote), (0, 0));
    for (payload_type, payload) in [(97, &[1; 20][..]), (8, &[]), (0, &[])] {
        for _ in 0..10 {
            s.packet_from(OTHER, payload_type, payload);
            s.step(None);
        }
        assert_eq!(s.counted(&mut before), (0, 10), "{payload_type}");
    }
    s.ticks_from(&[agreed().remote], 5);
    assert_eq!(s.counted(&mut before), (5, 0));
    s.packet_from(agreed().remote, 97, &[1; 20]);
    assert_eq!(s.leg.counts().unknown, 1, "of the peer's own it is counted as such");
}

#[test]
fn behind_address_translation_we_send_to_where_it_comes_from_and_not_to_where_it_came_from() {
    let setup = LegSetup { nat: true, ..LegSetup::new(LegId::CALLEE, 7, 10, 1_000) };
    let mut s = Stage { leg: Leg::new(setup), ..Stage::new() };
    let private = SocketAddr::from(([192, 168, 1, 2], 4_000));
    s.leg.connect(s.now(), &at(private), &[PEER]);
    s.leg.answered(s.now());
    s.ticks_from(&[OTHER], 10);
    assert_eq!(s.tick.rtp.get().unwrap().0, OTHER);
    // Media moves to another port of another host behind the same translation.
    let moved = SocketAddr::from(([192, 168, 1, 3], 5_000));
    s.leg.connect(s.now(), &at(moved), &[PEER]);
    s.ticks_from(&[OTHER], 5);
    assert_eq!(s.tick.rtp.get().unwrap().0, moved, "late packets lead nowhere");
    let new = SocketAddr::new(PEER, 7_000);
    s.ticks_from(&[new], 5);
    assert_eq!(s.tick.rtp.get().unwrap().0, new);
    // A refresh that changes nothing opens nothing.
    s.leg.connect(s.now(), &at(moved), &[PEER]);
    let mut before = (0, 0);
    s.counted(&mut before);
    s.ticks_from(&[new], 5);
    assert_eq!(s.counted(&mut before), (5, 0));
}

#[test]
fn two_moves_in_a_row_let_the_first_source_back_in_no_sooner() {
    let (mut s, mut before) = (Stage::described(agreed().remote), (0, 0));
    s.ticks_from(&[agreed().remote], 5);
    s.leg.connect(s.now(), &at(OTHER), &[]);
    s.leg.connect(s.now(), &at(SocketAddr::new(PEER, 4_004)), &[]);
    s.counted(&mut before);
    s.ticks_from(&[agreed().remote], 10);
    assert_eq!(s.counted(&mut before), (0, 10));
}

#[test]
fn a_peer_that_goes_on_from_its_old_source_is_heard_again() {
    let (mut s, mut before) = (Stage::described(agreed().remote), (0, 0));
    s.ticks_from(&[agreed().remote], 5);
    s.leg.connect(s.now(), &at(OTHER), &[]);
    s.counted(&mut before);
    s.ticks_from(&[agreed().remote], 4 * 50);
    let (taken, _) = s.counted(&mut before);
    assert!((40..=50).contains(&taken), "{taken}: it was refused for three seconds");
}

#[test]
fn strangers_are_dropped_counted_and_told_when_they_are_many() {
    let (mut s, mut before) = (Stage::described(agreed().remote), (0, 0));
    let bye = [0x80, 201, 0, 1, 0, 0, 0, 1];
    s.leg.receive_rtcp(s.now(), STRANGER, &bye);
    s.leg.receive_rtp(s.now(), agreed().remote, &[1, 2, 3]);
    assert_eq!(s.counted(&mut before), (0, 2));
    s.ticks_from(&[STRANGER, STRANGER], 520);
    let told = |s: &Stage| s.told.iter().filter(|e| e.what == Heard::OnlyStrangers).count();
    assert_eq!(told(&s), 1, "once");
    s.ticks_from(&[STRANGER, agreed().remote], 1_200);
    assert_eq!(told(&s), 1, "while the peer is heard they are nobody's concern");
}

#[test]
fn the_peers_stun_and_rtcp_on_the_wrong_port_are_no_strangers() {
    let (mut s, mut before) = (Stage::described(agreed().remote), (0, 0));
    let mut stun = [0; 20];
    stun[..8].copy_from_slice(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    let report = [0x80, 201, 0, 1, 0, 0, 0, 1];
    for datagram in [&stun[..], &report] {
        s.leg.receive_rtp(s.now(), agreed().remote, datagram);
        assert_eq!(s.counted(&mut before), (0, 0));
        s.leg.receive_rtp(s.now(), STRANGER, datagram);
        assert_eq!(s.counted(&mut before), (0, 1));
    }
}

#[test]
fn who_reports_but_sends_nothing_is_alive_for_two_minutes() {
    let report = [0x80, 201, 0, 1, 0, 0, 0, 1];
    let dead_after = |reports_until_s: u64| {
        let mut s = Stage::described(agreed().remote);
        s.ticks_from(&[agreed().remote], 5);
        for n in 0..200 * 50 {
            if n % 250 == 0 && n / 50 < reports_until_s {
                s.leg.receive_rtcp(s.now(), agreed().remote_rtcp, &report);
            }
            s.step(None);
            if s.told.iter().any(|e| matches!(e.what, Heard::Dead { .. })) {
                return Some((n + 5) / 50);
            }
        }
        None
    };
    assert_eq!(dead_after(0), Some(20), "without reports as before");
    assert_eq!(dead_after(60), Some(71), "when they cease, soon after");
    assert_eq!(dead_after(1_000), Some(120), "and not for ever");
}
