//! What a call sounded like from the callee's end, as it is written down.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use domain::{Language, PhoneNumber, WallTime};
use serde::{Serialize, Serializer};

use crate::marks::SpeechClass;
use crate::persona::Line;

/// One call. Times are milliseconds after this side's 200 OK (before it: negative), or after
/// the INVITE if there was no 200 OK.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// SIP Call-ID.
    pub call_id: String,
    /// The number called; masked where it is written or printed.
    #[serde(serialize_with = "masked")]
    pub number: Option<PhoneNumber>,
    /// Name of the persona.
    pub persona: &'static str,
    /// What the callee spoke.
    pub language: Language,
    /// When the INVITE came.
    #[serde(serialize_with = "as_text")]
    pub at: WallTime,
    /// From INVITE to 200 OK, ms.
    pub answered_after_ms: Option<u64>,
    /// How it ended, seen from here.
    pub ended: Ended,
    /// What was heard; `None` if no media was opened.
    pub heard: Option<HeardReport>,
}

/// Who ended a call, seen from the callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The caller cancelled before the answer.
    CallerCancelled,
    /// The caller sent BYE.
    CallerHungUp,
    /// The callee sent BYE.
    CalleeHungUp,
    /// A final status other than 200.
    Refused(u16),
    /// The lab was shut down.
    LabStopped,
}

/// The media of one call.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HeardReport {
    /// When the AI was first heard to speak.
    pub first_audio_ms: Option<i64>,
    /// RTP packets that came, and that did not.
    pub packets: u64,
    /// Packets missing by their sequence numbers.
    pub lost: u64,
    /// Jitter (RFC 3550) in ms.
    pub jitter_ms: f64,
    /// Codecs heard, in the order in which they came into use.
    pub codecs: Vec<&'static str>,
    /// Pauses of more than 100 ms in the arrival of packets.
    pub gaps: Vec<Gap>,
    /// When the AI was heard to speak.
    pub ai_speech: Vec<Span>,
    /// What the callee said, and how the AI took it.
    pub lines: Vec<LineReport>,
    /// Keys that were received.
    pub keys: String,
    /// Classes of marked speech, if marks are on.
    pub marks: Vec<MarkSpan>,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// The received audio, if reports are written.
    pub wav: Option<PathBuf>,
}

/// A pause in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Arrival of the last packet before it.
    pub at_ms: i64,
    /// Until the next packet.
    pub length_ms: u64,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First sound.
    pub from_ms: i64,
    /// Last sound.
    pub to_ms: i64,
}

/// A stretch of marked speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MarkSpan {
    /// What kind of speech.
    pub class: SpeechClass,
    /// First sound.
    pub from_ms: i64,
    /// Last sound.
    pub to_ms: i64,
}

/// One line of the callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LineReport {
    /// What kind of line.
    pub line: Line,
    /// When its first sound was sent.
    pub from_ms: i64,
    /// When its last sound was sent.
    pub to_ms: i64,
    /// If the AI was speaking at that moment: how long it kept on after the first sound.
    pub ai_kept_talking_ms: Option<u64>,
    /// If the AI was silent at the end of it: how long until its first sound.
    pub ai_answered_after_ms: Option<u64>,
}

/// Finished calls: in memory the latest [`MAX_REPORTS`], the oldest forgotten first; on disk
/// one line of JSON each.
#[derive(Debug)]
pub(crate) struct Reports {
    latest: Mutex<VecDeque<CallReport>>,
    /// A lock, because two calls may end at once and a line must stay whole.
    file: Option<Mutex<File>>,
}

/// Reports kept in memory.
pub const MAX_REPORTS: usize = 4_096;

impl Reports {
    /// With a directory: makes it and opens `calls.jsonl` for appending.
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let file = match dir {
            Some(dir) => {
                std::fs::create_dir_all(dir)?;
                let path = dir.join("calls.jsonl");
                Some(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?))
            }
            None => None,
        };
        Ok(Self { latest: Mutex::default(), file })
    }

    /// Writes a line and keeps the report. Blocks on the disk.
    pub(crate) fn add(&self, report: CallReport) {
        if let Some(file) = &self.file
            && let Ok(mut line) = serde_json::to_vec(&report)
        {
            line.push(b'\n');
            let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
            if let Err(error) = written {
                tracing::warn!(%error, "call report not written");
            }
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == MAX_REPORTS {
            latest.pop_front();
        }
        latest.push_back(report);
    }

    pub(crate) fn all(&self) -> Vec<CallReport> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

fn masked<S: Serializer>(number: &Option<PhoneNumber>, s: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => s.serialize_str(&number.masked()),
        None => s.serialize_none(),
    }
}

fn as_text<S: Serializer>(at: &WallTime, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(at)
}
