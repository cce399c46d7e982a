//! The binary `waihu`: the platform that carries phone calls, and the command line that asks for
//! them.

// Nothing that is printed may end the process: both macros panic when their reader went away.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod server;

use std::process::ExitCode;

use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use cli::environment::Environment;
use cli::tongue::Tongue;

/// What a server logs unless asked otherwise: a line for each request and call, and trouble.
const SERVER_FILTER: &str = "warn,waihu=info,rustls_platform_verifier=off";
/// What other commands log: trouble. A certificate that is refused is told by the command.
const USUAL_FILTER: &str = "warn,rustls_platform_verifier=off";

fn main() -> ExitCode {
    let environment = Environment::read();
    let tongue = Tongue::of(&environment);
    let command = match cli::parse(tongue) {
        Ok(command) => command,
        Err(code) => return code,
    };
    let usual = if command.serves() { SERVER_FILTER } else { USUAL_FILTER };
    install_logging(environment.log_filter().unwrap_or(usual));
    // The HTTP client is built without a TLS provider of its own. Fails only if one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            cli::output::trouble(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(cli::run(command, environment, tongue));
    // What is left are name look-ups nobody waits for any more.
    runtime.shutdown_background();
    code
}

fn install_logging(filter: &str) {
    let lines = log_lines(filter, std::io::stderr);
    tracing_subscriber::registry().with(lines).init();
}

/// Log lines without colour. The SIP stack prints whole messages, numbers included, so that
/// nothing below an error of it is shown, whatever the filter asks for.
fn log_lines<W>(filter: &str, writer: W) -> impl Layer<Registry>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let wanted =
        EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(filter);
    let discreet = filter_fn(|event| {
        *event.level() == tracing::Level::ERROR || !event.target().starts_with("rsipstack")
    });
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        // It would tell of a log that cannot be written by panicking.
        .log_internal_errors(false)
        .with_writer(writer)
        .with_filter(discreet)
        .with_filter(wanted)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_makes_the_sip_stack_talk() {
        for filter in
            ["trace", "rsipstack=trace,warn", "rsipstack::transport=info,warn", SERVER_FILTER]
        {
            let page = Page::default();
            let writer = page.clone();
            let lines = log_lines(filter, move || writer.clone());
            let subscriber = tracing_subscriber::registry().with(lines);
            tracing::subscriber::with_default(subscriber, || {
                tracing::warn!(target: "rsipstack::transport", "INVITE sip:13800138000");
                tracing::warn!(target: "rsipstack", "INVITE sip:13800138000");
                tracing::error!(target: "rsipstack", "out of sockets");
                tracing::warn!(target: "waihu", "heard");
            });
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert!(!text.contains("13800138000"), "{filter}: {text}");
            assert!(text.contains("out of sockets"), "{filter}: {text}");
            assert!(text.contains("heard"), "{filter}: {text}");
            assert!(!text.contains('\u{1b}'), "{filter}: {text}");
        }
    }
}
