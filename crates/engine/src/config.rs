//! What the engine is configured with; `app` fills it in, nothing here reads a file.

use std::sync::Arc;

use domain::{AccountId, Price, WallTime};
use media::profile::MediaProfile;

use crate::calls::Catalogue;

/// Settings of one engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Choices, price and limits, as customers see them.
    pub catalogue: Catalogue,
    /// Trunks, in the order of configuration.
    pub routes: Vec<Route>,
    /// Name of this process in the journal.
    pub node: String,
    /// Calls of one account past `queued` at a time (setting `calls.max_concurrent`).
    pub max_concurrent: u32,
    /// Calls of one account to one number in an hour and in a day; 0 is no limit.
    pub callee_per_hour: u32,
    /// See `callee_per_hour`.
    pub callee_per_day: u32,
    /// Whether calls on a simulated trunk count for those limits.
    pub count_simulated: bool,
    /// The number shown where neither account nor trunk has one.
    pub caller: Option<String>,
    /// Whether a machine is left one neutral sentence (setting `voicemail.message`).
    pub voicemail_message: bool,
    /// Streams open at a time per call (setting `stream.max_per_call`).
    pub streams_per_call: u32,
    /// Streams open at a time per key (setting `stream.max_per_key`).
    pub streams_per_key: u32,
}

impl EngineConfig {
    /// The price of a minute.
    pub fn price(&self) -> Price {
        self.catalogue.price
    }
}

/// What the engine knows of a trunk: enough to choose one before the INVITE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it reaches no telephone.
    pub simulated: bool,
    /// Numbers it carries, by prefix; empty carries all.
    pub prefixes: Vec<String>,
    /// Lower is tried first; equal ones in the order of configuration.
    pub priority: u32,
    /// Calls at a time.
    pub lines: u32,
    /// New calls a second.
    pub calls_per_second: u32,
    /// The number shown.
    pub caller: Option<String>,
    /// What it wants of its media.
    pub media: Arc<MediaProfile>,
}

impl Route {
    /// A route that carries every number, with usual limits.
    pub fn open(name: &str, simulated: bool) -> Self {
        Self {
            name: name.into(),
            simulated,
            prefixes: Vec::new(),
            priority: 100,
            lines: 100,
            calls_per_second: 10,
            caller: None,
            media: Arc::default(),
        }
    }

    /// Whether it carries this number.
    pub fn carries(&self, number: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|p| number.starts_with(p.as_str()))
    }
}

/// The routes that carry `number`, the one to be tried first at the front.
pub(crate) fn candidates<'a>(routes: &'a [Route], number: &str) -> Vec<&'a Route> {
    let mut found: Vec<&Route> = routes.iter().filter(|r| r.carries(number)).collect();
    found.sort_by_key(|r| (r.priority, longest_prefix(r, number)));
    found
}

/// Sorts the more specific prefix first.
fn longest_prefix(route: &Route, number: &str) -> std::cmp::Reverse<usize> {
    let fits = route.prefixes.iter().filter(|p| number.starts_with(p.as_str()));
    std::cmp::Reverse(fits.map(String::len).max().unwrap_or(0))
}

/// A key of a live call within the scheduler: one account reaches one number once at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) account: AccountId,
    pub(crate) number: String,
}

/// When a queued call is given up.
pub(crate) fn queue_deadline(created: WallTime, queue_s: u32) -> WallTime {
    created.plus_millis(i64::from(queue_s) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_chosen_by_priority_then_by_the_longest_prefix() {
        let route = |name: &str, priority, prefixes: &[&str]| Route {
            priority,
            prefixes: prefixes.iter().map(|p| (*p).to_owned()).collect(),
            ..Route::open(name, false)
        };
        let routes = [
            route("wide", 10, &[]),
            route("mobile", 10, &["1"]),
            route("unicom", 10, &["130", "131"]),
            route("first", 1, &["139"]),
        ];
        for (number, want) in [
            ("13000000000", vec!["unicom", "mobile", "wide"]),
            ("13900000000", vec!["first", "mobile", "wide"]),
            ("8001", vec!["wide"]),
        ] {
            let got: Vec<&str> = candidates(&routes, number).iter().map(|r| &*r.name).collect();
            assert_eq!(got, want, "{number}");
        }
    }
}
