//! Help of every command, in both languages, and the completions.

use crate::stage::Waihu;

const COMMANDS: [&str; 13] = [
    "serve",
    "demo",
    "lab",
    "call",
    "info",
    "stream",
    "hangup",
    "list",
    "version",
    "balance",
    "key",
    "doctor",
    "completions",
];

#[test]
fn each_command_explains_itself_with_examples() {
    for (locale, example, usage, heading) in [
        ("C.UTF-8", "Examples:", "Usage: ", "Options:"),
        ("zh_CN.UTF-8", "示例:", "用法: ", "选项:"),
    ] {
        let waihu = Waihu::bare().with("LANG", locale);
        let whole = waihu.run(&["--help"]);
        assert_eq!(whole.code, 0);
        for command in COMMANDS {
            assert!(whole.stdout.contains(&format!("\n  {command} ")), "{command}: {whole:?}");
            let asked = waihu.run(&[command, "--help"]);
            assert_eq!((asked.code, asked.stderr.as_str()), (0, ""), "{command}");
            let begin = format!("{usage}waihu {command}");
            for part in [example, heading, &begin, &format!("  waihu {command}")] {
                assert!(asked.stdout.contains(part), "{part}: {}", asked.stdout);
            }
            assert!(!asked.stdout.contains('\u{1b}'), "colour: {}", asked.stdout);
            assert_eq!(waihu.run(&["help", command]).stdout, asked.stdout);
            assert_eq!(waihu.run(&[command, "-h"]).stdout, asked.stdout);
        }
    }
}

#[test]
fn without_a_command_there_is_help_and_a_complaint() {
    let ran = Waihu::bare().run(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("completions"), "{ran:?}");
    assert_eq!(Waihu::bare().run(&["key"]).code, 2);
    assert_eq!(Waihu::bare().run(&["help", "nothing"]).code, 2);
    let version = Waihu::bare().run(&["--version"]);
    assert_eq!(version.stdout, concat!("waihu ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Waihu::bare().run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.stdout.contains("idempotency-key"), "{shell}");
    }
}
