//! The loudness of the quietest frames of late, which is that of the line without a voice.

/// Frames in one window.
const WINDOW: u32 = 20;
/// Windows: together two seconds.
const WINDOWS: usize = 5;

/// The floor of one leg.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoiseFloor {
    /// Those that were not reached yet hold the greatest number.
    windows: [u32; WINDOWS],
    current: usize,
    frames: u32,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { windows: [u32::MAX; WINDOWS], current: 0, frames: 0 }
    }
}

impl NoiseFloor {
    /// Takes in the loudness of a frame (RMS); answers that of the quietest one of two seconds.
    pub fn frame(&mut self, rms: u32) -> u32 {
        if self.frames == 0 {
            self.windows[self.current] = rms;
        }
        self.windows[self.current] = self.windows[self.current].min(rms);
        let floor = self.windows.iter().copied().min().unwrap_or(0);
        self.frames += 1;
        if self.frames == WINDOW {
            self.frames = 0;
            self.current = (self.current + 1) % WINDOWS;
        }
        floor
    }

    /// Whether it rests on frames of the last window too.
    pub const fn is_known(&self) -> bool {
        self.windows[WINDOWS - 1] != u32::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quietest_frame_counts_for_two_seconds() {
        let mut floor = NoiseFloor::default();
        assert_eq!([floor.frame(70), floor.frame(50), floor.frame(90)], [70, 50, 50]);
        let held = (0..200).take_while(|_| floor.frame(300) == 50).count();
        assert!((80..=100).contains(&held), "{held}");
        assert_eq!((floor.frame(300), floor.frame(20)), (300, 20));
    }

    #[test]
    fn it_is_known_when_every_window_was_reached() {
        let mut floor = NoiseFloor::default();
        let until = (1..).find(|_| {
            floor.frame(0);
            floor.is_known()
        });
        assert_eq!(until, Some(81));
    }
}
