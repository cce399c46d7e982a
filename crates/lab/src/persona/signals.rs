//! What goes into a callee and what comes out of it.

use super::Line;

/// What a callee notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The phone is called.
    Invited,
    /// The AI began to speak.
    AiStarted,
    /// The AI fell silent.
    AiStopped,
    /// What the callee was saying, or a sound, has been sent to its end.
    PlayedOut,
    /// The time of [`super::Callee::next_deadline`] has come.
    Tick,
    /// The other side cancelled or hung up.
    Over,
}

/// What a callee does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send 180.
    Ring,
    /// Send 183 and open the media.
    Progress,
    /// Send 200 and open the media; what still plays stops.
    Answer,
    /// Send this final status.
    Refuse(u16),
    /// Speak.
    Say(Speech),
    /// Play a sound.
    Play(Sound),
    /// Send a key as telephone-event.
    Press(char),
    /// Stop sending RTP.
    Vanish,
    /// Re-INVITE: put the AI on hold, or take it back with another codec.
    Hold(bool),
    /// Send BYE.
    HangUp,
}

/// One line in one of its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speech {
    /// What kind of line.
    pub line: Line,
    /// What is said.
    pub text: &'static str,
}

/// A sound that is not speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sound {
    /// Ringback music; lasts until something else plays.
    Music,
    /// The tone after a voicemail greeting: 1 kHz for half a second.
    Beep,
}
