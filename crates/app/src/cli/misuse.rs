//! Arguments that cannot be meant: what is wrong, and how they are written, on stderr.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::exit::Exit;
use super::output::{note, trouble};
use super::tongue::Tongue;

/// Tells what is wrong with the arguments of the command `path`, and its usage.
pub(crate) fn tell(message: &str, path: &[&str], tongue: Tongue) -> Exit {
    trouble(message);
    usage(path, tongue);
    Exit::BadInput
}

/// Tells what the parser found wrong.
pub(crate) fn report(error: &clap::Error, tongue: Tongue) -> Exit {
    let written: Vec<String> =
        std::env::args_os().skip(1).filter_map(|argument| argument.into_string().ok()).collect();
    let path: Vec<&str> = written.iter().map(String::as_str).collect();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        note(error.render().to_string().trim_end());
        return Exit::BadInput;
    }
    let message = match tongue {
        Tongue::Zh => chinese(error),
        Tongue::En => None,
    };
    tell(&message.unwrap_or_else(|| english(error)), &path, tongue)
}

/// The parser's own words, without its usage and its hint, which follow anyway.
fn english(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let end = ["\n\nUsage:", "\n\nFor more information"].iter().filter_map(|mark| text.find(mark));
    text[..end.min().unwrap_or(text.len())].trim_end().to_owned()
}

fn chinese(error: &clap::Error) -> Option<String> {
    let of = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(" ")),
        _ => None,
    };
    let argument = || of(ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("未知参数 {}", argument()?),
        ErrorKind::InvalidSubcommand => format!("未知命令 {}", of(ContextKind::InvalidSubcommand)?),
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {}", argument()?),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::ArgumentConflict => {
            format!("{} 不能与 {} 同时使用", argument()?, of(ContextKind::PriorArg)?)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = of(ContextKind::InvalidValue)?;
            if value.is_empty() {
                return Some(format!("{} 缺少取值", argument()?));
            }
            let valid = of(ContextKind::ValidValue);
            let valid = valid.map(|v| format!("，可用：{v}")).unwrap_or_default();
            format!("{} 的取值 {value} 不正确{valid}", argument()?)
        }
        ErrorKind::InvalidUtf8 => "参数不是有效的 UTF-8".to_owned(),
        _ => return None,
    })
}

/// The usage line of the innermost command that `path` names.
fn usage(path: &[&str], tongue: Tongue) {
    let mut command = super::command(tongue);
    command.build();
    let mut innermost = &mut command;
    for name in path {
        if innermost.find_subcommand(name).is_none() {
            break;
        }
        let Some(inner) = innermost.find_subcommand_mut(name) else {
            return;
        };
        innermost = inner;
    }
    let usage = innermost.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let (head, more) = tongue.pick(("Usage:", "For more, try --help."), ("用法:", "详见 --help。"));
    note(&format!("\n{head} {usage}\n\n{more}"));
}
