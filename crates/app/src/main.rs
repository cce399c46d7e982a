//! The binary `waihu`: the platform that carries phone calls, and the command line that asks for
//! them.

mod cli;
mod server;

use std::process::ExitCode;

use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use cli::environment::Environment;
use cli::tongue::Tongue;

/// What is logged unless asked otherwise. A certificate that is refused is told by the command.
const USUAL_FILTER: &str = "warn,waihu=info,rustls_platform_verifier=off";

fn main() -> ExitCode {
    let environment = Environment::read();
    let tongue = Tongue::of(&environment);
    let command = match cli::parse(tongue) {
        Ok(command) => command,
        Err(code) => return code,
    };
    install_logging(environment.log_filter());
    // The HTTP client is built without a TLS provider of its own. Fails only if one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
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

/// Logs go to stderr and never hold colour. The SIP stack prints whole messages, numbers
/// included, so that nothing below an error of it is shown, whatever the filter asks for.
fn install_logging(filter: Option<&str>) {
    let wanted = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .parse_lossy(filter.unwrap_or(USUAL_FILTER));
    let discreet = filter_fn(|event| {
        *event.level() == tracing::Level::ERROR || !event.target().starts_with("rsipstack")
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .with_filter(discreet)
        .with_filter(wanted);
    tracing_subscriber::registry().with(lines).init();
}
