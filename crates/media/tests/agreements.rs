//! Legs under what was agreed on: other codecs in mid-call, hold, address translation, ciphers.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::net::SocketAddr;
use std::time::Duration;

use domain::{ItemId, LegId, Now, PlaylistId};
use media::codec::{Codec, CodecId};
use media::leg::{Heard, Leg, LegCommand, LegEvent, LegGear, LegSetup, Tick};
use media::playout::PlayoutChange;
use media::resample::{Downsampler, SpeechResampler, Upsampler};
use media::rtp::{RtpHeader, RtpPacket};
use media::sdp::{Direction, Negotiated};
use media::srtp::{Agreed, MASTER_LEN, MasterKey, SrtpReceiver, SrtpSender, Suite};

const PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)), 4_000);

/// A leg and the peer's stream to it.
struct Stage {
    leg: Leg,
    tick: Box<Tick>,
    n: u64,
    encoder: Codec,
    header: RtpHeader,
    told: Vec<LegEvent>,
    /// What was recorded of the peer.
    heard: Vec<i16>,
    /// What a recognizer got.
    frames: Vec<i16>,
}

impl Stage {
    fn new(setup: LegSetup, agreed: &Negotiated) -> Self {
        let leg = Leg::new(LegSetup { record: true, ..setup });
        let header = RtpHeader { marker: false, payload_type: 0, seq: 0, timestamp: 0, ssrc: 3 };
        let encoder = Codec::new(agreed.codec);
        let (tick, told) = (Box::default(), Vec::new());
        let (heard, frames) = (Vec::new(), Vec::new());
        let mut stage = Self { leg, tick, n: 0, encoder, header, told, heard, frames };
        stage.agree(agreed);
        stage.leg.answered(stage.now());
        stage
    }

    fn now(&self) -> Now {
        Now::from_millis(20 * self.n)
    }

    /// Offer and answer, as a lane carries them out.
    fn agree(&mut self, agreed: &Negotiated) {
        self.leg.equip(&mut LegGear::for_media(agreed), agreed);
        self.leg.connect(self.now(), agreed, &[]);
    }

    /// The peer goes over to another codec.
    fn sends(&mut self, codec: CodecId) {
        self.encoder = Codec::new(codec);
    }

    /// The peer's next packet: a tone of 500 Hz.
    fn packet(&mut self) -> Vec<u8> {
        let codec = self.encoder.id();
        let rate = f64::from(codec.sample_rate());
        let len = codec.samples_per_packet(20);
        let first = self.n as usize * len;
        let wave = |i: usize| (500.0 * std::f64::consts::TAU * i as f64 / rate).sin() * 8_000.0;
        let sound: Vec<i16> = (first..first + len).map(|i| wave(i) as i16).collect();
        self.packet_of(&sound)
    }

    fn packet_of(&mut self, sound: &[i16]) -> Vec<u8> {
        let codec = self.encoder.id();
        let (mut payload, mut bytes) = ([0; 480], [0; 600]);
        let len = self.encoder.encode(sound, &mut payload);
        self.header.payload_type = codec.offered_payload_type();
        let len = self.header.write(&payload[..len], &mut bytes).unwrap();
        self.header.seq = self.header.seq.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(codec.clock_rate() / 50);
        bytes[..len].to_vec()
    }

    fn step(&mut self) {
        self.leg.tick(self.now(), &mut self.tick);
        self.told.extend(std::iter::from_fn(|| self.leg.poll_event()));
        self.heard.extend(self.tick.stereo.iter().flat_map(|b| b.left));
        self.n += 1;
    }

    /// The peer says this, at the codec's rate.
    fn hear(&mut self, sound: &[i16]) {
        for frame in sound.chunks_exact(self.encoder.id().samples_per_packet(20)) {
            let packet = self.packet_of(frame);
            self.leg.receive_rtp(self.now(), PEER, &packet);
            self.step();
            self.frames.extend(self.tick.frames().iter().flat_map(|f| f.samples));
        }
    }

    /// So many ticks with a packet each.
    fn talk(&mut self, ticks: u32) {
        for _ in 0..ticks {
            let packet = self.packet();
            self.leg.receive_rtp(self.now(), PEER, &packet);
            self.step();
        }
    }

    fn sent(&self) -> Option<(SocketAddr, RtpHeader, usize)> {
        let (to, bytes) = self.tick.rtp.get()?;
        let packet = RtpPacket::parse(bytes).unwrap();
        Some((to, packet.header, packet.payload.len()))
    }

    fn say(&mut self, item: u32, samples: usize) {
        let (playlist, item) = (PlaylistId(1), ItemId(item));
        let chunk = vec![5_000; samples].into();
        self.leg.command(self.now(), LegCommand::Play { playlist, item, chunk }).unwrap();
        self.leg.command(self.now(), LegCommand::EndItem { playlist, item }).unwrap();
    }
}

fn setup(rate: u32) -> LegSetup {
    LegSetup { speech_rate: rate, ..LegSetup::new(LegId::CALLEE, 7, 10, 1_000) }
}

/// Level of 500 Hz in the last part of what was heard, and of everything.
fn tone(heard: &[i16]) -> (f64, f64) {
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (n, s) in heard.iter().enumerate() {
        let phase = std::f64::consts::TAU * 500.0 * n as f64 / 8_000.0;
        re += f64::from(*s) * phase.cos();
        im += f64::from(*s) * phase.sin();
        all += f64::from(*s).powi(2);
    }
    let len = heard.len() as f64;
    (2.0 * (re * re + im * im).sqrt() / len, (2.0 * all / len).sqrt())
}

#[test]
fn each_codec_is_heard_and_spoken_at_its_own_clock() {
    for codec in CodecId::ALL {
        for rate in [8_000, 16_000] {
            let mut s = Stage::new(setup(rate), &Negotiated::plain(PEER, *codec));
            s.say(1, rate as usize);
            s.talk(60);
            let first = s.sent().unwrap().1.timestamp;
            s.talk(1);
            let (_, header, len) = s.sent().unwrap();
            let case = format!("{codec:?} {rate}");
            assert_eq!(header.timestamp - first, codec.clock_rate() / 50, "{case}");
            assert_eq!(header.payload_type, codec.offered_payload_type(), "{case}");
            assert!(*codec == CodecId::Opus || len == 160, "{case}");
            let (level, all) = tone(&s.heard[4_000..8_000]);
            assert!((6_500.0..9_000.0).contains(&level), "{case}: {level}");
            assert!(all < level * 1.1, "{case}: {level} of {all}");
            assert_eq!(s.leg.counts().unknown, 0, "{case}");
            assert_eq!((s.leg.quality().lost, s.leg.quality().jitter_ms), (0, 0), "{case}");
        }
    }
}

#[test]
fn lost_packets_are_hardly_missed_in_any_codec() {
    for codec in CodecId::ALL {
        let mut s = Stage::new(setup(16_000), &Negotiated::plain(PEER, *codec));
        for n in 0..100 {
            let packet = s.packet();
            if n % 10 != 7 {
                s.leg.receive_rtp(s.now(), PEER, &packet);
            }
            s.step();
        }
        let (level, _) = tone(&s.heard[4_000..15_000]);
        assert!(level > 6_000.0, "{codec:?}: {level}");
        assert_eq!(s.leg.counts().jitter.concealed, 10, "{codec:?}");
    }
}

#[test]
fn another_codec_by_a_new_offer_is_spoken_at_once_and_heard_when_it_comes() {
    for (from, to) in [
        (CodecId::Pcma, CodecId::Opus),
        (CodecId::Opus, CodecId::G722),
        (CodecId::G722, CodecId::Pcmu),
    ] {
        let mut s = Stage::new(setup(16_000), &Negotiated::plain(PEER, from));
        s.talk(50);
        let before = s.sent().unwrap().1;
        s.agree(&Negotiated::plain(PEER, to));
        s.sends(to);
        s.header.ssrc += u32::from(from.clock_rate() != to.clock_rate());
        s.talk(50);
        let after = s.sent().unwrap().1;
        let case = format!("{from:?} {to:?}");
        assert_eq!(after.payload_type, to.offered_payload_type(), "{case}");
        // A source has one clock (RFC 7160 section 4.1).
        assert_eq!(after.ssrc != before.ssrc, from.clock_rate() != to.clock_rate(), "{case}");
        assert_eq!(after.seq.wrapping_sub(before.seq), 50, "{case}");
        let told = s.told.iter().filter(|e| matches!(e.what, Heard::CodecChanged { .. }));
        assert_eq!(told.count(), 1, "{case}");
        let (level, _) = tone(&s.heard[11_000..15_000]);
        assert!(level > 6_500.0, "{case}: {level}");
        assert!(s.leg.quality().jitter_ms < 5, "{case}");
    }
}

#[test]
fn payload_types_nobody_agreed_on_are_dropped_and_counted() {
    let mut s = Stage::new(setup(8_000), &Negotiated::plain(PEER, CodecId::Pcma));
    for codec in [CodecId::G722, CodecId::Opus] {
        s.sends(codec);
        s.talk(5);
    }
    assert_eq!(s.leg.counts().unknown, 10);
    assert!(s.heard.iter().all(|s| *s == 0));
}

#[test]
fn on_hold_nothing_is_said_or_lost_and_nobody_is_dead() {
    let plain = Negotiated::plain(PEER, CodecId::Pcma);
    let media_timeout = Duration::from_secs(2);
    let mut s = Stage::new(LegSetup { media_timeout, ..setup(8_000) }, &plain);
    s.say(1, 8_000);
    s.talk(25);
    let position = s.leg.playout_position(ItemId(1)).unwrap();
    for direction in [Direction::RecvOnly, Direction::Inactive] {
        s.agree(&Negotiated { direction, ..plain });
        // Music at first, then nothing at all, for twice the time that would be death.
        s.talk(50);
        (0..200).for_each(|_| s.step());
        assert_eq!(s.sent(), None);
        assert_eq!(s.leg.playout_position(ItemId(1)), Some(position));
    }
    s.agree(&plain);
    s.talk(40);
    assert!(s.leg.is_playout_empty());
    let finished = s.told.iter().filter(|e| {
        matches!(e.what, Heard::Playout(p) if matches!(p.change,
            PlayoutChange::Finished { total } if total.as_millis() == 1_000))
    });
    assert_eq!(finished.count(), 1);
    let what = |e: &LegEvent| !matches!(e.what, Heard::Dead { .. } | Heard::SpeechStarted { .. });
    assert!(s.told.iter().all(what), "{:?}", s.told);
    // From now on silence is death again.
    (0..110).for_each(|_| s.step());
    assert!(s.told.iter().any(|e| matches!(e.what, Heard::Dead { .. })));
}

#[test]
fn behind_address_translation_packets_go_back_where_they_come_from() {
    let elsewhere = SocketAddr::new(PEER.ip(), 61_000);
    let stranger = SocketAddr::from(([10, 0, 0, 9], 4_000));
    for nat in [false, true] {
        let plain = Negotiated::plain(PEER, CodecId::Pcma);
        let mut s = Stage::new(LegSetup { nat, ..setup(8_000) }, &plain);
        s.step();
        assert_eq!(s.sent().unwrap().0, PEER);
        let packet = s.packet();
        s.leg.receive_rtp(s.now(), stranger, &packet);
        // One that no description names is the peer when it sends three in a row.
        for _ in 0..4 {
            s.leg.receive_rtp(s.now(), elsewhere, &packet);
        }
        s.step();
        assert_eq!(s.sent().unwrap().0, if nat { elsewhere } else { PEER });
        let quality = s.leg.quality();
        assert_eq!((quality.strangers, quality.early), (1, 2));
        // The described one takes the lock whenever it sends.
        s.leg.receive_rtp(s.now(), PEER, &packet);
        s.step();
        assert_eq!(s.sent().unwrap().0, PEER);
    }
}

fn secured(suite: Suite, theirs: u8) -> (Negotiated, Agreed) {
    let (ours, theirs) = (MasterKey([1; MASTER_LEN]), MasterKey([theirs; MASTER_LEN]));
    let crypto = Agreed { suite, ours, theirs };
    (Negotiated { crypto: Some(crypto), ..Negotiated::plain(PEER, CodecId::Pcma) }, crypto)
}

fn closed(sender: &mut SrtpSender, packet: &[u8]) -> Vec<u8> {
    let mut bytes = packet.to_vec();
    bytes.resize(packet.len() + 14, 0);
    let len = sender.protect_rtp(&mut bytes, packet.len()).unwrap();
    bytes.truncate(len);
    bytes
}

#[test]
fn under_keys_only_their_holder_is_heard() {
    for suite in Suite::ALL {
        let (agreed, crypto) = secured(suite, 2);
        let mut s = Stage::new(setup(8_000), &agreed);
        let mut peer = SrtpSender::new(suite, &crypto.theirs);
        let mut forger = SrtpSender::new(suite, &MasterKey([9; MASTER_LEN]));
        let mut ours = SrtpReceiver::new(suite, &crypto.ours);
        let spoofed = SocketAddr::new(PEER.ip(), 5_000);
        for n in 0..50 {
            let packet = s.packet();
            // The address is the peer's, the keys are not: before and after the first packet.
            s.leg.receive_rtp(s.now(), spoofed, &packet);
            s.leg.receive_rtp(s.now(), spoofed, &closed(&mut forger, &packet));
            let good = closed(&mut peer, &packet);
            s.leg.receive_rtp(s.now(), PEER, &good);
            s.leg.receive_rtp(s.now(), PEER, &good);
            s.step();
            let (to, bytes) = s.tick.rtp.get().unwrap();
            assert_eq!(to, PEER);
            assert!(ours.open_rtp(&mut bytes.to_vec()).is_ok(), "{n}");
        }
        assert_eq!((s.leg.quality().packets, s.leg.counts().forged), (50, 150), "{suite:?}");
        assert!(tone(&s.heard[4_000..8_000]).0 > 6_500.0);
        // A new offer under the same keys begins nothing anew, under others everything.
        s.agree(&agreed);
        let packet = s.packet();
        let good = closed(&mut peer, &packet);
        s.leg.receive_rtp(s.now(), PEER, &good);
        s.step();
        let mut bytes = s.tick.rtp.get().unwrap().1.to_vec();
        assert!(ours.open_rtp(&mut bytes).is_ok(), "our numbers go on");
        s.agree(&secured(suite, 3).0);
        let packet = s.packet();
        let before = s.leg.quality().packets;
        s.leg.receive_rtp(s.now(), PEER, &closed(&mut peer, &packet));
        assert_eq!(s.leg.quality().packets, before);
        let mut peer = SrtpSender::new(suite, &MasterKey([3; MASTER_LEN]));
        s.leg.receive_rtp(s.now(), PEER, &closed(&mut peer, &packet));
        assert_eq!(s.leg.quality().packets, before + 1);
    }
}

#[test]
fn without_its_ciphers_an_encrypted_leg_is_silent_and_deaf() {
    let (agreed, _) = secured(Suite::Tag80, 2);
    let mut s = Stage::new(setup(8_000), &agreed);
    s.leg = Leg::new(setup(8_000));
    s.leg.connect(s.now(), &agreed, &[]);
    s.leg.answered(s.now());
    s.talk(20);
    assert_eq!((s.sent(), s.leg.quality().packets), (None, 0));
}

/// Words of the embedded synthesizer with silence around them.
fn words(rate: u32) -> Vec<i16> {
    let out = std::process::Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "160", "-z", "--stdout", "--", "Yes, six o'clock suits us."])
        .output()
        .unwrap_or_else(|e| panic!("install the Debian package espeak-ng ({e})"));
    let pcm = out.stdout[44..].chunks_exact(2);
    let pcm: Vec<i16> = pcm.map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let mut resampler = SpeechResampler::new(22_050, rate);
    let mut samples = vec![0; rate as usize];
    resampler.push(&pcm, &mut samples);
    resampler.finish(&mut samples);
    samples.extend(vec![0; 2 * rate as usize]);
    samples
}

/// Share of the power above 4,000 Hz, of 16,000 samples a second.
fn high(samples: &[i16]) -> f64 {
    let mut narrow = vec![0; samples.len() / 2];
    Downsampler::default().process(samples, &mut narrow);
    let mut back = vec![0; samples.len()];
    Upsampler::default().process(&narrow, &mut back);
    let power = |s: &[i16]| s.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    1.0 - (power(&back) / power(samples)).min(1.0)
}

#[test]
fn a_voice_is_one_utterance_in_every_codec_and_a_recognizer_gets_all_of_its_band() {
    for codec in CodecId::ALL {
        let words = words(codec.sample_rate());
        let mut s = Stage::new(setup(16_000), &Negotiated::plain(PEER, *codec));
        s.hear(&words);
        let count = |what: fn(&Heard) -> bool| s.told.iter().filter(|e| what(&e.what)).count();
        let began = count(|w| matches!(w, Heard::SpeechStarted { .. }));
        let ended = count(|w| matches!(w, Heard::UtteranceEnded(_)));
        assert_eq!((began > 0, ended), (true, 1), "{codec:?}: {:?}", s.told);
        let share = high(&s.frames);
        println!("{codec:?}: {:.1} % above 4 kHz", 100.0 * share);
        assert_eq!(share > 0.02, codec.sample_rate() == 16_000, "{codec:?}: {share}");
    }
}
