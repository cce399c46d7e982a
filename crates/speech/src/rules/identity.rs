//! The answer to “is that you?”, judged so that a doubt never confirms.
//!
//! A confirmation is a closed language: the whole reply must be laid out with tiles that say yes
//! and tiles that say nothing (“喂，对，是我，你说”). One word that is neither, and the reply is at
//! most unclear. A plain “嗯” or “uh-huh” is no yes: people say it to anything.

use conversation::Meaning;

use super::identity_words::*;
use super::phrases;
use super::words::Words;
use crate::extract::names_of;

/// What a reply to the question of identity means.
pub fn judge(w: &Words, addressee: Option<&str>) -> Meaning {
    let forms = addressee.map(own_names).unwrap_or_default();
    let denied = denies(w);
    // “打错了，他不在”: who has the wrong number knows nobody there.
    let elsewhere = w.zh(&["打错", "拨错"]) || w.en(&["wrong number"]);
    if !elsewhere && third_party(w) {
        return Meaning::ThirdParty;
    }
    if confirms(w, &forms) {
        return Meaning::Confirmed;
    }
    if denied {
        // “不是说了吗，我就是”: both at once is no answer.
        let torn = w.zh(&["我就是", "就是我", "是本人"]) && !w.zh(&["不是本人"])
            || w.en(&["speaking", "thats me"])
                && !w.en(&["not me", "thats not me", "not speaking"]);
        return if torn { Meaning::Unclear } else { Meaning::Denied };
    }
    if phrases::refuses(w) {
        return Meaning::Refused;
    }
    if phrases::asks_repeat(w) {
        return Meaning::AsksRepeat;
    }
    if phrases::holds_on(w) {
        return Meaning::HoldOn;
    }
    if claims_other_name(w, addressee, &forms) {
        return Meaning::Denied;
    }
    if phrases::asks_who(w) || asks_for_name(w, &forms) {
        return Meaning::AsksWho;
    }
    if phrases::greets(w) {
        return Meaning::Greeting;
    }
    if phrases::says_goodbye(w) {
        return Meaning::Goodbye;
    }
    Meaning::Unclear
}

fn confirms(w: &Words, forms: &[String]) -> bool {
    let mut strong: Vec<String> =
        ZH_STRONG.iter().chain(EN_STRONG).map(|s| (*s).to_owned()).collect();
    for name in forms {
        for pattern in NAME_PATTERNS {
            strong.push(pattern.replace('_', name));
        }
    }
    let strong: Vec<&str> = strong.iter().map(String::as_str).collect();
    let weak: Vec<&str> = WEAK.to_vec();
    let mut with_questions: Vec<&str> = weak.clone();
    with_questions.extend(FILLERS);
    with_questions.extend(QUESTIONS);
    // “我就是，您哪位” is a yes; “对，你是谁” is not yet one.
    w.tiled(&strong, &with_questions) || w.tiled(&weak, FILLERS)
}

fn denies(w: &Words) -> bool {
    w.zh(ZH_DENIALS)
        || w.en(EN_DENIALS) && !w.en(&["a good time"])
        || w.en(&["im not", "i am not"]) && !w.en(EN_NOT_BUT_PERHAPS_ME)
        || w.tiled(&["不是", "不", "不对", "不是的", "错了", "no", "nope", "nah"], FILLERS)
        || w.spaced.starts_with(" no ")
            && !w.en(&["no problem", "no thanks", "no thank you", "no time", "no need"])
}

fn third_party(w: &Words) -> bool {
    let zh_kin = ["他", "她", "你", "您", "机主", "本人"].iter().any(|whose| {
        ZH_RELATIONS.iter().any(|r| {
            ["我是", "是", "这是", "这里是", "我"].iter().any(|be| {
                w.solid.contains(&format!("{be}{whose}{r}"))
                    || w.solid.contains(&format!("{be}{whose}的{r}"))
            })
        })
    });
    // “这是我老公的电话”, “她是我妈”
    let zh_owner = ["这是我", "这个是我", "他是我", "她是我"].iter().any(|be| {
        w.solid
            .split(be)
            .nth(1)
            .is_some_and(|after| ZH_RELATIONS.iter().any(|r| after.starts_with(r)))
    });
    let en_owner = w.en(&["this is my", "its my", "youve called my"])
        && EN_RELATIONS.iter().any(|r| w.spaced.contains(&format!(" my {r}s ")));
    let relation =
        w.zh(&["我是家属", "我是家人", "我是助理", "我是秘书", "我是同事", "我是他的", "我是她的"]);
    let absent = w.zh(ZH_ABSENT);
    let en = EN_OWNERS
        .iter()
        .any(|be| EN_RELATIONS.iter().any(|r| w.spaced.contains(&format!(" {be} {r} "))));
    zh_kin && w.zh(&["我", "这"])
        || zh_owner
        || en_owner
        || relation
        || absent
        || en
        || w.en(EN_ABSENT)
}

/// “我是李四” to “是张三吗”: somebody with another name.
fn claims_other_name(w: &Words, addressee: Option<&str>, forms: &[String]) -> bool {
    if addressee.is_none() || w.asks {
        return false;
    }
    if w.han {
        return ["我是", "我叫", "我的名字是", "这里是", "我就是"].iter().any(|be| {
            let Some(after) = w.solid.split(be).nth(1) else {
                return false;
            };
            let after = after.trim_end_matches(['啊', '呀', '哦', '哈', '呢', '的']);
            names_of::is_full_name(after) && !forms.iter().any(|f| f == after)
        });
    }
    ["my name is ", "this is ", "im called ", "you have reached "].iter().any(|be| {
        let Some(after) = w.spaced.split(&format!(" {be}")).nth(1) else {
            return false;
        };
        let name = after.trim().trim_end_matches(" speaking").trim_end_matches(" here");
        let words = name.split(' ').count();
        let plain = name.split(' ').any(|word| NO_NAMES.contains(&word));
        (1..=3).contains(&words) && !plain && !forms.iter().any(|f| f == name)
    })
}

/// “张三？” or “你找张三？”
fn asks_for_name(w: &Words, forms: &[String]) -> bool {
    w.asks && forms.iter().any(|f| w.solid.contains(&f.replace(' ', "")))
}

/// How the addressee may name themselves, ready for matching: the whole name, without the title,
/// and in English the given name.
fn own_names(addressee: &str) -> Vec<String> {
    let whole = Words::of(addressee);
    let mut forms = Vec::new();
    let mut add = |s: &str| {
        if s.chars().count() >= 2 && !forms.iter().any(|f| f == s) {
            forms.push(s.to_owned());
        }
    };
    if whole.han {
        add(&whole.solid);
        add(names_of::without_title(&whole.solid));
    }
    let words: Vec<&str> = whole.spaced.split_whitespace().collect();
    if !whole.han && !words.is_empty() {
        add(&words.join(" "));
        let named: Vec<&str> =
            words.iter().copied().filter(|w| !names_of::is_english_title(w)).collect();
        // With only a family name known, the title must be said too.
        if named.len() == words.len() || named.len() > 1 {
            add(&named.join(" "));
            add(named.first().copied().unwrap_or_default());
        }
    }
    forms
}
