//! How a call's talk and its session descriptions meet the media plane.

use std::net::SocketAddr;

use conversation::floor::{FloorOutput, OnSpeech, Playback};
use conversation::{Input as Talk, LineTone, Output as TalkOutput};
use domain::{Event, LegId, MediaTime, PlaybackState, Texts};
use media::leg::{Heard, LegCommand, LegEvent};
use media::playout::{OnSpeech as LaneOnSpeech, PlayoutChange, PlayoutEvent};
use media::sdp::{LocalMedia, Negotiated};
use media::tone::Cadence;

use crate::call::{Call, CallPlan, MediaCommand, MediaEvent, Moment, Output};
use crate::keys::Way;
use crate::phase::Phase;

/// What we said of our media last, and under which number: each description that differs from the
/// one before bears the next number, whoever asked for it (RFC 3264 section 8).
#[derive(Debug, Default)]
pub(crate) struct Described {
    version: u64,
    text: String,
}

impl Described {
    /// Numbers the description that `write` makes.
    fn number(&mut self, write: impl Fn(u64) -> String) -> String {
        if self.version == 0 || write(self.version) != self.text {
            self.version += 1;
            self.text = write(self.version);
        }
        self.text.clone()
    }
}

impl Call {
    /// Our offer: the first description of a call, or what a peer asks us for later.
    pub(crate) fn offer(&mut self, local: SocketAddr) -> String {
        let ours = ours(&self.plan, local);
        self.described.number(|version| LocalMedia { version, ..ours }.offer())
    }

    /// What a peer's answer to our offer means.
    pub(crate) fn accept(&self, answer: &str) -> Option<Negotiated> {
        let signalling = self.signalling;
        let ours = LocalMedia { signalling, ..ours(&self.plan, self.local?) };
        ours.accept(answer.as_bytes()).ok()
    }

    /// Our answer to a peer's offer, and what it means; `None` if there is none.
    pub(crate) fn answer(
        &mut self,
        local: SocketAddr,
        offer: &str,
    ) -> Option<(String, Negotiated)> {
        let ours = LocalMedia { signalling: self.signalling, ..ours(&self.plan, local) };
        let (_, agreed) = ours.answer(offer.as_bytes()).ok()?;
        let text = self.described.number(|version| {
            let numbered = LocalMedia { version, ..ours }.answer(offer.as_bytes());
            numbered.map(|(text, _)| text).unwrap_or_default()
        });
        Some((text, agreed))
    }
}

fn ours(plan: &CallPlan, local: SocketAddr) -> LocalMedia<'_> {
    let media = &plan.media;
    LocalMedia {
        codecs: &media.codecs,
        srtp: media.srtp,
        keys: plan.keys.as_ref(),
        ..LocalMedia::new(media.external_ip.unwrap_or(local.ip()), local.port(), plan.session_id)
    }
}

impl Call {
    /// What the floor wants of lane and synthesizer.
    pub(crate) fn floor(&mut self, output: FloorOutput) {
        let command = match &output {
            // Named first, so that lines are played in the order in which they were asked for.
            FloorOutput::Speak { playlist, item, .. } => {
                LegCommand::Queue { playlist: *playlist, item: *item }
            }
            FloorOutput::Cut(playlist) => LegCommand::Cut(*playlist),
            FloorOutput::Pause => LegCommand::Pause,
            FloorOutput::Resume => LegCommand::Resume,
            FloorOutput::SetOnSpeech(OnSpeech::Ignore) => {
                LegCommand::SetOnSpeech(LaneOnSpeech::Ignore)
            }
            FloorOutput::SetOnSpeech(OnSpeech::Pause) => {
                LegCommand::SetOnSpeech(LaneOnSpeech::Pause)
            }
            FloorOutput::Over(_) => return,
        };
        let synthesis = matches!(output, FloorOutput::Speak { .. } | FloorOutput::Cut(_));
        if matches!(output, FloorOutput::Cut(_)) {
            // The synthesizer is stopped before the lane is cleared.
            self.push(Output::Talk(TalkOutput::Floor(output)));
            self.lane(MediaCommand::Leg(command));
            return;
        }
        self.lane(MediaCommand::Leg(command));
        if synthesis {
            self.push(Output::Talk(TalkOutput::Floor(output)));
        }
    }

    pub(crate) fn media(&mut self, at: Moment, leg: LegId, event: MediaEvent) {
        match event {
            MediaEvent::Opened(local) => self.opened(at, local),
            MediaEvent::OpenFailed => self.open_failed(at),
            MediaEvent::Closed(quality) => self.lane_closed(at, quality),
            MediaEvent::Flowing(flowing) => self.tell_talk(at, Talk::Flowing(flowing)),
            MediaEvent::Leg(event) => self.leg_event(at, leg, event),
        }
    }

    fn leg_event(&mut self, at: Moment, leg: LegId, event: LegEvent) {
        // What is heard before the answer is ringback or an announcement, not the callee.
        if event.early || !matches!(self.phase, Phase::Talking(_) | Phase::Ending(_)) {
            return;
        }
        self.heard_until(event.at);
        match event.what {
            Heard::Playout(p) => self.playout(at, p),
            // What was being said when the line was cut is closed by its closing.
            Heard::UtteranceEnded(u) if !self.is_recorded() => {
                let (start, end, closed) = (u.start, u.end, u.closed);
                self.tell_talk(at, Talk::UtteranceEnded { start, end, closed });
            }
            _ if !matches!(self.phase, Phase::Talking(_)) => {}
            Heard::SpeechStarted { .. } => self.tell_talk(at, Talk::SpeechStarted),
            Heard::SpeechPaused { start, end } => {
                self.tell_talk(at, Talk::SpeechPaused { start, end });
            }
            Heard::SpeechStopped { end } => self.tell_talk(at, Talk::SpeechStopped { end }),
            Heard::Key(key) => self.key_pressed(at, leg, (Way::Media, key.as_char())),
            Heard::Tone(tone) => {
                let single = tone.is_beep().then_some(LineTone::Single);
                let rhythm = tone.cadence().map(|cadence| match cadence {
                    Cadence::Ringing => LineTone::Ringing,
                    Cadence::Busy => LineTone::Busy,
                });
                if let Some(tone) = single.or(rhythm) {
                    self.tell_talk(at, Talk::Tone(tone));
                }
            }
            Heard::Dead { .. } => self.lane_lost(at, leg),
            Heard::OnlyStrangers => {
                let (part, code) = ("media".to_owned(), "strangers".to_owned());
                let fault =
                    Event::FaultNoted { part, code, fallback: "nobody is heard".to_owned() };
                self.journal(fault, Texts::default());
            }
            Heard::UtteranceEnded(_)
            | Heard::FirstPacket { .. }
            | Heard::KeysSent
            | Heard::CodecChanged { .. }
            | Heard::PeerLeft => {}
        }
    }

    fn playout(&mut self, at: Moment, p: PlayoutEvent) {
        let (what, state, offset) = match p.change {
            PlayoutChange::Started => (Playback::Started, PlaybackState::Started, 0),
            PlayoutChange::Finished { total } => {
                let sent = total.as_samples(self.plan.media.speech_rate());
                (Playback::Finished { sent }, PlaybackState::Finished, total.as_millis())
            }
            PlayoutChange::Paused { offset } => {
                (Playback::Paused, PlaybackState::Paused, offset.as_millis())
            }
            PlayoutChange::Resumed { offset } => {
                (Playback::Resumed, PlaybackState::Resumed, offset.as_millis())
            }
            PlayoutChange::Cut { offset, .. } => {
                let samples = offset.as_samples(self.plan.media.speech_rate());
                (Playback::Cut { offset: samples }, PlaybackState::Cut, offset.as_millis())
            }
            PlayoutChange::Skipped => (Playback::Dropped, PlaybackState::Skipped, 0),
            // The synthesizer is late; the callee hears a gap, the turn's times show it.
            PlayoutChange::Starved { .. } => return,
            PlayoutChange::Lost { offset } if offset == MediaTime::ZERO => {
                return self.tell_talk(at, Talk::Unspeakable(p.item));
            }
            PlayoutChange::Lost { .. } => return self.tell_talk(at, Talk::Lost(p.item)),
        };
        let (playlist, item) = (p.playlist, p.item);
        let event = Event::PlaybackChanged { playlist, item, state, offset_ms: offset };
        self.journal(event, Texts::default());
        self.tell_talk(at, Talk::Playback(playlist, item, what, p.at));
    }

    /// A key of the callee's telephone, by whichever way it came.
    pub(crate) fn key_pressed(&mut self, at: Moment, leg: LegId, (way, key): (Way, char)) {
        if !self.is_talking() || !self.keys.is_new(at.now, way, key) {
            return;
        }
        let texts = Texts { keys: Some(key.to_string()), ..Texts::default() };
        self.journal(Event::KeysPressed { leg }, texts);
        self.tell_talk(at, Talk::Key(key));
    }

    /// Also while ending: what was heard of the last words belongs to the record.
    fn tell_talk(&mut self, at: Moment, input: Talk) {
        self.talk.handle(at.now, input);
        self.drain_talk(at);
    }
}
