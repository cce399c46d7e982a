//! The `Responder` port by a script: tells the message, answers what the requirement answers, asks
//! whether it was understood, and ends the call.
//!
//! It keeps nothing between replies: where the talk stands is found anew from the history. It
//! never asks for passwords, codes or card numbers and never says that it is human, whatever the
//! requirement orders.

mod answer;
mod intent;
mod lines;
mod portions;
mod talk;
mod topics;

use domain::{Language, Masked};
use engine::ports::responder::{RespondOrder, Responder, ResponderEvent};
use tokio::sync::mpsc;

use crate::extract;
use talk::{Move, Talk};

/// Replies by a script; needs no model and no network.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScriptResponder;

impl Responder for ScriptResponder {
    fn name(&self) -> &'static str {
        "script"
    }

    fn respond(&self, order: RespondOrder) -> mpsc::Receiver<ResponderEvent> {
        let events = events(&order);
        // Bounded by what it holds: the whole reply is known, so it never overflows.
        let (sender, receiver) = mpsc::channel(events.len().max(1));
        for event in events {
            if sender.try_send(event).is_err() {
                break;
            }
        }
        receiver
    }
}

fn events(order: &RespondOrder) -> Vec<ResponderEvent> {
    let message = extract::read(order.requirement.reveal(), order.language);
    let name = order.addressee.as_ref().map(|a| a.reveal().as_str());
    let addressee = name.or(message.addressee.as_deref());
    let most = usize::try_from(order.max_chars).unwrap_or(usize::MAX);
    let talk = Talk::new(&message, addressee, &order.history, order.language, most);
    let next = talk.next(order.prompt);
    let mut out: Vec<ResponderEvent> = within(&next, most, order.language)
        .into_iter()
        .map(|text| ResponderEvent::Text(Masked::new(text)))
        .collect();
    if let Some(done) = next.end {
        out.push(ResponderEvent::EndCall { done });
    }
    out.push(ResponderEvent::Finished);
    out
}

/// The sentences that fit; the one that does not is cut, what follows it is left out.
fn within(next: &Move, most: usize, language: Language) -> Vec<String> {
    let mut left = most;
    let mut out = Vec::new();
    for (at, sentence) in next.say.iter().enumerate() {
        let gap = match language {
            Language::En if at > 0 => " ",
            _ => "",
        };
        let text: String = format!("{gap}{sentence}").chars().take(left).collect();
        left -= text.chars().count();
        if !text.is_empty() {
            out.push(text);
        }
    }
    out
}
