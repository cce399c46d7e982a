//! What the acoustic model of a language learns from: texts, who says them and over which line.

use std::error::Error;
use std::path::Path;

use domain::Language;
use speech::lexicon::built_in_phrases;
use speech::recognizer_cut::Cut;

use crate::learn::in_parallel;
use crate::learn_audio::{Dice, TelephoneLine, other_throat, over_the_line, speak_at};
use crate::learn_sounds::{Clauses, sounds};
use crate::learn_trial::composed;
use crate::learn_voices::{MODEL_VOICES, voice_name};

/// One recording of the corpus; its samples lie in a file of its own.
pub struct Recording {
    /// Name of its file, without the ending.
    pub name: String,
    /// What was said.
    pub said: Clauses,
}

/// Speaks `count` texts and writes them as raw 16-bit samples at 16 kHz into `dir`.
pub fn record(
    language: Language,
    count: usize,
    seed: u64,
    dir: &Path,
) -> Result<Vec<Recording>, Box<dyn Error>> {
    let phrases = built_in_phrases(language)?;
    // What the grammar can say: replies alone, and with a beginning or an end.
    let with_another = composed(&phrases, seed).into_iter().map(|text| text.text);
    let replies: Vec<String> = phrases.iter().map(|p| p.text.clone()).chain(with_another).collect();
    let words = words_of(language)?;
    let numbers: Vec<usize> = (0..count).collect();
    let mut all = in_parallel(&numbers, |share| {
        let one = |n: &usize| record_one(language, *n, seed, &replies, &words, dir);
        share.into_iter().map(|n| one(n).map_err(|e| e.to_string())).collect()
    })?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn record_one(
    language: Language,
    number: usize,
    seed: u64,
    replies: &[String],
    words: &[String],
    dir: &Path,
) -> Result<Recording, Box<dyn Error>> {
    let name = format!("u{number:05}");
    let mut dice = Dice::new(seed, &name);
    let text = if dice.unit() < SHARE_OF_REPLIES {
        dice.pick(replies).clone()
    } else {
        some_words(language, words, &mut dice)
    };
    let voice: &&str = dice.pick(&MODEL_VOICES);
    let voice = voice_name(language, voice);
    let (slow, fast) = match language {
        Language::Zh => (180.0, 280.0),
        Language::En => (130.0, 215.0),
    };
    let pace = slow + dice.unit() * (fast - slow);
    let pitch = (25.0 + dice.unit() * 50.0) as u32;
    // Faster through a shorter throat comes out as asked for.
    let throat = 0.84 + dice.unit() * 0.34;
    let spoken = speak_at(&voice, (pace / throat) as u32, pitch, &text)?;
    let spoken = other_throat(&spoken, throat);
    let snr_db = (dice.unit() < SHARE_OF_NOISE).then(|| 6.0 + dice.unit() * 19.0);
    let loss = if dice.unit() < SHARE_OF_LOSSY { 0.01 + dice.unit() * 0.04 } else { 0.0 };
    let line = TelephoneLine { snr_db, high_pass: dice.unit() < 0.7, loss };
    let samples = over_the_line(&spoken, line, &mut dice);
    let samples = Cut::of(&samples).map(|cut| cut.take(0)).unwrap_or_default();
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    std::fs::write(dir.join(&name).with_extension("raw"), bytes)?;
    Ok(Recording { name, said: sounds(language, &text)? })
}

/// Words in no order, so that every sound is heard beside many others.
fn some_words(language: Language, words: &[String], dice: &mut Dice) -> String {
    let count = match language {
        Language::Zh => 2 + (dice.unit() * 7.0) as usize,
        Language::En => 1 + (dice.unit() * 4.0) as usize,
    };
    let mut text = String::new();
    for n in 0..count {
        if n > 0 {
            let pause = dice.unit() < 0.12;
            text.push_str(match (language, pause) {
                (Language::Zh, true) => "，",
                (Language::Zh, false) => "",
                (Language::En, true) => ", ",
                (Language::En, false) => " ",
            });
        }
        let word: &String = dice.pick(words);
        text.push_str(word);
    }
    text
}

fn words_of(language: Language) -> Result<Vec<String>, Box<dyn Error>> {
    match language {
        Language::Zh => Ok(COMMON_HANZI.chars().map(String::from).collect()),
        Language::En => {
            let text = std::fs::read(ENGLISH)?;
            let usual = |word: &&str| {
                (2..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())
            };
            Ok(String::from_utf8_lossy(&text)
                .lines()
                .filter_map(|line| line.split(' ').next())
                .filter(usual)
                .map(str::to_owned)
                .collect())
        }
    }
}

/// So much of the corpus are replies of the list.
const SHARE_OF_REPLIES: f32 = 0.4;
/// So much of it loses packets.
const SHARE_OF_LOSSY: f32 = 0.3;
/// So much of it is noisy.
const SHARE_OF_NOISE: f32 = 0.6;
/// A list of English words: the dictionary of Debian's `pocketsphinx-en-us`.
const ENGLISH: &str = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";
/// Characters of everyday Mandarin: together they hold nearly all its syllables.
const COMMON_HANZI: &str = "\
的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下\
而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但\
现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此\
话常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真\
打太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难\
望教命花结乐色更拉东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带\
万男边风解叫任金快原吃妈变通师立象数四失满战远格士音轻目条呢病始达深完今提求清王化空业思切\
怎非找片罗钱紧吗语元喜曾离飞科言干流欢约各即指合反题必该论交终林请医晚制球决画传保读运及则\
房早院量苦火布品近坐产答星精视五连司巴奇管类未朋且婚台夜青北队久乎越观落尽形影红爸百令周吧\
识步希亚术留市半热送兴造谈容极随演收首根讲整式取照办强石古华拿计您装似足双妻尼转诉米称丽客\
南领节衣站黑刻统断福城故历惊脸选包紧争另建维绝树系伤示愿持千史谁准联妇纪基买志静阿诗独复痛\
消社算义竟确酒需单治卡幸兰念举仅钟怕共毛句息功官待究跟穿室易游程号居考突皮哪费倒价图具刚脑\
永歌响商礼细专黄块脚味灵改据般破引食仍存众注笔甚某沉血备习校默务土微娘须试怀料调广苏显赛查\
密议底列富梦错座参八除跑喂嗯哦啊哎忙稍拨您谢拜帮忘扰线抱歉销推贷款催乱骗烦";
