//! The embedded synthesizer against the real program.

use domain::Masked;

use super::*;

fn order(text: &str) -> SpeakOrder {
    SpeakOrder {
        text: Masked::new(text.to_owned()),
        language: Language::of_text(text),
        voice: "v0001".to_owned(),
        emotion: "neutral".to_owned(),
        speed: 50,
        volume: 50,
        sample_rate: 8_000,
        class: engine::ports::synthesizer::SpeechClass::Neutral,
    }
}

fn synthesizer() -> EspeakSynthesizer {
    EspeakSynthesizer::new(Espeak::default(), 1 << 20)
}

async fn collect(
    synthesizer: &EspeakSynthesizer,
    order: SpeakOrder,
) -> Result<Vec<SpeechChunk>, SpeechError> {
    let mut chunks = synthesizer.speak(order);
    let mut all = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        all.push(chunk?);
    }
    Ok(all)
}

fn length(chunks: &[SpeechChunk]) -> usize {
    chunks.iter().map(|c| c.samples.len()).sum()
}

#[tokio::test]
async fn marks_rise_to_the_whole_count_and_chunks_are_small() {
    for text in ["您好，我是小陈的AI助手。请问是张三先生吗？", "Hello. Is this Mr Smith?", "好"]
    {
        let chunks = collect(&synthesizer(), order(text)).await.unwrap();
        let marks: Vec<u32> = chunks.iter().filter_map(|c| c.chars_done).collect();
        assert_eq!(marks.len(), chunks.len());
        assert!(marks.is_sorted(), "{text}: {marks:?}");
        assert_eq!(marks.last().copied(), Some(text.chars().count() as u32), "{text}");
        assert!(chunks.iter().all(|c| (1..=320).contains(&c.samples.len())));
    }
}

#[tokio::test]
async fn pace_rate_and_volume_do_what_they_say() {
    let synthesizer = synthesizer();
    let natural = collect(&synthesizer, order("明天下午三点开会")).await.unwrap();
    // 8 hanzi at about 4.6 a second.
    assert!((10_000..18_000).contains(&length(&natural)), "{}", length(&natural));
    let slow = SpeakOrder { speed: 0, ..order("明天下午三点开会") };
    let slow = length(&collect(&synthesizer, slow).await.unwrap());
    assert!(slow > length(&natural) * 3 / 2, "{slow}");
    let wide = SpeakOrder { sample_rate: 16_000, ..order("明天下午三点开会") };
    let wide = length(&collect(&synthesizer, wide).await.unwrap());
    assert!(wide.abs_diff(2 * length(&natural)) < 400, "{wide}");
    let mute = SpeakOrder { volume: 0, ..order("明天下午三点开会") };
    let mute = collect(&synthesizer, mute).await.unwrap();
    assert!(mute.iter().all(|c| c.samples.iter().all(|s| *s == 0)));
}

#[tokio::test]
async fn a_second_time_comes_from_the_cache_and_sounds_the_same() {
    let first = EspeakSynthesizer::new(Espeak::default(), 1 << 20);
    let made = collect(&first, order("好的，再见")).await.unwrap();
    // The same cache over a program that does not exist: nothing can be made anew.
    let second = EspeakSynthesizer { espeak: Espeak::at("/nowhere/espeak"), ..first };
    assert_eq!(collect(&second, order("好的，再见")).await.unwrap(), made);
    assert!(collect(&second, order("别的话")).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_spoken_is_an_error_or_nothing() {
    let unknown = SpeakOrder { voice: "v9999".to_owned(), ..order("好") };
    assert_eq!(
        collect(&synthesizer(), unknown).await,
        Err(SpeechError::UnknownVoice { voice: "v9999".to_owned() })
    );
    let rate = SpeakOrder { sample_rate: 11_025, ..order("好") };
    assert!(collect(&synthesizer(), rate).await.is_err());
    assert_eq!(collect(&synthesizer(), order("")).await, Ok(Vec::new()));
    let missing = EspeakSynthesizer::new(Espeak::at("/nowhere/espeak"), 0);
    let result = collect(&missing, order("好")).await;
    assert!(matches!(result, Err(SpeechError::Unavailable { part: "espeak-ng", .. })));
}

#[tokio::test]
async fn an_unread_order_waits_and_a_dropped_one_ends() {
    let synthesizer = synthesizer();
    let text = "这是一句比较长的话，要说好几秒钟。".repeat(20);
    let mut chunks = synthesizer.speak(order(&text));
    assert!(chunks.recv().await.is_some());
    // The queue is bounded: however long nobody reads, no more than it holds is waiting.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(chunks.len() <= QUEUE_CHUNKS);
    drop(chunks);
    // An order that was given up is not cached as if it were whole.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(synthesizer.cache.bytes(), 0);
}

#[test]
fn the_default_voice_of_each_language_comes_first() {
    let voices = synthesizer().voices();
    assert_eq!(voices[0].id, "v0001");
    assert_eq!(voices[0].language, Language::Zh);
    let english = voices.iter().find(|v| v.language == Language::En);
    assert_eq!(english.map(|v| v.id.as_str()), Some("v0003"));
    assert!(voices.iter().all(|v| v.emotions == ["neutral"]));
}
