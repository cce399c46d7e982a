//! What the floor asks for and what it says was heard.

use super::*;

fn speaks(floor: &mut Floor) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(o) = floor.poll() {
        if let FloorOutput::Speak { text, .. } = o {
            all.push(text);
        }
    }
    all
}

fn over(floor: &mut Floor) -> Option<Spoken> {
    let mut found = None;
    while let Some(o) = floor.poll() {
        if let FloorOutput::Over(s) = o {
            found = Some(s);
        }
    }
    found
}

const T: fn(u64) -> MediaTime = MediaTime::from_millis;

#[test]
fn lines_are_made_one_after_the_other_and_only_a_little_ahead() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Pause).unwrap();
    for text in ["一。", "二。", "三。", "四。"] {
        f.add(p, text, SpeechClass::Content);
    }
    assert_eq!(speaks(&mut f), ["一。"]);
    f.made_all(ItemId(1));
    assert_eq!(speaks(&mut f), ["二。"]);
    f.made_all(ItemId(2));
    assert!(speaks(&mut f).is_empty(), "two lines wait already");
    f.playback(p, ItemId(1), Playback::Started, T(0));
    f.playback(p, ItemId(1), Playback::Finished { sent: 0 }, T(500));
    assert_eq!(speaks(&mut f), ["三。"]);
}

#[test]
fn a_cut_keeps_only_what_was_heard() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Pause).unwrap();
    f.add(p, "first one.", SpeechClass::Content);
    f.add(p, "second one.", SpeechClass::Content);
    f.close(p);
    f.made(ItemId(1), 8_000, Some(10));
    f.made_all(ItemId(1));
    f.made(ItemId(2), 8_000, Some(11));
    f.playback(p, ItemId(1), Playback::Started, T(100));
    f.playback(p, ItemId(1), Playback::Finished { sent: 8_000 }, T(1_100));
    f.playback(p, ItemId(2), Playback::Started, T(1_100));
    f.cut_all();
    f.playback(p, ItemId(2), Playback::Cut { offset: 5_200 }, T(1_750));
    let s = over(&mut f).unwrap();
    assert_eq!((s.heard.as_str(), s.cut), ("first one. second", true));
    assert_eq!(s.meant, "first one. second one.");
    assert_eq!(s.span, Some((T(100), T(1_750))));
    assert!(!f.is_busy());
}

#[test]
fn a_held_floor_says_nothing_until_released() {
    let mut f = Floor::default();
    f.hold();
    assert_eq!(f.poll(), Some(FloorOutput::Pause));
    let p = f.open(OnSpeech::Ignore).unwrap();
    f.add(p, "你好", SpeechClass::Opening);
    f.close(p);
    assert_eq!(speaks(&mut f), ["你好"], "it is made while held");
    f.release();
    assert_eq!(f.poll(), Some(FloorOutput::Resume));
}

#[test]
fn a_line_that_cannot_be_spoken_does_not_block_the_rest() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Pause).unwrap();
    f.add(p, "a", SpeechClass::Content);
    f.add(p, "b", SpeechClass::Content);
    f.close(p);
    f.unspeakable(ItemId(1));
    assert_eq!(speaks(&mut f), ["a", "b"]);
    f.unspeakable(ItemId(2));
    assert_eq!(over(&mut f).unwrap().heard, "");
}

#[test]
fn the_fifth_waiting_playlist_is_refused() {
    let mut f = Floor::default();
    for _ in 0..=MAX_PENDING {
        assert!(f.open(OnSpeech::Pause).is_some());
    }
    assert!(f.open(OnSpeech::Pause).is_none());
}

#[test]
fn a_cut_that_comes_after_the_last_sample_still_ends_the_playlist() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Pause).unwrap();
    f.add(p, "all of it.", SpeechClass::Content);
    f.close(p);
    f.made(ItemId(1), 8_000, Some(10));
    f.made_all(ItemId(1));
    f.playback(p, ItemId(1), Playback::Started, T(100));
    f.cut_all();
    // The lane had finished before it was told.
    f.playback(p, ItemId(1), Playback::Finished { sent: 8_000 }, T(1_100));
    let s = over(&mut f).unwrap();
    assert_eq!((s.heard.as_str(), s.span), ("all of it.", Some((T(100), T(1_100)))));
    assert!(!f.is_busy());
}

#[test]
fn what_was_lost_on_the_way_is_not_written() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Pause).unwrap();
    f.add(p, "all of it, and more.", SpeechClass::Content);
    f.add(p, "the next.", SpeechClass::Content);
    f.close(p);
    f.made(ItemId(1), 4_000, Some(10));
    f.made(ItemId(1), 4_000, Some(20));
    f.made_all(ItemId(1));
    f.made(ItemId(2), 800, Some(9));
    f.made_all(ItemId(2));
    f.playback(p, ItemId(1), Playback::Started, T(100));
    f.lost(ItemId(1));
    f.playback(p, ItemId(1), Playback::Finished { sent: 4_000 }, T(600));
    assert_eq!(f.lines_heard(p), 0, "nobody may think that it was heard whole");
    f.playback(p, ItemId(2), Playback::Started, T(600));
    f.playback(p, ItemId(2), Playback::Finished { sent: 800 }, T(700));
    let s = over(&mut f).unwrap();
    assert_eq!(s.heard, "all of it, the next.");
}

#[test]
fn a_floor_that_is_held_stays_so_though_the_lane_stands_still_by_itself() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Pause).unwrap();
    f.add(p, "a", SpeechClass::Content);
    f.playback(p, ItemId(1), Playback::Started, T(0));
    f.playback(p, ItemId(1), Playback::Paused, T(100));
    while f.poll().is_some() {}
    f.hold();
    assert_eq!(f.poll(), Some(FloorOutput::Pause), "else a door that was none lets it go on");
}

#[test]
fn the_end_of_a_line_that_is_left_out_is_no_beginning() {
    let mut f = Floor::default();
    let p = f.open(OnSpeech::Ignore).unwrap();
    f.add(p, "mute.", SpeechClass::Opening);
    f.add(p, "heard.", SpeechClass::Opening);
    f.unspeakable(ItemId(1));
    f.playback(p, ItemId(1), Playback::Started, T(0));
    assert!(!f.is_begun(p));
    f.playback(p, ItemId(1), Playback::Finished { sent: 0 }, T(0));
    f.playback(p, ItemId(2), Playback::Started, T(0));
    assert!(f.is_begun(p));
}
