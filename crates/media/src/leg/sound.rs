//! Twenty milliseconds of sound at the rate of whoever made it.

use domain::FRAME_SAMPLES;

use crate::resample::{Downsampler, Upsampler};

/// Samples of 20 ms at 8,000 a second.
pub(super) const NARROW: usize = 160;
/// Samples of 20 ms at 16,000 a second.
pub(super) const WIDE: usize = FRAME_SAMPLES;

/// 20 ms at 8,000 or 16,000 samples a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sound {
    samples: [i16; WIDE],
    wide: bool,
}

impl Sound {
    /// Silence.
    pub const fn silent(rate: u32) -> Self {
        Self { samples: [0; WIDE], wide: rate > 8_000 }
    }

    /// The place for samples of this rate; it holds what was there before.
    pub fn begin(&mut self, rate: u32) -> &mut [i16] {
        self.wide = rate > 8_000;
        let len = self.len();
        &mut self.samples[..len]
    }

    /// What there is, at its own rate.
    pub fn samples(&self) -> &[i16] {
        &self.samples[..self.len()]
    }

    /// At 16,000 samples a second, if that is its rate.
    pub fn wide(&self) -> Option<&[i16; WIDE]> {
        self.wide.then_some(&self.samples)
    }

    const fn len(&self) -> usize {
        if self.wide { WIDE } else { NARROW }
    }
}

/// Gives sound another rate; one for each stream, because a filter has a past.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    up: Upsampler,
    down: Downsampler,
}

impl Rates {
    /// The sound at 8,000 samples a second.
    pub fn narrow(&mut self, sound: &Sound) -> [i16; NARROW] {
        let mut out = [0; NARROW];
        match sound.wide() {
            Some(wide) => self.down.process(wide, &mut out),
            None => out.copy_from_slice(sound.samples()),
        }
        out
    }

    /// The sound at 16,000 samples a second.
    pub fn wide(&mut self, sound: &Sound) -> [i16; WIDE] {
        let mut out = [0; WIDE];
        match sound.wide() {
            Some(wide) => out = *wide,
            None => self.up.process(sound.samples(), &mut out),
        }
        out
    }
}
