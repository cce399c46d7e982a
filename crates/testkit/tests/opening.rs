//! When we begin to speak, and how the first words fare.

use testkit::{Plan, Setup, people};

#[tokio::test(start_paused = true)]
async fn a_cooperative_callee_hears_the_message_and_the_task_is_done() {
    let world = Setup::default().start().await;
    let record = world.whole_call(people::cooperative()).await;
    println!("{record:#?}");
    testkit::check_all(&world);
    let _ = Plan::default();
}
