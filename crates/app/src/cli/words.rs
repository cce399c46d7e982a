//! Every word of help in both languages, by command and argument.

/// Key, English, Chinese. Keys: `call` is the command, `call examples` what follows its help,
/// `call:phones` an argument, `*:json` an argument of that name wherever it has no words of its
/// own.
type Row = (&'static str, &'static str, &'static str);

/// English and Chinese for a key.
pub(crate) fn find(key: &str) -> Option<(&'static str, &'static str)> {
    let row = |key: &str| ROWS.iter().find(|row| row.0 == key);
    let found = row(key).or_else(|| row(&shared(key)?))?;
    Some((found.1, found.2))
}

/// The key under which the words for `key` really stand.
#[cfg(test)]
pub(crate) fn key_of(key: &str) -> String {
    let own = ROWS.iter().any(|row| row.0 == key);
    if own { key.to_owned() } else { shared(key).unwrap_or_default() }
}

/// All keys.
#[cfg(test)]
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.0)
}

fn shared(key: &str) -> Option<String> {
    let (_, argument) = key.split_once(':')?;
    Some(format!("*:{argument}"))
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("", "Place AI phone calls, or run the platform that carries them",
        "发起 AI 外呼，或运行承载外呼的平台"),
    (" examples", "waihu demo\nwaihu serve --data-dir ./data\nwaihu help call",
        "waihu demo\nwaihu serve --data-dir ./data\nwaihu help call"),
    ("*:help", "Print help", "显示帮助"),
    (":version", "Print the version of this program", "显示本程序的版本"),
    ("*:json", "Print the server's reply unchanged", "原样输出服务器的回复"),
    ("*:call_id", "The id that `waihu call` printed", "waihu call 给出的通话编号"),
    ("*:config", "Settings file (waihu.toml)", "配置文件（waihu.toml）"),
    ("*:data_dir", "Directory for database and recordings", "数据库与录音所在目录"),
    ("*:http", "Address of the HTTP listener", "HTTP 监听地址"),
    ("*:sip", "Address of our SIP socket", "本机 SIP 地址"),
    ("*:trunk", "Trunk that carries every number, such as sip:10.0.0.5:5060",
        "承载所有号码的线路，如 sip:10.0.0.5:5060"),

    ("serve", "Run the platform until it is told to stop", "运行平台，直到收到停止信号"),
    ("serve examples",
        "waihu serve\nwaihu serve --data-dir /var/lib/waihu --trunk sip:10.0.0.5:5060\n\
         waihu serve --config waihu.toml",
        "waihu serve\nwaihu serve --data-dir /var/lib/waihu --trunk sip:10.0.0.5:5060\n\
         waihu serve --config waihu.toml"),

    ("demo", "Start a platform with a simulated carrier and place a call you can follow",
        "启动带模拟线路的平台，拨打一通可以跟看的电话"),
    ("demo examples", "waihu demo\nwaihu demo --lang en --persona 003\nwaihu demo --persona all",
        "waihu demo\nwaihu demo --persona 003\nwaihu demo --persona all"),
    ("demo:lang", "Language of the call", "通话语言"),
    ("demo:persona", "Who answers: 000 to 020, several with commas, or all",
        "由谁接听：000 到 020，可用逗号列出多个，或 all（全部）"),
    ("demo:phone", "Number to call; its last three digits choose who answers",
        "被叫号码，末三位决定由谁接听"),
    ("demo:say", "What the call is about", "外呼需求"),
    ("demo:seed", "Where the simulated callee's choices come from", "模拟被叫的随机种子"),
    ("demo:json", "Print JSON", "输出 JSON"),

    ("lab", "Run the simulated carrier alone, a SIP peer that answers as people do",
        "单独运行模拟线路：像真人一样接听的 SIP 对端"),
    ("lab examples", "waihu lab\nwaihu lab --sip 127.0.0.1:5070 --loss 2 --jitter 30 --out ./heard",
        "waihu lab\nwaihu lab --sip 127.0.0.1:5070 --loss 2 --jitter 30 --out ./heard"),
    ("lab:sip", "Where to answer SIP over UDP", "接听 SIP（UDP）的地址"),
    ("lab:lang", "Language of every callee; by default that of the caller",
        "所有被叫的语言，默认随主叫"),
    ("lab:seed", "Where all choices come from", "全部随机选择的种子"),
    ("lab:auth", "Credentials that every call must prove", "每通呼叫必须验证的账号和密码"),
    ("lab:loss", "RTP packets lost, percent", "RTP 丢包率，百分比"),
    ("lab:delay", "Delay of RTP packets, ms", "RTP 延迟，毫秒"),
    ("lab:jitter", "Jitter of RTP packets, ms", "RTP 抖动，毫秒"),
    ("lab:reorder", "RTP packets that overtake others, percent", "RTP 乱序比例，百分比"),
    ("lab:codec", "The only codec it understands", "唯一支持的编解码"),
    ("lab:marks", "Decode the tone pairs of the test synthesizer", "解码测试语音的双音标记"),
    ("lab:out", "Directory for calls.jsonl and one WAV per call",
        "输出目录：calls.jsonl 和每通电话的 WAV"),

    ("call", "Call numbers and tell them what you want said", "拨打号码，转达你的需求"),
    ("call examples",
        "waihu call 13800138000 \"Tell Zhang San that we meet at ten tomorrow\"\n\
         waihu call 13800138000,13900139000 \"Remind both of the dinner at seven\" --wait\n\
         waihu call 13800138000 --agent-id 21 --json",
        "waihu call 13800138000 \"通知张三，明天上午十点在三号会议室开会\"\n\
         waihu call 13800138000,13900139000 \"提醒两位今晚七点聚餐\" --wait\n\
         waihu call 13800138000 --agent-id 21 --json"),
    ("call:phones", "Mainland mobile numbers, separated by commas",
        "大陆手机号，多个用英文逗号分隔"),
    ("call:requirement", "What the call is for; not needed with --agent-id",
        "外呼需求；使用 --agent-id 时可省略"),
    ("call:wait", "Ask every 10 s, for up to 600 s, until all calls are over; then print each",
        "每 10 秒查询一次，最长 600 秒，全部结束后逐一输出记录"),
    ("call:agent_id", "A saved agent of the account", "账号中已保存的智能体"),
    ("call:model_engine", "Engine of the conversation", "对话引擎"),
    ("call:voice_id", "Voice", "音色"),
    ("call:volume", "Loudness; 50 is the voice's own", "音量，50 为原始音量"),
    ("call:speed", "Pace; 50 is the voice's own", "语速，50 为原始语速"),
    ("call:emotion", "Emotion of the voice", "音色的情绪"),
    ("call:idempotency_key", "Name of this request: under one name numbers are called once",
        "本次请求的标识：同一标识不会重复拨打"),
    ("call:confirm", "Accepted for older scripts; changes nothing", "兼容旧脚本，无作用"),

    ("info", "Print the record of a call, waiting until it is over", "输出通话记录，等待通话结束"),
    ("info examples", "waihu info 0192f0c1-7a6b-7c3d-8e4f-000000000001\n\
         waihu info 0192f0c1-7a6b-7c3d-8e4f-000000000001 0 --json",
        "waihu info 0192f0c1-7a6b-7c3d-8e4f-000000000001\n\
         waihu info 0192f0c1-7a6b-7c3d-8e4f-000000000001 0 --json"),
    ("info:max_retries", "How often to ask again, 10 s apart: 0 to 1000 (default 5, with --json 0)",
        "再查询的次数，间隔 10 秒：0 到 1000（默认 5，使用 --json 时为 0）"),

    ("stream", "Follow a conversation as it is spoken", "实时查看对话"),
    ("stream examples", "waihu stream 0192f0c1-7a6b-7c3d-8e4f-000000000001",
        "waihu stream 0192f0c1-7a6b-7c3d-8e4f-000000000001"),
    ("stream:json", "Print the server's data: lines unchanged", "原样输出服务器的 data: 行"),

    ("hangup", "End a call", "挂断通话"),
    ("hangup examples", "waihu hangup 0192f0c1-7a6b-7c3d-8e4f-000000000001",
        "waihu hangup 0192f0c1-7a6b-7c3d-8e4f-000000000001"),

    ("list", "List calls, newest first", "列出通话，最新的在前"),
    ("list examples",
        "waihu list --limit 20\nwaihu list --status completed,voicemail --phone 13800138000\n\
         waihu list --since 2026-01-31T08:00:00+08:00 --json",
        "waihu list --limit 20\nwaihu list --status completed,voicemail --phone 13800138000\n\
         waihu list --since 2026-01-31T08:00:00+08:00 --json"),
    ("list:status", "Only these statuses, separated by commas", "只列出这些状态，用英文逗号分隔"),
    ("list:phone", "Only calls to this number", "只列出拨打该号码的通话"),
    ("list:since", "Only calls created after this moment (RFC 3339)",
        "只列出此时刻之后创建的通话（RFC 3339）"),
    ("list:limit", "Calls on a page, 1 to 200 (default 50)", "每页数量，1 到 200（默认 50）"),
    ("list:cursor", "Where the next page begins, as the page before told",
        "下一页的起点，由上一页给出"),

    ("version", "Compare our version of the protocol with the server's",
        "比较本地与服务器的协议版本"),
    ("version examples", "waihu version", "waihu version"),

    ("balance", "Print what the account has", "查询账号余额"),
    ("balance examples", "waihu balance\nwaihu balance --json",
        "waihu balance\nwaihu balance --json"),

    ("key", "Make API keys, on the machine that runs the platform", "在平台所在机器上创建 API Key"),
    ("key examples", "waihu key create --data-dir ./data", "waihu key create --data-dir ./data"),
    ("key create", "Make a key and print only it", "创建一个 API Key，只输出密钥"),
    ("key create examples", "waihu key create --data-dir ./data --name laptop",
        "waihu key create --data-dir ./data --name laptop"),
    ("key create:account", "Login of the account", "账号登录名"),
    ("key create:name", "What the key is called", "密钥的名称"),

    ("doctor", "Tell what works on this machine and what is missing", "检查本机环境，指出缺少什么"),
    ("doctor examples", "waihu doctor\nwaihu doctor --config waihu.toml --json",
        "waihu doctor\nwaihu doctor --config waihu.toml --json"),
    ("doctor:json", "Print JSON", "输出 JSON"),

    ("completions", "Print the completion script of a shell", "输出 shell 补全脚本"),
    ("completions examples", "waihu completions bash > waihu.bash",
        "waihu completions bash > waihu.bash"),
    ("completions:shell", "Which shell", "哪种 shell"),

    ("help", "Print the help of a command", "显示命令的帮助"),
    ("help examples", "waihu help call\nwaihu help key create",
        "waihu help call\nwaihu help key create"),
    ("help:command", "Which command", "哪个命令"),
];
