//! Recordings: blocks of any number in any order give a file whose header tells its length, and
//! that a reader which knows nothing of the writer takes apart.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use media::recording::{BLOCK_SAMPLES, StereoBlock, WavWriter};

fuzz_target!(|data: &[u8]| {
    let mut wav = WavWriter::new(Cursor::new(Vec::new())).expect("memory");
    let mut at = 0u64;
    for step in data.chunks(2).take(200) {
        let by = i64::from(step[0] as i8);
        // Now and then far away: a gap beyond an hour is left out.
        let far = if step.get(1) == Some(&0xff) { 1 << 40 } else { 0 };
        at = at.saturating_add_signed(by);
        let mark = i16::from(step[0]);
        let block = StereoBlock {
            index: at | far,
            left: [mark; BLOCK_SAMPLES],
            right: [-mark; BLOCK_SAMPLES],
        };
        wav.block(&block).expect("memory");
    }
    let (ms, lost) = (wav.duration_ms(), wav.lost_blocks());
    let file = wav.finish().expect("memory").into_inner();
    assert!(lost * 20 <= ms);
    let samples = samples_of(&file);
    assert_eq!(samples.len() as u64, ms / 20 * BLOCK_SAMPLES as u64 * 4);
    let silent = samples.chunks(BLOCK_SAMPLES * 4).filter(|b| b.iter().all(|s| *s == 0)).count();
    assert!(silent as u64 >= lost);
});

/// The bytes of the chunk `data` in a RIFF file, whatever stands before it.
fn samples_of(file: &[u8]) -> &[u8] {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("4")) as usize;
    assert_eq!((&file[..4], &file[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert_eq!(word(4) + 8, file.len());
    let mut at = 12;
    loop {
        let body = at + 8;
        let end = body + word(at + 4);
        if &file[at..at + 4] == b"data" {
            assert_eq!(end, file.len());
            return &file[body..end];
        }
        at = end + end % 2;
    }
}
