//! Stereo recording as a 16-bit WAV: the callee left, the AI right, lost blocks as silence.
//!
//! A leg makes one [`StereoBlock`] per tick; a writer thread of the engine feeds them to a
//! [`WavWriter`] over a file. The metadata says that the recording holds AI-generated speech.

use std::io::{self, Seek, SeekFrom, Write};

/// Samples a second of each channel.
pub const RECORDING_RATE: u32 = 8_000;
/// Samples of one channel in a block: 20 ms.
pub const BLOCK_SAMPLES: usize = 160;
/// What the comment of the file says.
pub const AI_COMMENT: &str = "Right channel: AI-generated speech";

/// Blocks that a gap may be long before the index is called broken: one hour.
const MAX_GAP: u64 = 180_000;
const BLOCK_BYTES: usize = BLOCK_SAMPLES * 4;
/// RIFF and WAVE, the format, the comment and the head of the data.
const HEADER_LEN: usize = 12 + 24 + LIST_LEN + 8;
const LIST_LEN: usize = 8 + 4 + 8 + COMMENT_LEN;
/// The comment with its closing zero, filled up to an even length.
const COMMENT_LEN: usize = AI_COMMENT.len() + 2 - AI_COMMENT.len() % 2;

/// 20 ms of one call, both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StereoBlock {
    /// Counts blocks of media time from the answer.
    pub index: u64,
    /// What the callee said, at [`RECORDING_RATE`].
    pub left: [i16; BLOCK_SAMPLES],
    /// What we said.
    pub right: [i16; BLOCK_SAMPLES],
}

/// Writes a recording; the header is valid after [`WavWriter::finish`].
#[derive(Debug)]
pub struct WavWriter<W> {
    out: W,
    blocks: u64,
    lost: u64,
}

impl<W: Write + Seek> WavWriter<W> {
    /// Begins a file with a header that says it is empty.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&header(0))?;
        Ok(Self { out, blocks: 0, lost: 0 })
    }

    /// Adds a block at its place; blocks missing before it become silence. A block that comes
    /// after its place was filled, or one absurdly far ahead, is left out.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn block(&mut self, block: &StereoBlock) -> io::Result<()> {
        let Some(missing) = block.index.checked_sub(self.blocks).filter(|m| *m <= MAX_GAP) else {
            return Ok(());
        };
        for _ in 0..missing {
            self.out.write_all(&[0; BLOCK_BYTES])?;
        }
        self.lost += missing;
        let mut bytes = [0; BLOCK_BYTES];
        let pairs = block.left.iter().zip(&block.right);
        for (place, (left, right)) in bytes.chunks_exact_mut(4).zip(pairs) {
            place[..2].copy_from_slice(&left.to_le_bytes());
            place[2..].copy_from_slice(&right.to_le_bytes());
        }
        self.out.write_all(&bytes)?;
        self.blocks = block.index + 1;
        Ok(())
    }

    /// Writes the final header and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        let data = self.blocks.saturating_mul(BLOCK_BYTES as u64);
        self.out.seek(SeekFrom::Start(0))?;
        // Beyond 4 GiB (37 hours) the length is left at its largest, as other writers do.
        self.out.write_all(&header(u32::try_from(data).unwrap_or(u32::MAX)))?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Length so far, ms.
    pub const fn duration_ms(&self) -> u64 {
        self.blocks * 20
    }
    /// Blocks that never came.
    pub const fn lost_blocks(&self) -> u64 {
        self.lost
    }
}

/// The header of a file with `data` bytes of samples.
fn header(data: u32) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    let mut at = 0;
    let mut put = |part: &[u8]| {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    };
    put(b"RIFF");
    put(&data.saturating_add(HEADER_LEN as u32 - 8).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes());
    put(&2u16.to_le_bytes());
    put(&RECORDING_RATE.to_le_bytes());
    put(&(RECORDING_RATE * 4).to_le_bytes());
    put(&4u16.to_le_bytes());
    put(&16u16.to_le_bytes());
    put(b"LIST");
    put(&(LIST_LEN as u32 - 8).to_le_bytes());
    put(b"INFOICMT");
    put(&(AI_COMMENT.len() as u32 + 1).to_le_bytes());
    let mut comment = [0; COMMENT_LEN];
    comment[..AI_COMMENT.len()].copy_from_slice(AI_COMMENT.as_bytes());
    put(&comment);
    put(b"data");
    put(&data.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use proptest::prelude::*;

    fn write(indices: &[u64]) -> (Vec<u8>, u64, u64) {
        let mut wav = WavWriter::new(Cursor::new(Vec::new())).unwrap();
        for index in indices {
            let mark = *index as i16 + 1;
            let block = StereoBlock { index: *index, left: [mark; 160], right: [-mark; 160] };
            wav.block(&block).unwrap();
        }
        let (ms, lost) = (wav.duration_ms(), wav.lost_blocks());
        (wav.finish().unwrap().into_inner(), ms, lost)
    }

    /// First left and right sample of each block.
    fn marks(bytes: &[u8]) -> Vec<(i16, i16)> {
        let sample = |b: &[u8]| i16::from_le_bytes([b[0], b[1]]);
        let blocks = bytes[HEADER_LEN..].chunks_exact(BLOCK_BYTES);
        blocks.map(|b| (sample(b), sample(&b[2..]))).collect()
    }

    #[test]
    fn the_header_names_format_length_and_origin() {
        let (bytes, ms, _) = write(&[0, 1, 2]);
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(ms, 60);
        assert_eq!((&bytes[..4], word(4) as usize), (&b"RIFF"[..], bytes.len() - 8));
        assert_eq!(&bytes[8..16], b"WAVEfmt ");
        assert_eq!((word(16), word(20), word(24)), (16, 2 << 16 | 1, 8_000));
        assert_eq!((word(28), word(32)), (32_000, 16 << 16 | 4));
        assert_eq!((&bytes[36..40], word(40) as usize), (&b"LIST"[..], LIST_LEN - 8));
        assert_eq!(&bytes[44..52], b"INFOICMT");
        assert_eq!(&bytes[56..56 + AI_COMMENT.len()], AI_COMMENT.as_bytes());
        let data = 36 + LIST_LEN;
        assert_eq!(data % 2, 0);
        assert_eq!((&bytes[data..data + 4], word(data + 4)), (&b"data"[..], 3 * 640));
    }

    #[test]
    fn lost_blocks_are_silence_and_late_ones_are_left_out() {
        for (indices, want, lost) in [
            (vec![0, 1], vec![(1, -1), (2, -2)], 0),
            (vec![2], vec![(0, 0), (0, 0), (3, -3)], 2),
            (vec![0, 2, 1, 3], vec![(1, -1), (0, 0), (3, -3), (4, -4)], 1),
            (vec![0, 0, u64::MAX, 1], vec![(1, -1), (2, -2)], 0),
            (vec![], vec![], 0),
        ] {
            let (bytes, ms, counted) = write(&indices);
            assert_eq!((marks(&bytes), counted), (want.clone(), lost), "{indices:?}");
            assert_eq!(ms, 20 * want.len() as u64);
        }
    }

    proptest! {
        #[test]
        fn any_order_of_blocks_gives_a_file_of_its_announced_length(
            indices in proptest::collection::vec(0u64..50, 0..60),
        ) {
            let (bytes, ms, _) = write(&indices);
            let blocks = indices.iter().max().map_or(0, |m| m + 1);
            prop_assert_eq!(bytes.len(), HEADER_LEN + blocks as usize * BLOCK_BYTES);
            prop_assert_eq!(ms, blocks * 20);
        }
    }
}
