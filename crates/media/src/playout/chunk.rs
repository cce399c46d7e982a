//! A stretch of audio on its way to playout; who plays the same audio shares it.

use std::ops::Range;
use std::sync::Arc;

/// Mono samples at the leg's speech rate: all or a part of a buffer that others may hold too.
///
/// Copying a chunk copies no samples, so a file that a hundred legs play is in memory once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    buffer: Arc<[i16]>,
    // Two small numbers: a leg has room for many chunks.
    from: u32,
    to: u32,
}

impl Chunk {
    /// All of a buffer, or its first four thousand million samples.
    pub fn new(buffer: Arc<[i16]>) -> Self {
        let to = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        Self { buffer, from: 0, to }
    }

    /// The part of it that `range` names, as far as it goes.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(self.from);
        let to = place(range.end).min(self.to);
        Self { buffer: self.buffer.clone(), from: place(range.start).min(to), to }
    }

    /// The samples.
    pub fn samples(&self) -> &[i16] {
        self.buffer.get(self.from as usize..self.to as usize).unwrap_or_default()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        (self.to - self.from) as usize
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<i16>> for Chunk {
    fn from(samples: Vec<i16>) -> Self {
        Self::new(samples.into())
    }
}

impl From<Box<[i16]>> for Chunk {
    fn from(samples: Box<[i16]>) -> Self {
        Self::new(samples.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_the_buffer_and_never_leave_it() {
        let whole = Chunk::from(vec![1, 2, 3, 4, 5]);
        for (range, want) in
            [(0..5, &[1, 2, 3, 4, 5][..]), (1..3, &[2, 3]), (4..9, &[5]), (7..9, &[])]
        {
            assert_eq!(whole.part(range.clone()).samples(), want, "{range:?}");
        }
        let part = whole.part(1..4);
        assert_eq!((part.part(1..2).samples(), part.part(2..9).samples()), (&[3][..], &[4][..]));
        assert!(Arc::ptr_eq(&part.part(0..1).buffer, &whole.buffer));
    }
}
