//! WAV files of what was heard: 8 kHz, 16 bit, mono.

use std::io::{self, Write};

/// Writes a whole file.
pub(crate) fn write(out: &mut impl Write, samples: &[i16]) -> io::Result<()> {
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    out.write_all(b"RIFF")?;
    out.write_all(&(36 + bytes).to_le_bytes())?;
    out.write_all(b"WAVEfmt ")?;
    for (value, len) in [(16u32, 4), (1, 2), (1, 2), (8_000, 4), (16_000, 4), (2, 2), (16, 2)] {
        out.write_all(&value.to_le_bytes()[..len])?;
    }
    out.write_all(b"data")?;
    out.write_all(&bytes.to_le_bytes())?;
    let pcm: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    out.write_all(&pcm)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    #[test]
    fn header_and_samples_are_where_readers_expect_them() {
        let mut file = Vec::new();
        super::write(&mut file, &[1, -2, 3]).unwrap();
        assert_eq!(file.len(), 44 + 6);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(file[4..8], 42u32.to_le_bytes());
        assert_eq!(file[24..28], 8_000u32.to_le_bytes());
        assert_eq!(file[40..44], 6u32.to_le_bytes());
        assert_eq!(file[46..48], (-2i16).to_le_bytes());
    }
}
