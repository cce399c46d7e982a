//! The recognizer against synthesised callees: replies, other speech, noise, bursts.
//!
//! The voices here are neither learnt from nor spoken by the lab. The full measurement is
//! `cargo run -p xtask -- accuracy`; this is its fast floor.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use domain::{FRAME_SAMPLES, Frame, Language, MediaTime, PCM_RATE};
use engine::ports::recognizer::{Expect, Heard, Recognizer, RecognizerOptions};
use media::resample::SpeechResampler;
use speech::espeak::{ESPEAK_RATE, Espeak, voice_of};
use speech::recognizer::SphinxRecognizer;
use speech::sphinx::Sphinx;
use speech::sphinx_pool::{PoolSettings, SphinxPool};

/// What a callee says, through an 8 kHz line, at 16 kHz.
async fn said(language: Language, variant: &str, text: &str) -> Vec<i16> {
    let voice = format!("{}+{variant}", voice_of(language));
    let pace = match language {
        Language::Zh => 220,
        Language::En => 165,
    };
    let mut speaking = Espeak::default().speak(&voice, pace, text).await.unwrap();
    let (mut narrow, mut wide) = (Vec::new(), Vec::new());
    let mut down = SpeechResampler::new(ESPEAK_RATE, 8_000);
    while let Some(samples) = speaking.next().await.unwrap() {
        down.push(&samples, &mut narrow);
    }
    down.finish(&mut narrow);
    let mut up = SpeechResampler::new(8_000, PCM_RATE);
    up.push(&[0; 1_600], &mut wide);
    up.push(&narrow, &mut wide);
    up.push(&[0; 2_400], &mut wide);
    up.finish(&mut wide);
    wide
}

fn pool() -> SphinxPool {
    SphinxPool::start(&Sphinx::open().unwrap(), &PoolSettings::default()).unwrap()
}

/// How many of the texts are heard as themselves.
async fn right(pool: &SphinxPool, language: Language, expect: Expect, texts: &[&str]) -> usize {
    let mut count = 0;
    for text in texts {
        for variant in ["f2", "m5"] {
            let samples = said(language, variant, text).await;
            let heard = pool.decode(samples, language, expect).await.unwrap();
            count += usize::from(heard.is_some_and(|h| h.text == *text));
        }
    }
    count
}

#[tokio::test]
async fn replies_of_the_list_are_heard() {
    let pool = pool();
    for (language, expect, texts, floor) in [
        (
            Language::Zh,
            Expect::Identity,
            ["我就是", "你打错了", "不要再打了", "你是机器人吗", "他不在，我是他家人"],
            7,
        ),
        (
            Language::Zh,
            Expect::Talk,
            ["什么时候", "好的，知道了", "请再说一遍", "谢谢，再见", "在什么地方"],
            7,
        ),
        (
            Language::En,
            Expect::Identity,
            [
                "yes that's me",
                "you have the wrong number",
                "do not call this number again",
                "are you a robot",
                "he's not here right now",
            ],
            6,
        ),
    ] {
        let count = right(&pool, language, expect, &texts).await;
        assert!(count >= floor, "{language:?} {expect:?}: {count} of 10");
    }
}

#[tokio::test]
async fn speech_outside_the_list_is_unclear() {
    let pool = pool();
    for (language, texts) in [
        (
            Language::Zh,
            ["小门口的银行搬走了", "邮票", "楼上", "下个星期准备去爬山", "眼镜", "一杯豆浆"],
        ),
        (
            Language::En,
            [
                "the flight was cancelled because of fog",
                "boston",
                "swimming",
                "two eggs are left in the fridge",
                "kitchen",
                "eight horses",
            ],
        ),
    ] {
        let mut accepted = Vec::new();
        for text in texts {
            for variant in ["f2", "m5"] {
                let samples = said(language, variant, text).await;
                let heard = pool.decode(samples, language, Expect::Identity).await.unwrap();
                accepted.extend(heard.map(|h| format!("{text}: {}", h.text)));
            }
        }
        assert!(accepted.len() <= 1, "{language:?}: {accepted:?}");
    }
}

#[tokio::test]
async fn what_is_no_speech_is_unclear() {
    let pool = pool();
    let mut state = 1_u32;
    let mut noise = |level: i32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i32 * level / 65_536 - level / 2) as i16
    };
    let hiss: Vec<i16> = (0..24_000).map(|_| noise(400)).collect();
    let roar: Vec<i16> = (0..24_000).map(|_| noise(20_000)).collect();
    let tone = (0..16_000).map(|n| ((f64::from(n) * 0.393).sin() * 8_000.0) as i16).collect();
    for (name, samples) in [
        ("nothing", Vec::new()),
        ("one sample", vec![100]),
        ("silence", vec![0; 16_000]),
        ("a click", [vec![0; 8_000], vec![30_000; 16], vec![0; 8_000]].concat()),
        ("hiss", hiss),
        ("roar", roar),
        ("a tone", tone),
    ] {
        for language in [Language::Zh, Language::En] {
            let heard = pool.decode(samples.clone(), language, Expect::Talk).await.unwrap();
            assert_eq!(heard, None, "{name} in {language:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_agree() {
    let pool = Arc::new(pool());
    let samples = said(Language::Zh, "f2", "你打错了").await;
    let alone = pool.decode(samples.clone(), Language::Zh, Expect::Identity).await.unwrap();
    assert_eq!(alone.as_ref().map(|h| h.text.as_str()), Some("你打错了"));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (pool, samples) = (Arc::clone(&pool), samples.clone());
            tokio::spawn(async move { pool.decode(samples, Language::Zh, Expect::Identity).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), alone);
    }
}

#[tokio::test]
async fn a_full_queue_answers_unclear_at_once() {
    let settings = PoolSettings { threads: 1, queue: 1 };
    let pool = SphinxPool::start(&Sphinx::open().unwrap(), &settings).unwrap();
    let samples = said(Language::Zh, "f2", "你打错了").await;
    let decode = || pool.decode(samples.clone(), Language::Zh, Expect::Identity);
    let heard = futures::future::join_all((0..12).map(|_| decode())).await;
    let understood = heard.iter().filter(|h| matches!(h, Ok(Some(_)))).count();
    // One is being decoded, one waits; at most one more slips in between.
    assert!((1..=3).contains(&understood), "{understood}");
    assert!(heard.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_session_hears_the_frames_of_an_utterance() {
    let recognizer = SphinxRecognizer::start(&PoolSettings::default()).unwrap();
    let options = RecognizerOptions { language: Language::Zh, preset: None };
    let mut session = recognizer.open(&options).unwrap();
    let samples = said(Language::Zh, "f2", "不要再打了").await;
    let mut at = MediaTime::from_millis(5_000);
    let start = at;
    for chunk in samples.chunks_exact(FRAME_SAMPLES) {
        let samples = chunk.try_into().unwrap();
        session.push(&Frame { at, samples });
        at += MediaTime::from_millis(20);
    }
    let heard = session.finish(start, at, Expect::Identity).await.unwrap();
    assert_eq!(heard.text.reveal(), "不要再打了");
    assert!(heard.confidence.is_some_and(|c| (0.5..=1.0).contains(&c)));
    // All frames are used up.
    let again = session.finish(start, at, Expect::Identity).await.unwrap();
    assert_eq!(again, Heard::unclear());
}
