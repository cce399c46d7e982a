//! From a synthesizer's chunks, of whatever size, to pieces for the lane: the first as it comes, so
//! that the callee does not wait; later ones neither so small that they crowd playout nor so large
//! that a barge-in could not be quick.

use std::sync::Arc;

use media::playout::{Chunk, MIN_PIECE_MS};

use crate::ports::synthesizer::SpeechChunk;

/// Chunks are joined up to this length if they lie there already.
const JOINED_MS: u64 = 200;
/// Longer ones are handed over in parts.
const LONGEST_MS: u64 = 1_000;

/// Audio for the lane, and how far the text is spoken with it: samples, and characters where they
/// are known.
pub(super) struct Piece {
    pub(super) chunk: Chunk,
    pub(super) marks: Vec<(u64, Option<u32>)>,
}

/// What was made and is not handed over.
pub(super) struct Pieces {
    rate: u64,
    /// Audio with the characters that are spoken when it ends.
    kept: Vec<(Arc<[i16]>, Option<u32>)>,
    /// Samples of the first one that were handed over.
    used: usize,
    length: u64,
    any: bool,
}

impl Pieces {
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: u64::from(rate), kept: Vec::new(), used: 0, length: 0, any: false }
    }

    pub(super) fn add(&mut self, chunk: SpeechChunk) {
        self.length += chunk.samples.len() as u64;
        self.kept.push((chunk.samples, chunk.chars_done));
    }

    /// Whether more may be joined to it.
    pub(super) fn is_short(&self) -> bool {
        self.any && self.length < self.samples(JOINED_MS)
    }

    /// A piece, unless what is there is so little that more has to come first.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let enough = self.length > 0 && self.length >= self.samples(MIN_PIECE_MS);
        if enough { self.take() } else { None }
    }

    /// What is left at the end.
    pub(super) fn last(&mut self) -> Option<Piece> {
        if self.length > 0 { self.take() } else { None }
    }

    fn take(&mut self) -> Option<Piece> {
        self.any = true;
        let longest = self.samples(LONGEST_MS) as usize;
        let (first, chars) = self.kept.first()?;
        let left = first.len() - self.used;
        if self.kept.len() == 1 || left >= longest {
            // Shared with whoever keeps it to be spoken again.
            let end = self.used + left.min(longest);
            let chunk = Chunk::new(first.clone()).part(self.used..end);
            // A long one says at once how far the text comes with it, or of a part of it that is
            // cut nobody would know what was heard.
            let begins = self.used == 0;
            let marks = if begins { vec![(first.len() as u64, *chars)] } else { Vec::new() };
            if end == first.len() {
                self.kept.remove(0);
                self.used = 0;
            } else {
                self.used = end;
            }
            self.length -= chunk.len() as u64;
            return Some(Piece { chunk, marks });
        }
        let mut joined = Vec::with_capacity(longest.min(self.length as usize));
        let mut marks = Vec::new();
        while let Some((samples, chars)) = self.kept.first() {
            let more = &samples[self.used..];
            if !joined.is_empty() && joined.len() + more.len() > longest {
                break;
            }
            joined.extend_from_slice(more);
            // The rest of a long one was told with its first part.
            if self.used == 0 {
                marks.push((more.len() as u64, *chars));
            }
            self.kept.remove(0);
            self.used = 0;
        }
        self.length -= joined.len() as u64;
        Some(Piece { chunk: joined.into(), marks })
    }

    fn samples(&self, ms: u64) -> u64 {
        ms * self.rate / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(from: i16, len: usize, chars: u32) -> SpeechChunk {
        let samples: Vec<i16> = (0..len).map(|n| from.wrapping_add(n as i16)).collect();
        SpeechChunk { samples: samples.into(), chars_done: Some(chars) }
    }

    #[test]
    fn the_first_part_of_a_long_chunk_says_how_far_the_text_comes_with_it() {
        let mut pieces = Pieces::new(8_000);
        for (from, chars) in [(0, 25), (20_000, 50)] {
            pieces.add(chunk(from, 20_000, chars));
        }
        let all = std::iter::from_fn(|| pieces.next().or_else(|| pieces.last()));
        let marks: Vec<_> = all.map(|p| p.marks).collect();
        let long = |chars| vec![(20_000, Some(chars))];
        assert_eq!(marks[..2], [long(25), vec![]]);
        assert_eq!(marks.concat(), [long(25), long(50)].concat());
    }

    /// Lengths of the pieces that these chunks make; every sample and mark is there once, in order.
    fn check(sizes: &[usize], want: &[usize]) {
        let (mut pieces, mut got, mut made) = (Pieces::new(8_000), Vec::new(), 0);
        for (n, size) in sizes.iter().enumerate() {
            pieces.add(chunk(made as i16, *size, n as u32 + 1));
            made += size;
            if pieces.is_short() && n + 1 < sizes.len() {
                continue;
            }
            got.extend(std::iter::from_fn(|| pieces.next()));
        }
        got.extend(std::iter::from_fn(|| pieces.last()));
        let lengths: Vec<usize> = got.iter().map(|p| p.chunk.len()).collect();
        assert_eq!(lengths, want, "{sizes:?}");
        let sent: Vec<i16> = got.iter().flat_map(|p| p.chunk.samples().to_vec()).collect();
        assert_eq!(sent, (0..made).map(|n| n as i16).collect::<Vec<_>>());
        let marks = got.iter().flat_map(|p| &p.marks);
        assert_eq!(marks.clone().map(|m| m.0).sum::<u64>(), made as u64);
        let chars: Vec<u32> = marks.filter_map(|m| m.1).collect();
        assert_eq!(chars, (1..=sizes.len() as u32).collect::<Vec<_>>(), "{sizes:?}");
    }

    #[test]
    fn the_first_goes_at_once_small_ones_are_joined_and_large_ones_parted() {
        check(&[320], &[320]);
        check(&[320; 6], &[320, 1_600]);
        check(&[320; 12], &[320, 1_600, 1_600, 320]);
        check(&[20_000], &[8_000, 8_000, 4_000]);
        check(&[100, 100], &[200]);
        check(&[100], &[100]);
        check(&[320, 20_000, 320], &[320, 8_000, 8_000, 4_000, 320]);
    }
}
