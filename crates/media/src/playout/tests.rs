//! The ledger of what was played: order, exact positions, pauses, cuts, bounds and the reflex.

use super::*;

const LIST: PlaylistId = PlaylistId(1);

struct Stage {
    playout: Playout,
    tick: u64,
    /// Everything sent.
    sent: Vec<i16>,
}

impl Stage {
    fn new() -> Self {
        Self { playout: Playout::new(8_000), tick: 0, sent: Vec::new() }
    }

    /// Pushes `samples` samples of value 1,000 to an item.
    fn push(&mut self, item: u32, samples: usize) {
        self.playout.push(LIST, ItemId(item), vec![1_000; samples].into()).unwrap();
    }

    fn end(&mut self, item: u32) {
        assert!(self.playout.end_item(LIST, ItemId(item)));
    }

    fn ticks(&mut self, count: u64) -> Vec<String> {
        for _ in 0..count {
            let mut out = [7i16; 160];
            self.playout.fill(MediaTime::from_millis(self.tick * 20), &mut out);
            self.sent.extend(out);
            self.tick += 1;
        }
        self.events()
    }

    /// `item what@sample(offset in samples)`.
    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.playout.poll_event())
            .map(|e| {
                let samples = |t: MediaTime| t.as_samples(8_000);
                let what = match e.change {
                    PlayoutChange::Started => "started".to_string(),
                    PlayoutChange::Finished { total } => format!("finished {}", samples(total)),
                    PlayoutChange::Paused { offset } => format!("paused {}", samples(offset)),
                    PlayoutChange::Resumed { offset } => format!("resumed {}", samples(offset)),
                    PlayoutChange::Cut { offset, total } => {
                        format!("cut {} of {}", samples(offset), samples(total))
                    }
                    PlayoutChange::Skipped => "skipped".to_string(),
                    PlayoutChange::Starved { offset } => format!("starved {}", samples(offset)),
                    PlayoutChange::Lost { offset } => format!("lost from {}", samples(offset)),
                };
                format!("{} {what} @{}", e.item, samples(e.at))
            })
            .collect()
    }

    fn loud(&self) -> usize {
        self.sent.iter().filter(|s| **s == 1_000).count()
    }
}

#[test]
fn items_follow_each_other_within_a_tick_in_the_order_they_were_named() {
    let mut s = Stage::new();
    assert!(s.playout.queue(LIST, ItemId(1)));
    s.push(2, 100);
    s.end(2);
    s.push(1, 200);
    s.push(1, 10);
    s.end(1);
    assert_eq!(
        s.ticks(3),
        ["1 started @0", "1 finished 210 @210", "2 started @210", "2 finished 100 @310"]
    );
    assert_eq!(s.loud(), 310);
    assert!(s.sent[310..].iter().all(|v| *v == 0));
    assert!(s.playout.is_empty());
}

#[test]
fn an_item_of_whole_ticks_is_finished_in_the_tick_that_sends_its_end() {
    let mut s = Stage::new();
    s.push(1, 320);
    s.end(1);
    assert_eq!(s.ticks(1), ["1 started @0"]);
    assert_eq!(s.ticks(1), ["1 finished 320 @320"]);
}

#[test]
fn an_empty_item_starts_and_finishes_at_once() {
    let mut s = Stage::new();
    s.end(1);
    s.push(2, 160);
    s.end(2);
    assert_eq!(
        s.ticks(1),
        ["1 started @0", "1 finished 0 @0", "2 started @0", "2 finished 160 @160"]
    );
}

#[test]
fn missing_samples_starve_the_item_once_and_it_goes_on() {
    let mut s = Stage::new();
    s.push(1, 200);
    assert_eq!(s.ticks(4), ["1 started @0", "1 starved 200 @200"]);
    s.push(1, 160);
    assert_eq!(s.ticks(2), ["1 starved 360 @800"]);
    s.end(1);
    assert_eq!(s.ticks(1), ["1 finished 360 @960"]);
}

#[test]
fn a_pause_fades_for_five_milliseconds_and_resumes_at_the_same_sample() {
    let mut s = Stage::new();
    s.push(1, 800);
    s.end(1);
    s.ticks(1);
    s.playout.pause();
    assert!(!s.playout.is_paused());
    assert_eq!(s.ticks(3), ["1 paused 200 @200"]);
    assert!(s.playout.is_paused());
    assert!(s.sent[160..200].windows(2).all(|w| w[0] > w[1]));
    assert!(s.sent[200..].iter().all(|v| *v == 0));
    s.playout.resume();
    assert_eq!(s.events(), ["1 resumed 200 @640"]);
    assert_eq!(s.ticks(5), ["1 finished 800 @1240"]);
    assert!(s.sent[640..680].windows(2).all(|w| w[0] < w[1]));
    // The first sample of the fade out is still at full loudness.
    assert_eq!(s.loud(), 800 - 80 + 1);
}

#[test]
fn a_cut_tells_what_was_heard_and_what_was_there() {
    let mut s = Stage::new();
    s.push(1, 500);
    s.push(2, 100);
    s.ticks(2);
    s.playout.cut(LIST);
    assert_eq!(s.events(), ["1 cut 360 of 500 @360", "2 skipped @360"]);
    assert_eq!(s.ticks(1), Vec::<String>::new());
    assert!(s.sent[320..360].windows(2).all(|w| w[0] > w[1]));
    assert!(s.sent[360..].iter().all(|v| *v == 0));
    assert!(s.playout.is_empty());
}

#[test]
fn a_cut_while_paused_adds_nothing_and_ends_the_pause() {
    let mut s = Stage::new();
    s.push(1, 500);
    s.ticks(1);
    s.playout.pause();
    s.ticks(2);
    s.playout.cut(LIST);
    assert_eq!(s.events(), ["1 cut 200 of 500 @480"]);
    let other = PlaylistId(2);
    s.playout.push(other, ItemId(9), vec![1_000; 160].into()).unwrap();
    assert_eq!(s.ticks(1), ["9 started @480"]);
}

#[test]
fn a_cut_leaves_other_playlists_alone() {
    let mut s = Stage::new();
    s.push(1, 400);
    s.playout.push(PlaylistId(2), ItemId(7), vec![1_000; 160].into()).unwrap();
    s.playout.end_item(PlaylistId(2), ItemId(7));
    s.ticks(1);
    s.playout.cut(LIST);
    s.events();
    assert_eq!(s.ticks(2), ["7 started @200", "7 finished 160 @360"]);
}

#[test]
fn the_reflex_pauses_once_per_stretch_of_speech() {
    let mut s = Stage::new();
    s.push(1, 4_000);
    s.playout.set_on_speech(OnSpeech::Pause);
    let speak = |s: &mut Stage, ms: u64| {
        s.playout.heard(ms, false);
        s.ticks(1)
    };
    assert_eq!(speak(&mut s, 0), ["1 started @0"]);
    assert_eq!(speak(&mut s, 0), Vec::<String>::new());
    assert_eq!(speak(&mut s, 60), ["1 paused 360 @360"]);
    s.playout.resume();
    assert_eq!(speak(&mut s, 80), ["1 resumed 360 @480"]);
    assert_eq!(speak(&mut s, 100), Vec::<String>::new());
    speak(&mut s, 0);
    assert_eq!(speak(&mut s, 60), ["1 paused 880 @1000"]);
    s.playout.resume();
    s.playout.set_on_speech(OnSpeech::Ignore);
    s.events();
    assert_eq!(speak(&mut s, 500), Vec::<String>::new());
}

/// Plays 20 ms for each: how long there was speech, and whether there may be.
fn hear(s: &mut Stage, heard: &[(u64, bool)]) -> Vec<String> {
    let tick = |(ms, stirring): &(u64, bool)| {
        s.playout.heard(*ms, *stirring);
        s.ticks(1)
    };
    heard.iter().flat_map(tick).collect()
}

#[test]
fn what_may_be_speech_makes_it_pause_and_go_on_when_it_was_none() {
    let mut s = Stage::new();
    s.push(1, 4_000);
    s.end(1);
    s.playout.set_on_speech(OnSpeech::Pause);
    assert_eq!(hear(&mut s, &[(0, false), (0, true)]), ["1 started @0", "1 paused 200 @200"]);
    assert_eq!(hear(&mut s, &[(0, true), (0, false)]), ["1 resumed 200 @480"]);
    // A voice follows: the pause is over when control says so, and the same speech makes no other.
    assert_eq!(hear(&mut s, &[(0, true), (0, true)]), ["1 paused 400 @680"]);
    assert_eq!(hear(&mut s, &[(60, false), (80, false), (100, false)]), Vec::<String>::new());
    s.playout.resume();
    assert_eq!(hear(&mut s, &[(120, false), (140, false)]), ["1 resumed 400 @1440"]);
    let rest = hear(&mut s, &[(0, false); 40]);
    assert_eq!(rest.last().map(String::as_str), Some("1 finished 4000 @5040"));
}

#[test]
fn an_order_to_pause_outlasts_what_was_no_speech() {
    let mut s = Stage::new();
    s.push(1, 4_000);
    s.playout.set_on_speech(OnSpeech::Pause);
    hear(&mut s, &[(0, false), (0, true)]);
    s.playout.pause();
    assert_eq!(hear(&mut s, &[(0, true), (0, false), (0, false)]), Vec::<String>::new());
    assert!(s.playout.is_paused());
    s.playout.resume();
    hear(&mut s, &[(0, true)]);
    s.playout.cut(LIST);
    s.push(2, 320);
    assert_eq!(hear(&mut s, &[(0, false)]).last().map(String::as_str), Some("2 started @960"));
}

#[test]
fn the_reflex_does_not_hold_what_has_not_begun() {
    let mut s = Stage::new();
    s.playout.set_on_speech(OnSpeech::Pause);
    s.playout.heard(100, false);
    s.push(1, 320);
    assert_eq!(s.ticks(1), ["1 started @0"]);
}

#[test]
fn bounds_refuse_and_hand_the_chunk_back() {
    let chunk = || Chunk::from(vec![1i16; 3]);
    let mut p = Playout::new(8_000);
    for item in 0..MAX_ITEMS as u32 {
        p.push(LIST, ItemId(item), chunk()).unwrap();
    }
    let refused = p.push(LIST, ItemId(99), chunk());
    assert_eq!(refused, Err(PushRefused::TooManyItems(chunk())));
    assert!(!p.queue(LIST, ItemId(98)) && !p.end_item(LIST, ItemId(97)));
    p.end_item(LIST, ItemId(1));
    assert_eq!(p.push(LIST, ItemId(1), chunk()), Err(PushRefused::Ended(chunk())));
}

#[test]
fn four_seconds_wait_whatever_the_pieces_and_what_is_refused_ends_its_item() {
    for (rate, piece) in [(8_000, 160), (8_000, 32_000), (16_000, 320), (16_000, 7_777)] {
        let mut s = Stage { playout: Playout::new(rate), ..Stage::new() };
        let room = 4 * rate as usize;
        let whole = room / piece * piece;
        (0..room / piece).for_each(|_| s.push(1, piece));
        assert_eq!(s.playout.waiting(), whole as u64);
        s.push(1, room - whole);
        let more = || Chunk::from(vec![1_000; 1]);
        let refused = s.playout.push(LIST, ItemId(1), more());
        assert_eq!(refused, Err(PushRefused::TooMuch(more())), "{rate} {piece}");
        // Later audio would stand in the place of what is missing.
        s.ticks(20);
        assert_eq!(s.playout.push(LIST, ItemId(1), more()), Err(PushRefused::Ended(more())));
        s.ticks(room as u64 / 160);
        assert_eq!(s.loud(), room, "{rate} {piece}");
        assert_eq!(s.playout.waiting(), 0);
    }
    let mut s = Stage::new();
    s.push(1, 31_900);
    assert!(s.playout.push(LIST, ItemId(2), vec![1_000; 200].into()).is_err());
    let told = s.ticks(1);
    assert_eq!(told, ["2 lost from 0 @0", "1 started @0"]);
    s.end(1);
    s.ticks(199);
    assert_eq!(s.loud(), 31_900);
}

#[test]
fn what_was_cut_makes_room_when_it_is_taken_away() {
    let mut s = Stage::new();
    (0..200).for_each(|_| s.push(1, 160));
    s.playout.cut(LIST);
    assert_eq!(s.playout.waiting(), 0);
    assert_eq!(std::iter::from_fn(|| s.playout.take_used()).count(), 200);
    (0..200).for_each(|_| s.push(2, 160));
    assert_eq!(s.playout.waiting(), 32_000);
    s.ticks(1);
    assert_eq!(s.playout.waiting(), 31_840);
}

#[test]
fn every_sample_pushed_is_sent_once_whatever_the_chunks() {
    let mut s = Stage::new();
    let mut next = 1i16;
    for (item, sizes) in [(1, &[1, 159, 160, 161, 0, 7][..]), (2, &[320, 33]), (3, &[5])] {
        for size in sizes {
            let chunk: Vec<i16> = (0..*size).map(|n| next + n as i16).collect();
            next += *size as i16;
            s.playout.push(LIST, ItemId(item), chunk.into()).unwrap();
        }
        s.end(item);
    }
    s.ticks(10);
    let want: Vec<i16> = (1..next).collect();
    assert_eq!(s.sent[..want.len()], want[..]);
    assert_eq!(std::iter::from_fn(|| s.playout.take_used()).count(), 9);
}
