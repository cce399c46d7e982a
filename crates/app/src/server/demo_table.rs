//! How a call to each of the lab's personas must end, and what the demo says by default.

use domain::Language;

/// One row of the lab specification's table.
pub(crate) struct Row {
    pub(crate) ending: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
    pub(crate) status: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) identity: &'static str,
}

const fn row(
    ending: &'static str,
    (zh, en): (&'static str, &'static str),
    (status, reason, identity): (&'static str, &'static str, &'static str),
) -> Row {
    Row { ending, zh, en, status, reason, identity }
}

const DONE: (&str, &str, &str) = ("completed", "task_done", "confirmed");

/// Personas 000–020.
pub(crate) const ROWS: [Row; 21] = [
    row("000", ("配合", "cooperative"), DONE),
    row("001", ("打错了", "wrong person"), ("completed", "identity_not_confirmed", "denied")),
    row("002", ("占线", "busy"), ("busy", "busy", "not_reached")),
    row("003", ("无人接听", "no answer"), ("no_answer", "ring_timeout", "not_reached")),
    row("004", ("语音信箱", "voicemail"), ("voicemail", "voicemail", "voicemail")),
    row("005", ("打断", "interrupter"), DONE),
    row("006", ("挂断", "hangs up"), ("completed", "callee_hung_up", "unclear")),
    row("007", ("沉默", "silent"), ("completed", "silence", "unclear")),
    row("008", ("拒绝来电", "opts out"), ("completed", "opted_out", "refused")),
    row("009", ("拒接", "declines"), ("declined", "declined", "not_reached")),
    row("010", ("空号", "unobtainable"), ("failed", "invalid_number", "not_reached")),
    row("011", ("家人", "family"), ("completed", "identity_not_confirmed", "third_party")),
    row("012", ("噪声", "noisy line"), DONE),
    row("013", ("附和", "backchannels"), DONE),
    row("014", ("按键", "key presser"), DONE),
    row("015", ("长话", "talks long"), DONE),
    row("016", ("问机器人", "asks for a robot"), DONE),
    row("017", ("彩铃", "ringback music"), DONE),
    row("018", ("接得慢", "slow answer"), DONE),
    row("019", ("断线", "sudden drop"), ("completed", "connection_lost", "confirmed")),
    row("020", ("来电助理", "call screening"), DONE),
];

/// The row of a number, by its last three digits; any other ending behaves as `000`.
pub(crate) fn row_of(number: &str) -> &'static Row {
    let ending = &number[number.len().saturating_sub(3)..];
    ROWS.iter().find(|r| r.ending == ending).unwrap_or(&ROWS[0])
}

/// What the demo asks for unless told otherwise.
pub(crate) const fn requirement(language: Language) -> &'static str {
    match language {
        Language::Zh => {
            "请给张伟打电话，我是李娜，通知他明天下午三点在二号会议室开项目会，请他带上合同。"
        }
        Language::En => {
            "Call John Smith on behalf of Anna Lee and tell him that the project meeting is \
             tomorrow at 3 pm in room 2, and that he should bring the contract."
        }
    }
}
