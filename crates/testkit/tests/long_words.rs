//! Words that take longer to say than the lane has room for.

use std::sync::atomic::Ordering;

use domain::Event;
use testkit::{Setup, check_all, outcome, people, virtually};

const NUMBER: &str = "13800138007";

#[test]
fn a_message_of_half_a_minute_is_heard_whole_whatever_the_voice_gives_at_once() {
    virtually(async {
        for seed in 0..12 {
            let world = Setup { seed, ..Setup::default() }.start().await;
            world.synthesizer.orders.store(seed * 100, Ordering::Relaxed);
            let call = world.call(NUMBER, people::cooperative()).await;
            world.settle(900).await;
            check_all(&world);
            let record = world.record(call);
            assert_eq!(outcome(&record), "completed / task_done / confirmed");
            let message = record.lines.iter().find(|l| l.text.contains("财务部")).unwrap();
            assert!(message.text.ends_with("请带上电脑。"), "{}", message.text);
            // 80 ms a character, and nothing between the lines.
            let spoken = message.text.chars().count() as u64 * 80;
            let took = message.end_ms - message.start_ms;
            assert!(spoken.abs_diff(took) <= 1, "{took} ms for {spoken}: {}", message.text);
            let journal = world.journal(call);
            let faults = journal.iter().filter(|e| matches!(e.event, Event::FaultNoted { .. }));
            assert_eq!(faults.count(), 0);
        }
    });
}
