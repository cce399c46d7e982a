//! The `espeak-ng` program as a child process: text on stdin, 22,050 Hz samples from stdout.
//!
//! The program is run, not linked: its library is under GPL-3. It writes faster than anyone
//! listens, so the pipe holds it back, and it ends as soon as nobody reads.

use std::path::PathBuf;
use std::process::Stdio;

use domain::Language;
use engine::ports::synthesizer::SpeechError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};

/// Samples a second that espeak-ng delivers.
pub const ESPEAK_RATE: u32 = 22_050;

/// Where the program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Espeak {
    program: PathBuf,
}

impl Default for Espeak {
    fn default() -> Self {
        Self::at("espeak-ng")
    }
}

impl Espeak {
    /// A program by name (searched in `PATH`) or by path.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Its version line, or why it cannot be used: for `doctor` and at start.
    pub async fn version(&self) -> Result<String, SpeechError> {
        let output = self
            .command()
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|error| self.missing(&error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().unwrap_or_default().trim();
        // A cut-down installation lacks the Mandarin voice: say so before the first call does.
        self.speak(voice_of(Language::Zh), 230, "好").await?.drain().await?;
        Ok(line.to_owned())
    }

    /// Starts to speak a text; an unknown voice shows when the stream ends without samples.
    pub async fn speak(
        &self,
        voice: &str,
        words_per_minute: u32,
        text: &str,
    ) -> Result<Speaking, SpeechError> {
        let mut child = self
            .command()
            // -z: no 300 ms of silence after the text. The text never goes on the command line,
            // where a leading dash would make it an option and everyone could read it.
            .args(["-v", voice, "-s", &words_per_minute.to_string(), "-z", "--stdout", "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.missing(&error))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("no pipe to it"));
        };
        // It reads all of stdin before it speaks. A refused voice ends it before it reads, which
        // is reported by its exit code and not as a broken pipe here.
        let _ = stdin.write_all(text.as_bytes()).await;
        drop(stdin);
        Ok(Speaking { child, stdout, voice: voice.to_owned(), skip: WAV_HEADER, odd: None })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.stderr(Stdio::null());
        command
    }

    fn missing(&self, error: &std::io::Error) -> SpeechError {
        SpeechError::Unavailable {
            part: "espeak-ng",
            hint: format!(
                "cannot run {} ({}); Debian: apt-get install espeak-ng",
                self.program.display(),
                error.kind()
            ),
        }
    }
}

/// A text being spoken. Dropping it kills the program; the runtime then collects it.
pub struct Speaking {
    child: Child,
    stdout: ChildStdout,
    voice: String,
    skip: usize,
    odd: Option<u8>,
}

impl Speaking {
    /// The next samples at [`ESPEAK_RATE`], `None` at the end. Not safe to cancel half way, other
    /// than by dropping everything.
    pub async fn next(&mut self) -> Result<Option<Vec<i16>>, SpeechError> {
        let mut bytes = vec![0; READ_BYTES];
        loop {
            let read = self.stdout.read(&mut bytes).await.map_err(|e| failed(e.kind()))?;
            if read == 0 {
                return self.end().await.map(|()| None);
            }
            let skipped = self.skip.min(read);
            self.skip -= skipped;
            let samples = self.pair(&bytes[skipped..read]);
            if !samples.is_empty() {
                return Ok(Some(samples));
            }
        }
    }

    /// Reads to the end; the number of samples.
    pub async fn drain(&mut self) -> Result<usize, SpeechError> {
        let mut count = 0;
        while let Some(samples) = self.next().await? {
            count += samples.len();
        }
        Ok(count)
    }

    /// The process, until it has been collected.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops the program and collects it.
    pub async fn cancel(mut self) {
        // It may have ended by itself; either way it is collected.
        let _ = self.child.kill().await;
    }

    async fn end(&mut self) -> Result<(), SpeechError> {
        let status = self.child.wait().await.map_err(|e| failed(e.kind()))?;
        match status.code() {
            Some(0) => Ok(()),
            // It says so on stderr and exits with 1; with nothing written there is no other cause.
            Some(1) if self.skip == WAV_HEADER => {
                Err(SpeechError::UnknownVoice { voice: self.voice.clone() })
            }
            code => Err(failed(format!("exit code {code:?}"))),
        }
    }

    /// Bytes to samples, across reads that cut a sample in two.
    fn pair(&mut self, bytes: &[u8]) -> Vec<i16> {
        let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
        for byte in bytes {
            match self.odd.take() {
                Some(low) => samples.push(i16::from_le_bytes([low, *byte])),
                None => self.odd = Some(*byte),
            }
        }
        samples
    }
}

/// The plain espeak-ng voice of a language.
pub const fn voice_of(language: Language) -> &'static str {
    match language {
        // Never `cmn` or `zh`: they read most hanzi as English letters.
        Language::Zh => "cmn-latn-pinyin",
        Language::En => "en-us",
    }
}

fn failed(cause: impl ToString) -> SpeechError {
    SpeechError::Failed { part: "espeak-ng", cause: cause.to_string() }
}

/// A header with a false length; 16-bit mono follows.
const WAV_HEADER: usize = 44;
/// About 90 ms.
const READ_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_program_answers_its_version() {
        let version = Espeak::default().version().await.unwrap();
        assert!(version.contains("eSpeak NG"), "{version}");
    }

    #[tokio::test]
    async fn a_missing_program_is_named_with_its_package() {
        let error = Espeak::at("/nowhere/espeak-ng").version().await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/espeak-ng"), "{error}");
        assert!(error.contains("apt-get install espeak-ng"), "{error}");
    }

    #[tokio::test]
    async fn an_unknown_voice_is_an_error_and_empty_text_is_not() {
        let espeak = Espeak::default();
        let mut speaking = espeak.speak("zz-nothing", 200, "hello").await.unwrap();
        assert_eq!(
            speaking.drain().await,
            Err(SpeechError::UnknownVoice { voice: "zz-nothing".to_owned() })
        );
        let mut speaking = espeak.speak("en-us", 200, "").await.unwrap();
        assert_eq!(speaking.drain().await, Ok(0));
    }

    #[tokio::test]
    async fn text_that_looks_like_an_option_is_spoken() {
        let mut speaking = Espeak::default().speak("en-us", 200, "--help me").await.unwrap();
        assert!(speaking.drain().await.unwrap() > 5_000);
    }

    #[tokio::test]
    async fn the_mandarin_voice_reads_no_hanzi_as_english() {
        for text in ["你好，请问是张三先生吗", "明天下午三点在会议室开会，请带上身份证", "绿色女儿"]
        {
            let output = Command::new("espeak-ng")
                .args(["-v", voice_of(Language::Zh), "-q", "--ipa", "--", text])
                .output()
                .await
                .unwrap();
            let phones = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(!phones.trim().is_empty());
            assert!(!phones.contains("(en)"), "{text}: {phones}");
        }
    }

    #[tokio::test]
    async fn cancelling_kills_and_collects_the_child() {
        // Far more text than the pipe holds, so that it cannot end by itself.
        let text = "one two three four five six seven eight nine ten. ".repeat(200);
        let mut speaking = Espeak::default().speak("en-us", 200, &text).await.unwrap();
        assert!(speaking.next().await.unwrap().is_some());
        let id = speaking.process_id().unwrap();
        let entry = PathBuf::from(format!("/proc/{id}"));
        assert!(entry.exists());
        speaking.cancel().await;
        assert!(!entry.exists(), "still there, or a zombie");
    }
}
