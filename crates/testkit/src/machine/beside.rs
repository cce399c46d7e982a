//! What a scenario needs of its machine: to run on one, and to do two things at once.

use domain::WallTime;
use tokio::sync::oneshot;

use super::Machine;

/// When the days of scenarios begin.
const NEW_YEAR: WallTime = WallTime(1_767_225_600_000);

/// Runs a scenario in virtual time, tasks in the order in which they become ready. What still
/// runs at its end dies with it.
pub fn virtually<T>(scenario: impl Future<Output = T>) -> T {
    let machine = Machine::new(NEW_YEAR, None);
    let done = machine.run(scenario);
    machine.stop();
    done
}

/// Something that runs beside a scenario.
pub struct Beside<T>(oneshot::Receiver<T>);

/// Runs `work` beside the scenario, on its machine.
///
/// # Panics
/// Outside of [`Machine::run`].
pub fn beside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Beside<T> {
    let (to, from) = oneshot::channel();
    let machine = Machine::current().expect("inside of a machine's run");
    machine.clock().spawn(async move {
        let _ = to.send(work.await);
    });
    Beside(from)
}

impl<T> Beside<T> {
    /// What came of it.
    ///
    /// # Panics
    /// When it was ended before.
    pub async fn result(self) -> T {
        self.0.await.expect("it runs to its end")
    }
}
