//! Requirements: any text becomes a message in either language, and no name or content of it
//! panics the extractor or the readers of numbers behind it.
#![no_main]

use domain::Language;
use libfuzzer_sys::fuzz_target;
use speech::synth_text;

fuzz_target!(|text: &str| {
    // As long as a door lets it be would only slow the search down.
    if text.len() > 4_096 {
        return;
    }
    for language in [Language::Zh, Language::En] {
        let message = speech::extract::read(text, language);
        let brief = speech::extract::brief(text, language);
        assert_eq!(brief.addressee, message.addressee);
        let segments = synth_text::segments(text, language);
        let _ = synth_text::spell_digits(text, language);
        assert!(segments.len() <= text.len() + 1);
    }
});
