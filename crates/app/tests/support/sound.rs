//! Sound: files, the synthesizer's program run by hand, and whether two sounds are alike.

use std::io::Write;
use std::process::{Command, Stdio};

use media::resample::SpeechResampler;

/// Debian's recorded prompts: human speech, 8 kHz.
const PROMPTS: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";

/// Mono sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    pub rate: u32,
    pub samples: Vec<i16>,
}

impl Sound {
    /// Prompts with silence between: a name, or seconds of silence.
    pub fn of(parts: &[Result<&str, f32>]) -> Self {
        let mut samples = Vec::new();
        for part in parts {
            match part {
                Ok(name) => samples.extend(prompt(name).samples),
                Err(seconds) => samples.extend(vec![0; (seconds * 8_000.0) as usize]),
            }
        }
        Self { rate: 8_000, samples }
    }

    /// At another rate.
    pub fn at(&self, rate: u32) -> Sound {
        Sound { rate, samples: resampled(&self.samples, self.rate, rate) }
    }

    /// Share of its power that a line of 8,000 samples a second could not carry: what the
    /// difference between neighbours leaves of it above 4,000 Hz, at 16,000 samples a second.
    pub fn share_above_4_khz(&self) -> f64 {
        let wide = self.at(16_000);
        let narrow = wide.at(8_000).at(16_000);
        let power = |s: &mut dyn Iterator<Item = f64>| s.map(|v| v * v).sum::<f64>();
        let all = power(&mut wide.samples.iter().map(|s| f64::from(*s)));
        let pairs = wide.samples.iter().zip(&narrow.samples);
        let rest = power(&mut pairs.map(|(w, n)| f64::from(*w) - f64::from(*n)));
        rest / all.max(1.0)
    }

    /// Samples of 20 ms.
    fn frame(&self) -> usize {
        self.rate as usize / 50
    }

    /// Loudness of each 20 ms.
    fn envelope(&self) -> Vec<f32> {
        let loud = |f: &[i16]| {
            let sum: f32 = f.iter().map(|s| f32::from(*s).powi(2)).sum();
            (sum / f.len() as f32).sqrt()
        };
        self.samples.chunks_exact(self.frame()).map(loud).collect()
    }

    /// How well `sentence` is found somewhere in this: the best correlation of the two waves, 1
    /// for the same sound at any volume. Looked for where the loudness goes up and down alike.
    pub fn likeness(&self, sentence: &Sound) -> f32 {
        assert_eq!(self.rate, sentence.rate);
        let (all, part) = (self.envelope(), sentence.envelope());
        let windows = all.windows(part.len()).enumerate();
        let mut places: Vec<(f32, usize)> =
            windows.map(|(at, window)| (correlation(window, &part), at)).collect();
        places.sort_by(|a, b| b.0.total_cmp(&a.0));
        let [all, part] = [self, sentence].map(|s| s.wave());
        let frame = self.frame();
        places
            .iter()
            .take(8)
            .flat_map(|(_, at)| (at * frame).saturating_sub(frame)..=(at + 1) * frame)
            .filter_map(|from| all.get(from..from + part.len()))
            .map(|window| correlation(window, &part))
            .fold(0.0, f32::max)
    }

    fn wave(&self) -> Vec<f32> {
        self.samples.iter().map(|s| f32::from(*s)).collect()
    }
}

/// Correlation of two series without their means.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma).powi(2);
        bb += (y - mb).powi(2);
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// A recorded prompt.
pub fn prompt(name: &str) -> Sound {
    let file = format!("{PROMPTS}/{name}.wav");
    let bytes = std::fs::read(&file)
        .unwrap_or_else(|e| panic!("{file}: {e}; Debian: asterisk-core-sounds-en-wav"));
    let sound = read_wav(&bytes);
    assert_eq!(sound.rate, 8_000, "{file}");
    sound
}

/// A sentence as espeak-ng says it, at 8 kHz.
pub fn spoken(voice: &str, words_per_minute: &str, text: &str) -> Sound {
    let mut child = Command::new("espeak-ng")
        .args(["-v", voice, "-s", words_per_minute, "-z", "--stdout", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("install the Debian package espeak-ng ({e})"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    // Its header does not know the length; the sound is what follows.
    let rate = u32::from_le_bytes(output.stdout[24..28].try_into().unwrap());
    let mut samples = resampled(&pcm(&output.stdout[44..]), rate, 8_000);
    let quiet = |s: &i16| s.unsigned_abs() < 100;
    let start = samples.iter().position(|s| !quiet(s)).unwrap();
    let end = samples.iter().rposition(|s| !quiet(s)).unwrap();
    samples = samples[start..=end].to_vec();
    Sound { rate: 8_000, samples }
}

/// A file of 16-bit mono.
pub fn wav(sound: &Sound) -> Vec<u8> {
    let length = sound.samples.len() as u32 * 2;
    let mut file = Vec::from(*b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(sound.rate.to_le_bytes());
    file.extend((sound.rate * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(sound.samples.iter().flat_map(|s| s.to_le_bytes()));
    file
}

/// The same sound in a file of 48,000 samples a second and two channels.
pub fn wide_wav(sound: &Sound) -> Vec<u8> {
    let samples = resampled(&sound.samples, sound.rate, 48_000);
    let both = Sound { rate: 48_000, samples: samples.iter().flat_map(|s| [*s, *s]).collect() };
    let mut file = wav(&both);
    file[22] = 2;
    file[28..32].copy_from_slice(&(48_000u32 * 4).to_le_bytes());
    file[32] = 4;
    file
}

/// Sound at another rate.
pub fn resampled(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    let mut resampler = SpeechResampler::new(from, to);
    let mut out = Vec::new();
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out
}

/// Reads a file of 16-bit sound, whatever chunks stand before it; of two channels the first.
pub fn read_wav(bytes: &[u8]) -> Sound {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    let (mut at, mut rate, mut channels) = (12, 0, 1);
    loop {
        let length = word(at + 4) as usize;
        let body = at + 8;
        match &bytes[at..at + 4] {
            b"fmt " => {
                assert_eq!((bytes[body], bytes[body + 14]), (1, 16), "not 16-bit PCM");
                channels = usize::from(bytes[body + 2]);
                rate = word(body + 4);
            }
            b"data" => {
                let end = bytes.len().min(body + length);
                let samples = pcm(&bytes[body..end]).into_iter().step_by(channels).collect();
                return Sound { rate, samples };
            }
            _ => {}
        }
        at = body + length + length % 2;
    }
}

fn pcm(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.chunks_exact(2);
    pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}
