//! One call: carries out on SIP and RTP what its callee decides, and tells it what comes back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::{Language, Now, NumberRules, PhoneNumber, WallTime};
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{HeadersExt, Request, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::lane::{FromPhone, PhoneSettings, Playback, ToPhone};
use crate::media_session::{MediaSession, sdp_headers};
use crate::persona::{Callee, Input, Output, Persona, Sound};
use crate::report::{CallReport, Ended};
use crate::server::{Place, Shared};
use crate::sounds;
use crate::voices::{Pcm, SPEECH_LEVEL, Voice};

/// What a call is made of.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) layer: Arc<DialogLayer>,
    pub(crate) dialog: InviteDialog,
    pub(crate) stop: CancellationToken,
    pub(crate) place: Place,
}

/// Lives from INVITE to the report.
pub(crate) async fn run(parts: Parts, mut states: DialogStateReceiver) {
    let layer = Arc::clone(&parts.layer);
    let stop = parts.stop.clone();
    let mut call = Call::new(parts);
    call.render().await;
    call.feed(Input::Invited).await;
    while call.ended.is_none() {
        call.step(&mut states, &stop).await;
    }
    layer.remove_dialog(&call.dialog.id());
    call.report().await;
}

struct Call {
    shared: Arc<Shared>,
    dialog: InviteDialog,
    callee: Callee,
    who: Who,
    /// What the callee may say, rendered.
    lines: HashMap<&'static str, Pcm>,
    media: Option<MediaSession>,
    invited: Now,
    answered: Option<Now>,
    ended: Option<Ended>,
    _place: Place,
}

/// Who is called, and how this call falls out.
struct Who {
    number: String,
    persona: &'static Persona,
    language: Language,
    at: WallTime,
    /// Chooses the voice.
    draw: u64,
    chance: Chance,
}

/// What the next step of a call is about.
enum Event {
    Deadline,
    Phone(FromPhone),
    Sip(Box<DialogState>),
    Stopped,
}

impl Call {
    fn new(parts: Parts) -> Self {
        let Parts { shared, dialog, place, .. } = parts;
        let request = dialog.initial_request();
        let number = request.uri.user().unwrap_or_default().to_owned();
        let persona = Persona::of_number(&number);
        let language = shared.config.language.unwrap_or_else(|| accepted_language(&request));
        let nth = shared.count_call(&number);
        let mut chance = Chance::of_call(shared.config.seed, &number, nth);
        let draw = chance.draw();
        let callee = Callee::new(persona, language, chance.fork());
        let who = Who { number, persona, language, at: Clock::wall(), draw, chance };
        Self {
            invited: shared.clock.now(),
            shared,
            dialog,
            callee,
            who,
            lines: HashMap::new(),
            media: None,
            answered: None,
            ended: None,
            _place: place,
        }
    }

    /// Makes everything the callee may say, so that no answer waits for it.
    async fn render(&mut self) {
        for line in self.who.persona.lines() {
            let voice = Voice::of(self.who.language, line.speaker(), self.who.draw);
            for text in line.variants(self.who.language) {
                match self.shared.voices.render(voice, text).await {
                    Ok(pcm) => drop(self.lines.insert(text, pcm)),
                    Err(error) => tracing::warn!(%error, "a callee's line stays silent"),
                }
            }
        }
    }

    async fn step(&mut self, states: &mut DialogStateReceiver, stop: &CancellationToken) {
        let deadline = self.callee.next_deadline().map(|at| self.shared.clock.instant(at));
        let media = &mut self.media;
        let event = tokio::select! {
            state = states.recv() => match state {
                Some(state) => Event::Sip(Box::new(state)),
                None => Event::Stopped,
            },
            Some(event) = async {
                match media {
                    Some(media) => media.events.recv().await,
                    None => std::future::pending().await,
                }
            } => Event::Phone(event),
            () = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            } => Event::Deadline,
            () = stop.cancelled() => Event::Stopped,
        };
        match event {
            Event::Deadline => self.feed(Input::Tick).await,
            Event::Phone(FromPhone::AiStarted) => self.feed(Input::AiStarted).await,
            Event::Phone(FromPhone::AiStopped) => self.feed(Input::AiStopped).await,
            Event::Phone(FromPhone::PlayedOut) => self.feed(Input::PlayedOut).await,
            Event::Sip(state) => self.signalled(*state).await,
            Event::Stopped => {
                self.end(Ended::LabStopped, StatusCode::ServiceUnavailable).await;
            }
        }
    }

    async fn signalled(&mut self, state: DialogState) {
        match state {
            DialogState::Updated(_, request, handle) => self.described(&request, &handle).await,
            DialogState::Info(_, _, handle) | DialogState::Options(_, _, handle) => {
                let _ = handle.reply(StatusCode::OK).await;
            }
            DialogState::Refer(_, _, handle)
            | DialogState::Notify(_, _, handle)
            | DialogState::Message(_, _, handle)
            | DialogState::Publish(_, _, handle) => {
                let _ = handle.reply(StatusCode::NotImplemented).await;
            }
            DialogState::Terminated(_, reason) => {
                self.ended.get_or_insert(match reason {
                    TerminatedReason::UacCancel => Ended::CallerCancelled,
                    _ => Ended::CallerHungUp,
                });
                self.callee.handle(self.shared.clock.now(), Input::Over);
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..)
            | DialogState::Confirmed(..) => {}
        }
    }

    /// The caller re-describes its side (re-INVITE or UPDATE).
    async fn described(&mut self, request: &Request, handle: &TransactionHandle) {
        let done = match &mut self.media {
            Some(media) if request.body.is_empty() => Ok(media.reoffer()),
            Some(media) => media.answer_again(&self.shared, &request.body),
            None => Err(StatusCode::NotAcceptableHere),
        };
        let sent = match done {
            Ok(sdp) => {
                let headers = sdp_headers();
                handle.respond(StatusCode::OK, headers, Some(sdp.into_bytes())).await
            }
            Err(status) => handle.reply(status).await,
        };
        if sent.is_err() {
            tracing::debug!("a re-INVITE went away before its answer");
        }
    }

    async fn feed(&mut self, input: Input) {
        self.callee.handle(self.shared.clock.now(), input);
        while let Some(output) = self.callee.poll_output() {
            if self.ended.is_some() {
                return;
            }
            self.perform(output).await;
        }
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::Ring => self.note(self.dialog.ringing(None, None)),
            Output::Progress => {
                if let Some(sdp) = self.open_media().await {
                    let headers = sdp_headers();
                    self.note(self.dialog.ringing(headers, Some(sdp.into_bytes())));
                }
            }
            Output::Answer => self.answer().await,
            Output::Refuse(status) => {
                self.end(Ended::Refused(status), StatusCode::from(status)).await;
            }
            Output::Say(speech) => {
                // A line that could not be rendered lasts no time.
                let samples = self.lines.get(speech.text).cloned().unwrap_or_default();
                self.tell(ToPhone::Play(Playback {
                    samples,
                    line: Some(speech.line),
                    repeats: false,
                }));
            }
            Output::Play(sound) => self.tell(ToPhone::Play(Playback {
                samples: sounds::render(sound),
                line: None,
                repeats: sound == Sound::Music,
            })),
            Output::Press(key) => self.tell(ToPhone::Press(key)),
            Output::Vanish => self.tell(ToPhone::Vanish),
            Output::Hold(on) => self.hold(on).await,
            Output::HangUp => self.end(Ended::CalleeHungUp, StatusCode::BusyHere).await,
        }
    }

    async fn answer(&mut self) {
        let Some(sdp) = self.open_media().await else {
            return;
        };
        let now = self.shared.clock.now();
        self.answered = Some(now);
        self.tell(ToPhone::Stop);
        self.tell(ToPhone::Answered(now));
        let headers = sdp_headers();
        self.note(self.dialog.accept(headers, Some(sdp.into_bytes())));
    }

    /// Opens the phone once; the text of our answer, or `None` after refusing the call.
    async fn open_media(&mut self) -> Option<String> {
        if self.media.is_none() {
            let ip = self.shared.local.ip();
            let ip = if ip.is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { ip };
            let offer = self.dialog.initial_request().body;
            let settings = self.phone_settings();
            match MediaSession::open(&self.shared, ip, &offer, settings) {
                Ok(media) => self.media = Some(media),
                Err(status) => {
                    let code = u16::from(status.clone());
                    self.end(Ended::Refused(code), status).await;
                }
            }
        }
        self.media.as_ref().map(|media| media.sdp.clone())
    }

    fn phone_settings(&mut self) -> PhoneSettings {
        let Who { persona, chance, .. } = &mut self.who;
        let mut impairment = self.shared.config.impairment;
        impairment.loss_pct += f64::from(persona.loss_pct);
        let noise_level =
            persona.noise_snr_db.map_or(0.0, |db| SPEECH_LEVEL / 10f32.powf(f32::from(db) / 20.0));
        PhoneSettings {
            impairment,
            noise_level,
            marks: self.shared.config.marks,
            record: self.shared.config.out_dir.is_some(),
            chance: chance.fork(),
        }
    }

    async fn hold(&mut self, on: bool) {
        let Some(media) = &mut self.media else { return };
        let offer = media.hold_offer(on);
        let headers = sdp_headers();
        let asked = self.dialog.reinvite(headers, Some(offer.into_bytes()));
        match tokio::time::timeout(REINVITE_TIMEOUT, asked).await {
            Ok(Ok(Some(response))) if !response.body.is_empty() => {
                if let Err(error) = media.accept(&self.shared, &response.body) {
                    tracing::warn!(%error, "the answer to a re-INVITE cannot be used");
                }
            }
            Ok(Ok(_)) => tracing::warn!("re-INVITE was refused"),
            Ok(Err(error)) => tracing::warn!(%error, "re-INVITE failed"),
            Err(_) => tracing::warn!("re-INVITE got no answer"),
        }
    }

    /// Ends the call from this side: BYE after the answer, else the given final status.
    async fn end(&mut self, how: Ended, status: StatusCode) {
        self.ended = Some(how);
        self.callee.handle(self.shared.clock.now(), Input::Over);
        if self.answered.is_none() {
            return self.note(self.dialog.reject(Some(status), None));
        }
        match tokio::time::timeout(BYE_TIMEOUT, self.dialog.bye()).await {
            Ok(done) => self.note(done),
            Err(_) => tracing::debug!("BYE got no answer"),
        }
    }

    async fn report(self) {
        let heard = match &self.media {
            Some(media) => self.shared.lane.close(media.phone, self.invited).await,
            None => None,
        };
        let call_id = self.dialog.id().call_id;
        let wav_path = self.wav_path(&call_id);
        let (heard, samples) = heard.map_or((None, None), |(h, s)| (Some(h), s));
        let mut report = CallReport {
            call_id,
            number: phone_number(&self.who.number),
            persona: self.who.persona.name,
            language: self.who.language,
            at: self.who.at,
            answered_after_ms: self
                .answered
                .map(|at| u64::try_from(at.since(self.invited).as_millis()).unwrap_or(u64::MAX)),
            ended: self.ended.unwrap_or(Ended::LabStopped),
            heard,
        };
        let shared = Arc::clone(&self.shared);
        let written = tokio::task::spawn_blocking(move || {
            if let (Some(heard), Some(samples), Some(path)) = (&mut report.heard, samples, wav_path)
            {
                match std::fs::File::create(&path).and_then(|file| {
                    crate::wav::write(&mut std::io::BufWriter::new(file), &samples)
                }) {
                    Ok(()) => heard.wav = Some(path),
                    Err(error) => tracing::warn!(%error, "call audio not written"),
                }
            }
            shared.reports.add(report);
        });
        if written.await.is_err() {
            tracing::warn!("call report lost");
        }
    }

    /// `CODE-CALLID.wav`; of the Call-ID, which a stranger chose, only harmless characters.
    fn wav_path(&self, call_id: &str) -> Option<PathBuf> {
        let dir = self.shared.config.out_dir.as_ref()?;
        let name: String =
            call_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
        Some(dir.join(format!("{}-{name}.wav", self.who.persona.code)))
    }

    fn tell(&mut self, order: ToPhone) {
        if let Some(media) = &self.media
            && let Err(error) = self.shared.lane.tell(media.phone, order)
        {
            tracing::warn!(%error, "a call of the lab goes wrong");
        }
    }

    fn note(&self, done: rsipstack::Result<()>) {
        if let Err(error) = done {
            tracing::debug!(%error, "SIP message not sent");
        }
    }
}

fn accepted_language(request: &Request) -> Language {
    match request.header_value("Accept-Language") {
        Some(value) if value.trim_start().starts_with("en") => Language::En,
        _ => Language::Zh,
    }
}

/// The called number as a value that masks itself; `None` if it is no number at all.
fn phone_number(text: &str) -> Option<PhoneNumber> {
    NumberRules::new(vec!["*".to_owned()]).ok()?.parse(text).ok()
}

const BYE_TIMEOUT: Duration = Duration::from_secs(2);
const REINVITE_TIMEOUT: Duration = Duration::from_secs(5);
