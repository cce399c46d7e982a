//! Addresses of trunks: what is read prints, port and transport filled in, as what prints the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::TrunkAddress;

fuzz_target!(|text: &str| {
    if let Ok(address) = text.parse::<TrunkAddress>() {
        let printed = address.to_string();
        let again = printed.parse::<TrunkAddress>().map(|a| a.to_string());
        assert_eq!(again.as_ref(), Ok(&printed), "{address:?}");
        assert!(!printed.contains(['\r', '\n', ' ', '<', '>', '"']), "{printed:?}");
    }
    // One [[trunk]] of the settings.
    let _ = toml::from_str::<sip::TrunkConfig>(text);
});
