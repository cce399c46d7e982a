//! Our side of one leg on the fake plane: what plays, and what of it the callee could hear.

use std::sync::Arc;

use domain::{MediaTime, PlaylistId};
use media::leg::LegCommand;
use media::playout::{Playout, PlayoutChange, PlayoutEvent};

use engine::plane::Waiting;

use super::account::{Account, Audible, is_audible};
use crate::sabotage::{Plants, Sabotage};

/// See the module.
pub(super) struct Speaking {
    playout: Playout,
    account: Account,
    told: Vec<PlayoutEvent>,
    /// Whether anything was audible in the last tick.
    audible: bool,
    cut_until: PlaylistId,
    plants: Plants,
    /// Samples that came, whatever became of them.
    given: u64,
    waiting: Arc<Waiting>,
}

impl Speaking {
    pub(super) fn new(plants: Plants, waiting: Arc<Waiting>) -> Self {
        Self {
            given: 0,
            waiting,
            playout: Playout::new(8_000),
            account: Account::default(),
            told: Vec::new(),
            audible: false,
            cut_until: PlaylistId(0),
            plants,
        }
    }

    pub(super) fn audible(&self) -> &[Audible] {
        self.account.audible()
    }

    pub(super) fn is_audible(&self) -> bool {
        self.audible
    }

    /// Whether a command is still wanted: nothing is that belongs to a playlist that was cut.
    pub(super) fn wants(&mut self, command: &LegCommand) -> bool {
        if let LegCommand::Play { chunk, .. } = command {
            self.given += chunk.len() as u64;
        }
        match command {
            LegCommand::Cut(list) => self.cut_until = self.cut_until.max(*list),
            LegCommand::Queue { playlist, .. }
            | LegCommand::Play { playlist, .. }
            | LegCommand::EndItem { playlist, .. } => return *playlist > self.cut_until,
            _ => {}
        }
        true
    }

    /// Carries out a command that is wanted.
    pub(super) fn command(&mut self, command: LegCommand) {
        let p = &mut self.playout;
        match command {
            LegCommand::Cut(_) if self.plants.fires(Sabotage::CutIgnored) => {}
            LegCommand::Cut(list) => p.cut(list),
            LegCommand::Queue { playlist, item } => {
                assert!(p.queue(playlist, item), "the floor keeps below the leg's bound");
            }
            LegCommand::Play { playlist, item, chunk } => {
                let pushed = p.push(playlist, item, chunk);
                assert!(pushed.is_ok(), "the mouth waits for room");
            }
            LegCommand::EndItem { playlist, item } => {
                p.end_item(playlist, item);
            }
            LegCommand::Pause => p.pause(),
            LegCommand::Resume => p.resume(),
            LegCommand::CutAll => p.cut_all(),
            LegCommand::SetOnSpeech(on_speech) => p.set_on_speech(on_speech),
            LegCommand::SetEndpointing(_) | LegCommand::SendKeys(_) | LegCommand::Hold(_) => {}
        }
    }

    /// Plays 20 ms while the callee has spoken for `speech_ms`, or may be beginning to.
    pub(super) fn tick(&mut self, at: MediaTime, speech_ms: u64, stirring: bool) {
        self.playout.heard(speech_ms, stirring);
        let mut out = [0i16; 160];
        self.playout.fill(at, &mut out);
        while self.playout.take_used().is_some() {}
        self.waiting.set_done(self.given - self.playout.waiting());
        self.collect();
        let begun = self.told.iter().filter(|e| e.change == PlayoutChange::Started);
        let starts: Vec<MediaTime> = begun.map(|e| e.at).collect();
        self.went_out(at, &out, &starts);
        self.audible = is_audible(&out);
    }

    /// Takes in 20 ms that went out, in which lines began at `starts`.
    pub(super) fn went_out(&mut self, at: MediaTime, out: &[i16], starts: &[MediaTime]) {
        self.account.tick(at, out, starts);
    }

    /// What playout did since the last time.
    pub(super) fn take_told(&mut self) -> Vec<PlayoutEvent> {
        self.collect();
        let mut told = std::mem::take(&mut self.told);
        told.iter_mut().for_each(|event| self.lie(event));
        told
    }

    fn collect(&mut self) {
        while let Some(event) = self.playout.poll_event() {
            self.told.push(event);
        }
    }

    /// A planted fault: what was cut is said to have gone out whole.
    pub(super) fn lie(&self, event: &mut PlayoutEvent) {
        if let PlayoutChange::Cut { offset, total } = &mut event.change
            && *total > *offset + MediaTime::from_millis(400)
            && self.plants.fires(Sabotage::OverReported)
        {
            *offset = *total;
        }
    }
}
