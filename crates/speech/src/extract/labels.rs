//! Forms with labels: 收件人：张三, 内容：…, To: John.

use domain::Language;

use super::text::Clause;

/// What a label says about what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Who is called.
    Addressee,
    /// On whose behalf.
    Sender,
    /// What is to be said; the label itself is not.
    Content,
    /// The number that is dialled; not said.
    Dialled,
}

/// The label that a clause is, if it is one and is followed by a colon.
pub fn label(clause: &Clause, grammar: Language) -> Option<Label> {
    if !matches!(clause.mark, Some(':' | '：')) {
        return None;
    }
    let word = clause.text.trim_matches(['【', '】', '[', ']', ' ']).to_lowercase();
    let table = match grammar {
        Language::Zh => ZH,
        Language::En => EN,
    };
    table.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, label)| *label)
}

const ZH: &[(&[&str], Label)] = &[
    (
        &[
            "收件人",
            "接听人",
            "被叫",
            "被叫人",
            "联系对象",
            "呼叫对象",
            "通知对象",
            "对象",
            "称呼",
            "客户姓名",
            "对方姓名",
            "姓名",
            "客户",
            "致",
            "to",
        ],
        Label::Addressee,
    ),
    (
        &[
            "发起人",
            "委托人",
            "发件人",
            "来电人",
            "来电方",
            "通知人",
            "通知方",
            "主叫",
            "落款",
            "署名",
            "来自",
            "发送人",
            "我方",
            "我的名字",
            "from",
        ],
        Label::Sender,
    ),
    (
        &[
            "内容",
            "通知内容",
            "消息",
            "消息内容",
            "正文",
            "事项",
            "事由",
            "任务",
            "要求",
            "需求",
            "说明",
            "话术",
            "具体内容",
            "通知事项",
            "转告内容",
            "外呼需求",
            "目的",
            "通知",
        ],
        Label::Content,
    ),
    (&["电话", "手机号", "号码", "对方电话", "客户电话", "被叫号码"], Label::Dialled),
];
const EN: &[(&[&str], Label)] = &[
    (
        &[
            "to",
            "recipient",
            "addressee",
            "callee",
            "name",
            "customer",
            "client",
            "patient",
            "contact name",
            "who",
            "call",
            "person",
        ],
        Label::Addressee,
    ),
    (&["from", "sender", "on behalf of", "caller", "signed", "my name"], Label::Sender),
    (
        &[
            "message",
            "content",
            "task",
            "details",
            "body",
            "subject",
            "text",
            "purpose",
            "instructions",
            "goal",
            "what to say",
            "note",
            "reason",
        ],
        Label::Content,
    ),
    (&["phone", "number", "phone number"], Label::Dialled),
];
