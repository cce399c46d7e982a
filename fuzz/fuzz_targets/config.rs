//! `waihu.toml`: any text is read or refused in words; what is read can be plugged together.
#![no_main]

#[allow(dead_code, reason = "the binary's own file; only its reader is wanted here")]
#[path = "../../crates/app/src/server/config/mod.rs"]
mod config;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let settings = match toml::from_str::<config::Settings>(text) {
        Ok(settings) => settings,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    if let Err(error) = settings.check() {
        return assert!(!error.to_string().is_empty());
    }
    let _ = settings.limits();
    for trunk in &settings.trunk {
        let _ = (trunk.for_sip(), trunk.route(&settings.media));
    }
});
