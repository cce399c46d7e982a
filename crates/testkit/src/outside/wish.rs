//! What a service outside wants, and how it says so: a letter and two digits.

use crate::chance::Chance;

/// One order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// So many lines, in place of what is being said or after it.
    Play { lines: u8, instead: bool },
    /// What is being said shall cease.
    Cut,
    /// It shall stand still.
    Pause,
    /// It shall go on.
    Resume,
    /// Collect so many keys.
    Collect(u8),
    /// Say so many lines, then hang up.
    HangUp(u8),
    /// Ask again after another silence, in tenths of a second.
    Mute(u8),
    /// Nothing.
    Nothing,
}

/// Any wish.
pub(super) fn draw(chance: &mut Chance) -> Wish {
    let lines = chance.within(1, 3) as u8;
    match chance.below(16) {
        0..=3 => Wish::Play { lines, instead: true },
        4..=6 => Wish::Play { lines, instead: false },
        7 => Wish::Cut,
        8 | 9 => Wish::Pause,
        10 | 11 => Wish::Resume,
        12 => Wish::Collect(chance.within(1, 6) as u8),
        13 => Wish::HangUp(chance.below(3) as u8),
        14 => Wish::Mute(chance.within(10, 60) as u8),
        _ => Wish::Nothing,
    }
}

impl Wish {
    pub(super) fn encode(self) -> Vec<u8> {
        let (letter, n) = match self {
            Wish::Play { lines, instead: true } => ('P', lines),
            Wish::Play { lines, instead: false } => ('A', lines),
            Wish::Cut => ('C', 0),
            Wish::Pause => ('S', 0),
            Wish::Resume => ('R', 0),
            Wish::Collect(keys) => ('K', keys),
            Wish::HangUp(lines) => ('H', lines),
            Wish::Mute(tenths) => ('M', tenths),
            Wish::Nothing => ('N', 0),
        };
        format!("{letter}{n:02}").into_bytes()
    }

    /// `None` for what is no wish.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (letter, digits) = std::str::from_utf8(bytes).ok()?.split_at_checked(1)?;
        let n: u8 = digits.parse().ok().filter(|_| digits.len() == 2)?;
        Some(match letter {
            "P" => Wish::Play { lines: n, instead: true },
            "A" => Wish::Play { lines: n, instead: false },
            "C" => Wish::Cut,
            "S" => Wish::Pause,
            "R" => Wish::Resume,
            "K" => Wish::Collect(n),
            "H" => Wish::HangUp(n),
            "M" => Wish::Mute(n),
            "N" => Wish::Nothing,
            _ => return None,
        })
    }
}
