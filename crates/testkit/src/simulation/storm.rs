//! The weather of one life: models, store and ports that fail for a while, and owners who hang
//! up.

use std::time::Duration;

use domain::{CallId, MicroYuan};
use engine::Calls;

use crate::chance::Chance;
use crate::moods::Mood;
use crate::world::World;

/// How much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storm {
    /// Nothing but what callees and trunk do.
    Calm,
    /// Models are slow, and sometimes fail.
    Models,
    /// Models, store and ports.
    Everything,
}

impl Storm {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        match chance.below(4) {
            0 | 1 => Storm::Calm,
            2 => Storm::Models,
            _ => Storm::Everything,
        }
    }

    /// Changes something about `world`.
    pub(super) fn blow(self, world: &World, chance: &mut Chance) {
        match self {
            Storm::Calm => {}
            Storm::Models => models(world, chance),
            Storm::Everything if chance.below(2) == 0 => models(world, chance),
            Storm::Everything => store(world, chance),
        }
    }
}

/// Everything works again.
pub(super) fn calm(world: &World) {
    world.store.recover();
    world.plane.set_no_ports(false);
    world.plane.set_behind(1, 1);
    let m = &world.moods;
    m.set_synthesizer(Mood::Works);
    m.set_recognizer(Mood::Works);
    m.set_judge(Mood::Works);
    m.set_responder(Mood::Works);
}

fn models(world: &World, chance: &mut Chance) {
    let m = &world.moods;
    let mood = match chance.below(8) {
        0 => Mood::Fails,
        1 => Mood::FailsMidway,
        2 => Mood::Stalls,
        _ => Mood::Works,
    };
    let takes = Duration::from_millis(chance.below(1_500));
    match chance.below(8) {
        0 => m.set_synthesizer(mood),
        1 => m.set_recognizer(mood),
        2 => m.set_judge(mood),
        3 => m.set_responder(mood),
        4 => m.set_synthesizer_takes(takes),
        5 => m.set_recognizer_takes(takes),
        6 => m.set_judge_takes(takes),
        _ => m.set_responder_takes(takes),
    }
}

fn store(world: &World, chance: &mut Chance) {
    // Broken for a few steps, works for more.
    let broken = chance.below(3) == 0;
    match chance.below(8) {
        0 => world.store.set_failing(broken),
        1 => world.store.set_unreadable(broken),
        2 => world.store.set_commit_takes(Duration::from_millis(chance.below(400))),
        3 => world.plane.set_no_ports(broken),
        4 => world.plane.set_hasty_recorder(chance.below(2) == 0),
        5 => world.store.set_losing_answers(broken),
        6 => world.plane.set_behind(chance.within(1, 5), chance.within(1, 60)),
        _ => calm(world),
    }
}

/// The owner of a call hangs up, whatever it is doing.
pub(super) fn hang_up(world: &World, call: CallId) {
    let (engine, who) = (world.engine.clone(), world.who.clone());
    world.clock.spawn(async move {
        // Refused while the store cannot be read, and that is right.
        let _ = engine.hang_up(&who, call).await;
    });
}

/// The owner pays in.
pub(super) fn pay(world: &World) {
    world.store.deposit(world.who.account, MicroYuan(20_000_000));
}
