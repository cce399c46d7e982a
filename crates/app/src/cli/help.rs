//! Help in the reader's language: the words of the table put into the parsed command line.

use clap::builder::Resettable;
use clap::{Arg, ArgAction, ColorChoice, Command};

use super::exit::Exit;
use super::tongue::Tongue;
use super::words;
use super::{misuse, output};

/// `command` and all below it, with their help replaced.
pub(crate) fn dress(command: Command, tongue: Tongue) -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = command.disable_version_flag(true).arg(version);
    dress_one(command.color(ColorChoice::Never), "", tongue)
}

/// Prints the help of the command that `path` names.
pub(crate) fn print(path: &[String], tongue: Tongue) -> Result<Exit, Exit> {
    let mut command = super::command(tongue);
    command.build();
    let mut innermost = &mut command;
    for name in path {
        innermost = innermost.find_subcommand_mut(name).ok_or_else(|| {
            let text = tongue.pick(format!("no command {name}"), format!("没有命令 {name}"));
            misuse::tell(&text, &[], tongue)
        })?;
    }
    output::result(innermost.render_help().to_string())?;
    Ok(Exit::Done)
}

fn dress_one(command: Command, path: &str, tongue: Tongue) -> Command {
    let say = |key: &str| words::find(key).map(|(en, zh)| tongue.pick(en, zh));
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let (usage, commands) = tongue.pick(("Usage", "Commands"), ("用法", "命令"));
    let names: Vec<String> =
        command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    let mut command = command
        .disable_help_flag(true)
        .arg(help)
        .subcommand_help_heading(commands)
        .subcommand_value_name(tongue.pick("COMMAND", "命令"))
        .help_template(format!(
            "{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"
        ))
        .long_about(Resettable::Reset)
        .mut_args(|argument| dress_argument(argument, path, tongue));
    if let Some(about) = say(path) {
        command = command.about(about);
    }
    if let Some(examples) = say(&format!("{path} examples")) {
        let head = tongue.pick("Examples:", "示例:");
        let body: Vec<String> = examples.lines().map(|line| format!("  {line}")).collect();
        command = command.after_help(format!("{head}\n{}", body.join("\n")));
    }
    for name in names {
        let inner = format!("{path} {name}").trim_start().to_owned();
        command = command.mut_subcommand(name, |sub| dress_one(sub, &inner, tongue));
    }
    command
}

fn dress_argument(argument: Arg, path: &str, tongue: Tongue) -> Arg {
    let heading = if argument.is_positional() {
        tongue.pick("Arguments", "参数")
    } else {
        tongue.pick("Options", "选项")
    };
    let key = format!("{path}:{}", argument.get_id());
    let argument =
        argument.help_heading(heading).long_help(Resettable::Reset).hide_env_values(true);
    match words::find(&key) {
        Some((en, zh)) => argument.help(tongue.pick(en, zh)),
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(command: &Command, path: &str, visit: &mut impl FnMut(&Command, &str)) {
        visit(command, path);
        for inner in command.get_subcommands() {
            walk(inner, format!("{path} {}", inner.get_name()).trim_start(), visit);
        }
    }

    fn has_han(text: &str) -> bool {
        domain::Language::of_text(text) == domain::Language::Zh
    }

    #[test]
    fn every_command_and_argument_speaks_both_languages() {
        let mut missing = Vec::new();
        let mut check = |key: &str| match words::find(key) {
            // Commands are the same in every language; what they say on the phone is not.
            Some((en, zh)) if key.ends_with(" examples") && !has_han(en) && !zh.is_empty() => {}
            Some((en, zh)) if !en.is_empty() && !has_han(en) && has_han(zh) => {}
            _ => missing.push(key.to_owned()),
        };
        walk(&crate::cli::command(Tongue::En), "", &mut |command, path| {
            check(path);
            check(&format!("{path} examples"));
            for argument in command.get_arguments() {
                check(&format!("{path}:{}", argument.get_id()));
            }
        });
        assert!(missing.is_empty(), "words.rs lacks: {missing:#?}");
    }

    #[test]
    fn no_words_are_left_over() {
        let mut known = Vec::new();
        walk(&crate::cli::command(Tongue::En), "", &mut |command, path| {
            known.extend([path.to_owned(), format!("{path} examples")]);
            let arguments = command.get_arguments();
            known.extend(arguments.map(|a| words::key_of(&format!("{path}:{}", a.get_id()))));
        });
        let unused: Vec<_> =
            words::keys().filter(|key| !known.iter().any(|known| known == key)).collect();
        assert!(unused.is_empty(), "nothing has these words: {unused:#?}");
    }

    #[test]
    fn the_parser_accepts_its_own_shape() {
        for tongue in [Tongue::En, Tongue::Zh] {
            crate::cli::command(tongue).debug_assert();
        }
    }

    #[test]
    fn every_example_of_a_command_begins_with_it_and_parses() {
        walk(&crate::cli::command(Tongue::En), "", &mut |_, path| {
            let (en, zh) = words::find(&format!("{path} examples")).unwrap();
            for line in en.lines().chain(zh.lines()) {
                let line = line.split(['|', '>']).next().unwrap();
                let begin = format!("waihu {path}");
                assert!(line.starts_with(begin.trim_end()), "{line}");
                let parsed = crate::cli::command(Tongue::En).try_get_matches_from(split(line));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        });
    }

    /// Words of a shell line; quotes hold blanks together.
    fn split(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (i, part) in line.split(['"', '“', '”']).enumerate() {
            if i % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }
}
