//! Being told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT. Listens from the moment it is made, so that no signal falls between two
/// waits.
pub(crate) struct Stop(Option<(Signal, Signal)>);

impl Stop {
    pub(crate) fn listen() -> Self {
        let term = signal(SignalKind::terminate());
        let int = signal(SignalKind::interrupt());
        Self(term.ok().zip(int.ok()))
    }

    /// Comes back once per signal. Given up, it takes none with it.
    pub(crate) async fn told(&mut self) {
        match &mut self.0 {
            Some((term, int)) => {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                }
            }
            // Without handlers the system's own way of ending a process remains.
            None => std::future::pending().await,
        }
    }
}
