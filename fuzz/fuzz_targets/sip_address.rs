//! Addresses of trunks: what is read prints as something that reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::TrunkAddress;

fuzz_target!(|text: &str| {
    if let Ok(address) = text.parse::<TrunkAddress>() {
        let printed = address.to_string();
        assert_eq!(printed.parse::<TrunkAddress>().as_ref(), Ok(&address), "{printed}");
        assert!(!printed.contains(['\r', '\n', ' ', '<', '>', '"']), "{printed:?}");
    }
    // One [[trunk]] of the settings.
    let _ = toml::from_str::<sip::TrunkConfig>(text);
});
