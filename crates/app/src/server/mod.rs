//! The server: settings, wiring, listener, and the commands that run on this machine's data.

pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod demo_table;
pub(crate) mod doctor;
pub(crate) mod ears;
pub(crate) mod http;
pub(crate) mod key;
pub(crate) mod lab;
pub(crate) mod platform;
pub(crate) mod requests;
pub(crate) mod serve;
pub(crate) mod stop;
pub(crate) mod trunk_check;
pub(crate) mod voices;

use crate::cli::output::tell;
use std::process::ExitCode;

/// Says what went wrong, with its causes, and gives the exit code for it.
pub(crate) fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(c) = cause {
        let more = c.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = c.source();
    }
    tell!("❌ {text}");
    let refused = error.downcast_ref::<platform::StartError>().is_some_and(|e| {
        matches!(e, platform::StartError::Settings(_) | platform::StartError::NoPorts { .. })
    });
    ExitCode::from(if refused { 2 } else { 1 })
}
