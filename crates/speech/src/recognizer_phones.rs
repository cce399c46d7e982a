//! How well each phone of a phrase fits, beside what a free loop of phones makes of its time.
//!
//! Over a whole phrase a bad part hides behind good ones: “next week” sounds as “yes” does, and
//! nothing in it is “please”. So the phones of the chosen phrase are laid over the audio one by
//! one, and the worst stretch is looked at.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::Model;
use crate::sphinx::{Sphinx, SphinxError};
use crate::sphinx_decoder::{ALL_STATES, Decoder, Hypothesis, PAUSE, Piece};

/// What a look at single phones tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// How much better the free loop scores per frame over the worst phone.
    pub worst: f32,
    /// The same over the worst three phones in a row, or over all if there are fewer.
    pub stretch: f32,
    /// How much better any state of any phone scores per frame, all phones together.
    pub plain: f32,
    /// The same over the worst phone.
    pub plain_worst: f32,
    /// Share of the phones that got hardly more time than a phone can take.
    pub hurried: f32,
    /// How uneven the lengths of the phones are: standard deviation of their logarithms.
    pub uneven: f32,
    /// Share of the time between the first phone and the last that went to pauses.
    pub paused: f32,
}

/// A decoder for one known sequence of phones.
pub struct Aligner {
    decoder: Decoder,
}

impl Aligner {
    /// An aligner for these phones.
    pub fn new(
        library: &Arc<Sphinx>,
        model: &Model,
        phones: &BTreeSet<&str>,
    ) -> Result<Self, SphinxError> {
        let lines = phones.iter().map(|phone| format!("{phone} {phone}\n"));
        let dictionary: String = lines.chain([format!("{PAUSE} SIL\n")]).collect();
        Ok(Self { decoder: Decoder::of_words_with(library, model, &dictionary, &OPTIONS)? })
    }

    /// Lays words over the audio and compares with what the free loop made of it; `None` if they
    /// do not fit into it at all.
    pub fn fit(
        &mut self,
        samples: &[i16],
        words: &[Vec<&str>],
        free: &Hypothesis,
    ) -> Result<Option<Fit>, SphinxError> {
        let words: Vec<String> = words.iter().map(|phones| phones.join(" ")).collect();
        let all = words.join(&format!(" [{PAUSE}] "));
        let jsgf =
            format!("#JSGF V1.0;\ngrammar {NAME};\npublic <{NAME}> = [{PAUSE}] {all} [{PAUSE}];\n");
        self.decoder.add_grammar(NAME, &jsgf)?;
        self.decoder.use_grammar(NAME)?;
        Ok(self.decoder.decode(samples)?.map(|said| compare(&said.pieces, &free.pieces)))
    }
}

fn compare(said: &[Piece], free: &[Piece]) -> Fit {
    let phones: Vec<&Piece> = said.iter().filter(|piece| !piece.filler).collect();
    let (Some(first), Some(last)) = (phones.first(), phones.last()) else {
        return Fit::default();
    };
    let best = frame_by_frame(free);
    let over = |piece: &Piece| -> f32 {
        let from = (piece.first as usize).min(best.len());
        let to = (piece.end() as usize).min(best.len());
        best[from..to].iter().sum::<f32>() - piece.score as f32
    };
    let gaps: Vec<(f32, f32)> = phones.iter().map(|p| (over(p), p.frames as f32)).collect();
    let plain: Vec<(f32, f32)> =
        phones.iter().map(|p| (-p.score as f32, p.frames as f32)).collect();
    let count = phones.len() as f32;
    let voiced: f32 = gaps.iter().map(|g| g.1).sum();
    let lengths: Vec<f32> = gaps.iter().map(|g| g.1.max(1.0).ln()).collect();
    let mean = lengths.iter().sum::<f32>() / count;
    let hurried = phones.iter().filter(|p| p.frames <= HURRIED).count();
    Fit {
        worst: worst_of(&gaps, 1),
        stretch: worst_of(&gaps, STRETCH),
        plain: worst_of(&plain, plain.len()),
        plain_worst: worst_of(&plain, 1),
        hurried: hurried as f32 / count,
        uneven: (lengths.iter().map(|l| (l - mean).powi(2)).sum::<f32>() / count).sqrt(),
        paused: 1.0 - voiced / last.end().saturating_sub(first.first).max(1) as f32,
    }
}

/// The score of each frame, even over each piece.
fn frame_by_frame(pieces: &[Piece]) -> Vec<f32> {
    let mut scores = Vec::new();
    for piece in pieces {
        scores.resize(piece.first as usize, 0.0);
        scores.resize(piece.end() as usize, piece.score as f32 / piece.frames.max(1) as f32);
    }
    scores
}

/// The largest sum per frame over so many in a row; over all, if there are fewer.
fn worst_of(sums_and_frames: &[(f32, f32)], count: usize) -> f32 {
    let per_frame = |row: &[(f32, f32)]| -> f32 {
        let frames: f32 = row.iter().map(|(_, frames)| frames).sum();
        row.iter().map(|(sum, _)| sum).sum::<f32>() / frames.max(1.0)
    };
    let rows = sums_and_frames.windows(count.min(sums_and_frames.len()).max(1));
    rows.map(per_frame).reduce(f32::max).unwrap_or_default()
}

const NAME: &str = "spelt";
/// Frames of 10 ms; a phone has three states, each of which takes one.
const HURRIED: u32 = 3;
/// Phones that are looked at together: about a syllable.
const STRETCH: usize = 3;
/// Pauses are named by the grammar; elsewhere there are none. The path is given, so nothing is
/// pruned.
const OPTIONS: [(&str, &str); 7] = [
    ("-beam", "1e-120"),
    ("-pbeam", "1e-120"),
    ("-wbeam", "1e-120"),
    ("-bestpath", "no"),
    ("-fsgusefiller", "no"),
    ("-wip", "1.0"),
    ALL_STATES,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(first: u32, frames: u32, score: i32) -> Piece {
        Piece { first, frames, score, filler: false }
    }

    #[test]
    fn a_bad_phone_among_good_ones_shows() {
        let free = [piece(0, 20, -40), piece(20, 20, -40)];
        let even = [piece(0, 10, -30), piece(10, 10, -30), piece(20, 10, -30), piece(30, 10, -30)];
        let one_bad = [piece(0, 10, -20), piece(10, 10, -20), piece(20, 10, -60), even[3].clone()];
        let (good, bad) = (compare(&even, &free), compare(&one_bad, &free));
        assert_eq!((good.worst, good.stretch, good.plain), (1.0, 1.0, 3.0));
        assert_eq!((bad.worst, bad.plain_worst), (4.0, 6.0));
        assert!(bad.stretch > good.stretch && bad.stretch < bad.worst, "{bad:?}");
        assert_eq!((good.hurried, good.uneven, good.paused), (0.0, 0.0, 0.0));
    }

    #[test]
    fn hurried_phones_and_pauses_show() {
        let pause = Piece { filler: true, ..piece(13, 10, -5) };
        let said = [piece(0, 10, -10), piece(10, 3, -3), pause, piece(23, 7, -7)];
        let fit = compare(&said, &[piece(0, 30, -30)]);
        assert_eq!(fit.worst, 0.0);
        assert!((fit.hurried - 1.0 / 3.0).abs() < 1e-6);
        assert!((fit.paused - 1.0 / 3.0).abs() < 1e-6);
        assert!(fit.uneven > 0.3);
    }

    #[test]
    fn nothing_said_and_a_loop_that_ends_early_are_no_trouble() {
        assert_eq!(compare(&[], &[piece(0, 5, -5)]), Fit::default());
        let fit = compare(&[piece(0, 10, -10), piece(10, 10, -10)], &[piece(0, 5, -5)]);
        assert!(fit.worst.is_finite());
    }
}
