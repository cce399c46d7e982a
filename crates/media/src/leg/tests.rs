//! Whole legs: two of them talk to each other, and strangers try to join.

mod sources;

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::{ItemId, PlaylistId, TurnSettings};

use super::*;
use crate::codec::CodecId;
use crate::dtmf::Key;
use crate::playout::{Chunk, MAX_WAITING_MS, OnSpeech, PlayoutChange};
use crate::rtp::RtpHeader;
use crate::sdp::{Direction, LocalMedia};
use crate::testing::{espeak, noise, sine, vowel};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const LIST: PlaylistId = PlaylistId(1);

fn agreed() -> Negotiated {
    Negotiated::plain(SocketAddr::new(PEER, 4_000), CodecId::Pcma)
}

/// A leg, its peer's packets, and all it told.
struct Stage {
    leg: Leg,
    tick: Box<Tick>,
    now_ms: u64,
    seq: u16,
    told: Vec<LegEvent>,
    frames: Vec<domain::Frame>,
    blocks: Vec<StereoBlock>,
    /// What is to be played and has no room yet: the item, and its samples.
    rest: Option<(ItemId, Chunk)>,
}

impl Stage {
    fn new() -> Self {
        let setup = LegSetup { record: true, ..LegSetup::new(LegId::CALLEE, 7, 10, 1_000) };
        let mut leg = Leg::new(setup);
        leg.connect(Now::from_millis(0), &agreed(), &[]);
        Self {
            leg,
            tick: Box::default(),
            now_ms: 0,
            seq: 0,
            told: vec![],
            frames: vec![],
            blocks: vec![],
            rest: None,
        }
    }

    fn answered() -> Self {
        let mut stage = Self::new();
        stage.leg.answered(Now::from_millis(0));
        stage
    }

    fn now(&self) -> Now {
        Now::from_millis(self.now_ms)
    }

    fn packet(&self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let timestamp = u32::from(self.seq) * 160;
        let header = RtpHeader { marker: false, payload_type, seq: self.seq, timestamp, ssrc: 5 };
        let mut out = [0; 400];
        let len = header.write(payload, &mut out).unwrap();
        out[..len].to_vec()
    }

    /// One tick; the peer sends `audio` in it.
    fn step(&mut self, audio: Option<&[i16]>) {
        if let Some(audio) = audio {
            let mut bytes = [0; 160];
            crate::codec::Codec::new(CodecId::Pcma).encode(audio, &mut bytes);
            let packet = self.packet(8, &bytes);
            self.leg.receive_rtp(self.now(), agreed().remote, &packet);
        }
        self.seq = self.seq.wrapping_add(1);
        self.feed();
        self.leg.tick(self.now(), &mut self.tick);
        while self.leg.take_used().is_some() {}
        self.told.extend(std::iter::from_fn(|| self.leg.poll_event()));
        self.frames.extend(self.tick.frames());
        self.blocks.extend(self.tick.stereo);
        self.now_ms += 20;
    }

    fn hear(&mut self, samples: &[i16]) {
        for part in samples.chunks_exact(160) {
            self.step(Some(part));
        }
    }

    fn silence(&mut self, ms: usize) {
        self.hear(&vec![0; ms * 8]);
    }

    fn play(&mut self, item: u32, samples: Vec<i16>) {
        self.rest = Some((ItemId(item), samples.into()));
        self.feed();
    }

    /// Gives what has room, as whoever feeds a leg does.
    fn feed(&mut self) {
        let Some((item, chunk)) = self.rest.take() else { return };
        let (playlist, now) = (LIST, self.now());
        let room = (MAX_WAITING_MS * 8 - self.leg.waiting()) as usize;
        let (chunk, rest) = (chunk.part(0..room), chunk.part(room..chunk.len()));
        if !chunk.is_empty() {
            self.leg.command(now, LegCommand::Play { playlist, item, chunk }).unwrap();
        }
        if rest.is_empty() {
            self.leg.command(now, LegCommand::EndItem { playlist, item }).unwrap();
        } else {
            self.rest = Some((item, rest));
        }
    }

    fn whats(&self) -> Vec<Heard> {
        self.told.iter().map(|e| e.what).collect()
    }
}

fn speech() -> Vec<i16> {
    espeak("en-us", "Hello, good morning.")
        .unwrap_or_else(|| vowel(120.0, [700.0, 1_200.0, 2_500.0], 8_000))
}

#[test]
fn an_utterance_brings_its_events_and_its_frames_with_prefix() {
    let mut s = Stage::answered();
    s.silence(1_000);
    let begin = s.leg.media_time();
    let said = speech();
    s.hear(&said);
    s.silence(1_500);
    let mut ends = s.told.iter().filter_map(|e| match e.what {
        Heard::UtteranceEnded(end) => Some(end),
        _ => None,
    });
    let end = ends.next().unwrap();
    assert_eq!(ends.next(), None);
    // The jitter buffer delays by its first target.
    let begin_ms = begin.as_millis() + 40;
    assert!(end.start.as_millis().abs_diff(begin_ms) <= 80, "{end:?} {begin_ms}");
    let end_ms = begin_ms + said.len() as u64 / 8;
    assert!(end.end.as_millis().abs_diff(end_ms) <= 160, "{end:?} {end_ms}");
    let waited = end.closed.since(end.end).as_millis();
    assert!((700..=1_100).contains(&waited), "{end:?}");
    assert!(!end.forced);

    let first = s.frames.first().unwrap().at;
    assert_eq!(first, end.start.since(MediaTime::from_millis(300)));
    let last = s.frames.last().unwrap().at;
    assert_eq!(last + MediaTime::from_millis(20), end.closed);
    for pair in s.frames.windows(2) {
        assert_eq!(pair[1].at, pair[0].at + MediaTime::from_millis(20));
    }
    assert!(matches!(s.whats()[0], Heard::FirstPacket { .. }));
    assert!(s.told.iter().any(|e| matches!(e.what, Heard::SpeechStarted { .. })));
    assert!(s.told.iter().any(|e| matches!(e.what, Heard::SpeechStopped { .. })));
    assert!(s.told.iter().all(|e| !e.early && e.leg == LegId::CALLEE));
}

#[test]
fn a_pause_inside_a_sentence_does_not_end_it() {
    let mut s = Stage::answered();
    s.silence(400);
    s.hear(&speech());
    s.silence(560);
    s.hear(&speech());
    s.silence(1_500);
    let ends = s.whats().iter().filter(|w| matches!(w, Heard::UtteranceEnded(_))).count();
    assert_eq!(ends, 1);
}

#[test]
fn noise_and_tones_make_no_utterance() {
    let mut s = Stage::answered();
    s.hear(&noise(5, 1_500, 40_000));
    s.hear(&sine(450.0, 8_000, 6_000.0, 8_000));
    s.silence(4_000);
    s.hear(&sine(1_000.0, 8_000, 6_000.0, 4_000));
    s.silence(500);
    assert!(!s.whats().iter().any(|w| matches!(w, Heard::SpeechStarted { .. })), "{:?}", s.told);
    let tones: Vec<u32> = s
        .told
        .iter()
        .filter_map(|e| match e.what {
            Heard::Tone(tone) => Some(tone.hz),
            _ => None,
        })
        .collect();
    assert!(matches!(tones[..], [448..=452, 995..=1_005]), "{tones:?}");
}

#[test]
fn media_before_the_answer_is_early_and_time_begins_at_the_answer() {
    let mut s = Stage::new();
    s.silence(400);
    s.hear(&speech());
    assert!(s.blocks.is_empty());
    let now = s.now();
    s.leg.answered(now);
    assert_eq!(s.leg.media_time(), MediaTime::ZERO);
    s.silence(100);
    assert!(s.told.iter().any(|e| e.early && matches!(e.what, Heard::SpeechStarted { .. })));
    let closed = s.told.iter().find(|e| matches!(e.what, Heard::UtteranceEnded(_))).unwrap();
    assert!(closed.early);
    let indices: Vec<u64> = s.blocks.iter().map(|b| b.index).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
}

#[test]
fn what_was_sent_before_the_answer_is_not_heard_after_it() {
    let mut s = Stage::new();
    s.silence(400);
    s.hear(&speech()[..6_400]);
    assert!(s.told.iter().any(|e| matches!(e.what, Heard::SpeechStarted { .. })));
    let now = s.now();
    s.leg.answered(now);
    s.silence(200);
    assert!(s.frames.is_empty(), "frames for the recognizer: {}", s.frames.len());
    let loudest = s.blocks.iter().flat_map(|b| b.left).map(|v| i32::from(v).abs()).max();
    assert!(loudest < Some(100), "{loudest:?}");
    s.hear(&speech());
    s.silence(1_000);
    assert!(s.told.iter().any(|e| !e.early && matches!(e.what, Heard::UtteranceEnded(_))));
    assert!(!s.frames.is_empty());
}

#[test]
fn what_comes_before_the_peer_is_known_is_nobodys() {
    let s = Stage::new();
    let now = s.now();
    let mut leg = Leg::new(LegSetup::new(LegId::CALLEE, 1, 1, 1));
    let packet = s.packet(8, &[0xd5; 160]);
    leg.receive_rtp(now, agreed().remote, &packet);
    leg.receive_rtcp(now, agreed().remote_rtcp, &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    assert_eq!((leg.quality().early, leg.quality().strangers, leg.quality().packets), (2, 0, 0));
    leg.connect(now, &agreed(), &[]);
    leg.receive_rtp(now, agreed().remote, &packet);
    leg.receive_rtp(now, agreed().remote, &[1, 2, 3]);
    assert_eq!((leg.quality().early, leg.quality().strangers, leg.quality().packets), (2, 1, 1));
}

#[test]
fn packets_go_out_every_tick_with_timestamps_that_never_stop() {
    let mut s = Stage::answered();
    let mut headers = Vec::new();
    for n in 0..12 {
        if n == 3 {
            s.play(1, vec![4_000; 320]);
        }
        let direction = if (7..9).contains(&n) { Direction::RecvOnly } else { Direction::SendRecv };
        let now = s.now();
        s.leg.connect(now, &Negotiated { direction, ..agreed() }, &[]);
        s.step(None);
        let header = |(_, bytes): (SocketAddr, &[u8])| RtpPacket::parse(bytes).unwrap().header;
        headers.push(s.tick.rtp.get().map(header));
    }
    let sent: Vec<usize> = (0..12).filter(|n| headers[*n].is_some()).collect();
    assert_eq!(sent, [0, 1, 2, 3, 4, 5, 6, 9, 10, 11]);
    for (count, n) in sent.iter().enumerate() {
        let header = headers[*n].unwrap();
        assert_eq!((header.ssrc, header.seq), (7, 10 + count as u16));
        assert_eq!(header.timestamp, 1_000 + 160 * *n as u32);
        assert_eq!(header.marker, [0, 3].contains(n), "{n}");
    }
}

/// What we were doing when, while this was heard one second into our speech: ms since its first
/// sample, and whether we paused.
fn reflexes(heard: &[i16]) -> (Stage, Vec<(i64, bool)>) {
    let mut s = Stage::answered();
    s.leg.command(s.now(), LegCommand::SetOnSpeech(OnSpeech::Pause)).unwrap();
    s.play(1, vec![3_000; 40_000]);
    s.hear(&noise(3, 20, 8_000));
    let first = s.leg.media_time().as_millis() as i64;
    s.hear(heard);
    let told = s.told.iter().filter_map(|e| match e.what {
        Heard::Playout(p) => match p.change {
            PlayoutChange::Paused { .. } => Some((p.at.as_millis() as i64 - first, true)),
            PlayoutChange::Resumed { .. } => Some((p.at.as_millis() as i64 - first, false)),
            _ => None,
        },
        _ => None,
    });
    let told = told.collect();
    (s, told)
}

#[test]
fn the_reflex_stops_playout_at_the_first_sound_voiced_or_not() {
    let onsets = [
        ("cmn", "请问是关于什么的？"),
        ("cmn+f3", "找我干嘛呀？"),
        ("cmn", "什么事？"),
        ("cmn+m3", "喂"),
        ("en", "Sorry, who is this?"),
        ("en", "hello"),
    ];
    for (voice, words) in onsets {
        let Some(speech) = espeak(voice, words) else { return };
        let first = speech.iter().position(|s| s.unsigned_abs() > 200).unwrap();
        let (_, told) = reflexes(&speech[first..]);
        // What waits in the jitter buffer comes first.
        let at = told.first().copied();
        assert!(at.is_some_and(|(ms, paused)| paused && ms <= 110), "{words}: {told:?}");
    }
}

#[test]
fn a_door_makes_us_hold_our_breath_and_no_more() {
    let door = [noise(5, 9_000, 800), noise(6, 20, 8_000)].concat();
    let (s, told) = reflexes(&door);
    let [(paused, true), (resumed, false)] = told[..] else { panic!("{told:?}") };
    assert!(paused <= 110 && resumed - paused <= 300, "{told:?}");
    assert!(!s.told.iter().any(|e| matches!(e.what, Heard::SpeechStarted { .. })));
}

#[test]
fn noise_that_comes_back_with_the_packets_is_no_rise() {
    let hiss = || noise(8, 1_500, 16_000);
    let paused = |s: &Stage| {
        let paused = |change| matches!(change, PlayoutChange::Paused { .. });
        let pauses = |e: &&LegEvent| matches!(e.what, Heard::Playout(p) if paused(p.change));
        s.told.iter().filter(pauses).count()
    };
    let begin = || {
        let mut s = Stage::answered();
        s.leg.command(s.now(), LegCommand::SetOnSpeech(OnSpeech::Pause)).unwrap();
        s.play(1, vec![3_000; 80_000]);
        s
    };
    // The first packets come after our first words.
    let mut s = begin();
    (0..15).for_each(|_| s.step(None));
    s.hear(&hiss());
    assert_eq!(paused(&s), 0, "late");
    // The callee's gateway sends nothing for a while.
    (0..30).for_each(|_| s.step(None));
    s.hear(&hiss());
    assert_eq!(paused(&s), 0, "a gap");
    // A tone is as little a floor as nothing is.
    s.hear(&sine(1_000.0, 8_000, 6_000.0, 4_000));
    s.hear(&hiss());
    assert_eq!(paused(&s), 0, "a tone");
    // We are held, and come back.
    let hold = |s: &mut Stage, direction| {
        s.leg.connect(s.now(), &Negotiated { direction, ..agreed() }, &[]);
    };
    hold(&mut s, Direction::RecvOnly);
    s.hear(&hiss());
    hold(&mut s, Direction::SendRecv);
    s.hear(&hiss());
    assert_eq!(paused(&s), 0, "a hold");
}

#[test]
fn two_legs_exchange_keys_audio_and_reports() {
    let mut near = Leg::new(LegSetup::new(LegId::CALLEE, 1, 0, 0));
    let mut far = Leg::new(LegSetup::new(LegId(1), 2, 9, 9));
    let addr = |last, port| SocketAddr::from(([10, 0, 0, last], port));
    let local = LocalMedia::new(addr(1, 0).ip(), 1_000, 5);
    let remote = LocalMedia::new(addr(2, 0).ip(), 2_000, 6);
    let (answer, far_agreed) = remote.answer(local.offer().as_bytes()).unwrap();
    near.connect(Now::default(), &local.accept(answer.as_bytes()).unwrap(), &[]);
    far.connect(Now::default(), &far_agreed, &[]);
    near.answered(Now::default());
    far.answered(Now::default());
    near.command(Now::default(), LegCommand::SendKeys(Keys::parse("12#").unwrap())).unwrap();
    let chunk = sine(800.0, 8_000, 5_000.0, 8_000).into();
    let (playlist, item) = (LIST, ItemId(1));
    far.command(Now::default(), LegCommand::Play { playlist, item, chunk }).unwrap();
    let (mut tick, mut keys, mut tones, mut sent) = (Box::<Tick>::default(), String::new(), 0, 0);
    for n in 0..600 {
        // Half a tick each way: the round trip is 20 ms.
        let (now, later) = (Now::from_millis(n * 20), Now::from_millis(n * 20 + 10));
        near.tick(now, &mut tick);
        if let Some((_, bytes)) = tick.rtp.get() {
            far.receive_rtp(later, addr(1, 1_000), bytes);
        }
        if let Some((_, bytes)) = tick.rtcp.get() {
            far.receive_rtcp(later, addr(1, 1_001), bytes);
        }
        far.tick(later, &mut tick);
        let now = Now::from_millis(n * 20 + 20);
        if let Some((_, bytes)) = tick.rtp.get() {
            near.receive_rtp(now, addr(2, 2_000), bytes);
        }
        if let Some((_, bytes)) = tick.rtcp.get() {
            near.receive_rtcp(now, addr(2, 2_001), bytes);
        }
        for event in std::iter::from_fn(|| far.poll_event()) {
            if let Heard::Key(key) = event.what {
                keys.push(Key::as_char(key));
            }
        }
        for event in std::iter::from_fn(|| near.poll_event()) {
            tones += u32::from(matches!(event.what, Heard::Tone(t) if t.hz.abs_diff(800) < 5));
            sent += u32::from(matches!(event.what, Heard::KeysSent));
        }
    }
    assert_eq!((keys.as_str(), tones, sent), ("12#", 1, 1));
    for (leg, packets) in [(&near, 600), (&far, 600)] {
        let quality = leg.quality();
        assert_eq!((quality.packets, quality.lost, quality.strangers), (packets, 0, 0));
        assert_eq!(quality.jitter_ms, 0);
        assert!(quality.round_trip_ms.is_some_and(|ms| ms <= 21), "{quality:?}");
        assert_eq!(leg.counts().jitter.late + leg.counts().events_lost, 0);
    }
    near.goodbye(Now::from_millis(12_000), &mut tick);
    far.receive_rtcp(Now::from_millis(12_010), addr(1, 1_001), tick.rtcp.get().unwrap().1);
    assert_eq!(far.poll_event().map(|e| e.what), Some(Heard::PeerLeft));
}

#[test]
fn what_is_being_said_when_the_leg_ends_is_closed() {
    for said in [true, false] {
        let mut s = Stage::answered();
        s.silence(400);
        if said {
            s.hear(&speech());
        }
        s.leg.goodbye(s.now(), &mut s.tick);
        let closed = s.now_ms;
        let last = s.leg.poll_event().map(|e| e.what);
        match last {
            Some(Heard::UtteranceEnded(u)) => {
                assert!(said && u.start < u.end && u.end <= u.closed, "{u:?}");
                assert_eq!(u.closed.as_millis(), closed);
            }
            other => assert!(!said && other.is_none(), "{other:?}"),
        }
    }
}

#[test]
fn a_dead_stream_is_told_once_and_not_while_held() {
    let setup =
        LegSetup { media_timeout: Duration::from_secs(2), ..LegSetup::new(LegId::CALLEE, 7, 0, 0) };
    let mut s = Stage { leg: Leg::new(setup), ..Stage::new() };
    s.leg.connect(Now::default(), &agreed(), &[]);
    for _ in 0..200 {
        s.step(None);
    }
    assert!(s.told.is_empty(), "unanswered calls are the ring limit's: {:?}", s.told);
    let now = s.now();
    s.leg.answered(now);
    s.silence(500);
    let held = Negotiated { direction: Direction::Inactive, ..agreed() };
    let now = s.now();
    s.leg.connect(now, &held, &[]);
    for _ in 0..200 {
        s.step(None);
    }
    let now = s.now();
    s.leg.connect(now, &agreed(), &[]);
    for _ in 0..300 {
        s.step(None);
    }
    let dead: Vec<Heard> =
        s.whats().into_iter().filter(|w| matches!(w, Heard::Dead { .. })).collect();
    assert_eq!(dead, [Heard::Dead { last_media: MediaTime::from_millis(480) }]);
}

#[test]
fn commands_that_cannot_be_done_say_so() {
    let mut s = Stage::answered();
    let none = Negotiated { dtmf_payload_type: None, ..agreed() };
    let now = s.now();
    let keys = LegCommand::SendKeys(Keys::parse("1").unwrap());
    s.leg.connect(now, &none, &[]);
    assert_eq!(s.leg.command(now, keys.clone()), Err(LegError::NoKeys));
    s.leg.connect(now, &agreed(), &[]);
    assert_eq!(s.leg.command(now, keys.clone()), Ok(()));
    let many = LegCommand::SendKeys(Keys::parse(&"5".repeat(32)).unwrap());
    assert_eq!(s.leg.command(now, many), Err(LegError::TooManyKeys));
    for bad in ["", "12x", &"1".repeat(33)] {
        assert_eq!(Keys::parse(bad), None);
    }
    for n in 0..16 {
        s.play(n, vec![1; 8]);
    }
    let chunk: Chunk = vec![2; 8].into();
    let more = LegCommand::Play { playlist: LIST, item: ItemId(99), chunk: chunk.clone() };
    let refused = s.leg.command(now, more).unwrap_err();
    assert_eq!(refused.into_chunk(), Some(chunk));
}

#[test]
fn another_codec_of_the_peer_is_understood_and_told() {
    let mut s = Stage::answered();
    let packet = s.packet(0, &[0xff; 160]);
    s.leg.receive_rtp(s.now(), agreed().remote, &packet);
    let unknown = s.packet(97, &[1; 20]);
    s.leg.receive_rtp(s.now(), agreed().remote, &unknown);
    s.step(None);
    assert!(s.whats().contains(&Heard::CodecChanged { codec: CodecId::Pcmu }));
    assert_eq!(s.leg.counts().unknown, 1);
}

#[test]
fn settings_change_in_mid_call() {
    let mut s = Stage::answered();
    let turn = TurnSettings { pause_ms: 300, hold_off_ms: 0, ..TurnSettings::default() };
    let now = s.now();
    s.leg.command(now, LegCommand::SetEndpointing(turn)).unwrap();
    s.silence(200);
    s.hear(&speech());
    s.silence(600);
    let waited = s.whats().iter().find_map(|w| match w {
        Heard::UtteranceEnded(end) => Some(end.closed.since(end.end).as_millis()),
        _ => None,
    });
    assert_eq!(waited, Some(300));
}

#[test]
fn replies_are_bounded_closely_on_clean_and_noisy_lines() {
    let table = [
        ("cmn-latn-pinyin", "喂，你好"),
        ("cmn-latn-pinyin+f2", "是我"),
        ("cmn-latn-pinyin+f3", "你打错了"),
        ("cmn-latn-pinyin", "不要再打了"),
        ("cmn-latn-pinyin", "他不在，我是他家人"),
        ("en-us", "Yes"),
        ("en-us+f3", "Yes, speaking."),
        ("en-us", "No, you have the wrong number."),
    ];
    for (voice, text) in table {
        let Some(said) = espeak(voice, text) else {
            return;
        };
        let audible = |s: &i16| s.unsigned_abs() > 300;
        let first = said.iter().position(audible).unwrap() as u64 / 8;
        let last = said.iter().rposition(audible).unwrap() as u64 / 8;
        for snr in [None, Some(10.0f64)] {
            let mut line = vec![0; 16_000];
            line.extend(&said);
            line.resize(line.len() + 12_000, 0);
            if let Some(snr) = snr {
                let level = f64::from(crate::vad::rms(&said)) / 10f64.powf(snr / 20.0);
                let hiss = noise(7, (level * 3f64.sqrt()) as i32, line.len());
                line.iter_mut().zip(hiss).for_each(|(s, n)| *s = s.saturating_add(n));
            }
            let mut s = Stage::answered();
            s.hear(&line);
            let end = s.whats().iter().find_map(|w| match w {
                Heard::UtteranceEnded(end) => Some(*end),
                _ => None,
            });
            let end = end.unwrap_or_else(|| panic!("{text} {snr:?}"));
            // Two seconds of line and the first target of the jitter buffer come before.
            let (from, to) = (end.start.as_millis(), end.end.as_millis());
            assert!(from.abs_diff(2_040 + first) <= 140, "{text} {snr:?} {from} {first}");
            assert!(to.abs_diff(2_040 + last) <= 100, "{text} {snr:?} {to} {last}");
        }
    }
}
