//! What is to happen once happens once: keys, nonces and aliases are taken with the calls.

use std::sync::Arc;

use domain::{Refusal, Surface, WallTime};
use engine::{Calls, Once, PlaceOrder, Placement, StoredReply};
use testkit::{Machine, MemoryStore, Setup, World, beside, check_all, people, virtually};

const START: WallTime = WallTime(1_767_225_600_000);
const NUMBER: &str = "13800138000";

/// A key for a request with this digest, whose reply names the calls.
fn key(digest: &[u8]) -> Once {
    let reply = |placed: &engine::Placed| {
        let ids: Vec<String> = placed.calls.iter().map(|c| c.call.to_string()).collect();
        Ok(StoredReply { status: 200, body: ids.join(",").into_bytes() })
    };
    Once::Key { key: "key-0001".to_owned(), digest: digest.to_vec(), reply: Arc::new(reply) }
}

fn order(world: &World, once: Once) -> PlaceOrder {
    let requests = vec![world.request(NUMBER)];
    PlaceOrder { surface: Surface::Callout, requests, once: Some(once) }
}

async fn place(world: &World, once: Once) -> Result<Placement, Refusal> {
    world.engine.place(&world.who, order(world, once)).await
}

#[test]
fn fifty_orders_with_one_key_at_once_dial_once() {
    virtually(async {
        let world = Setup::default().start().await;
        world.trunk.plan(NUMBER, people::cooperative());
        world.store.set_commit_takes(std::time::Duration::from_millis(20));
        let placing: Vec<_> = (0..50)
            .map(|_| {
                let (engine, who) = (world.engine.clone(), world.who.clone());
                let order = order(&world, key(b"a"));
                beside(async move { engine.place(&who, order).await })
            })
            .collect();
        let (mut new, mut repeated) = (Vec::new(), Vec::new());
        for one in placing {
            match one.result().await.unwrap() {
                Placement::New(placed) => new.push(placed.calls[0].call.to_string().into_bytes()),
                Placement::Repeated(reply) => repeated.push(reply.body),
            }
        }
        assert_eq!((new.len(), repeated.len()), (1, 49));
        assert!(repeated.iter().all(|body| *body == new[0]));
        assert_eq!(place(&world, key(b"b")).await, Err(Refusal::IdempotencyConflict));
        world.settle(900).await;
        check_all(&world);
        assert_eq!(world.trunk.dialled().len(), 1);
    });
}

#[test]
fn a_key_and_a_nonce_outlive_the_process_and_the_key_a_day() {
    let store = MemoryStore::default();
    let life = |wall: WallTime, balance: bool| {
        let store = store.clone();
        let machine = Machine::new(wall, None);
        machine.run(async move {
            let setup = Setup { store, ..Setup::default() };
            let setup = if balance { setup } else { Setup { balance: None, seed: 2, ..setup } };
            let world = setup.start().await;
            world.trunk.plan(NUMBER, people::cooperative());
            let nonce = || Once::Nonce { nonce: "n".to_owned(), keep_s: 1_800 };
            let placed = place(&world, key(b"a")).await.unwrap();
            let signed = place(&world, nonce()).await;
            world.settle(900).await;
            (placed, signed, world.trunk.dialled().len())
        })
    };
    let (first, signed, dialled) = life(START, true);
    let call = first.placed().unwrap().calls[0].call.to_string().into_bytes();
    assert!(signed.is_ok());
    assert_eq!(dialled, 2);
    let (again, signed, dialled) = life(START.plus_millis(600_000), false);
    assert_eq!(again, Placement::Repeated(StoredReply { status: 200, body: call }));
    assert_eq!(signed, Err(Refusal::IdempotencyConflict));
    assert_eq!(dialled, 0);
    let (late, signed, _) = life(START.plus_millis(2 * 86_400_000), false);
    assert!(matches!(late, Placement::New(_)) && signed.is_ok(), "they are not kept for ever");
}

#[test]
fn an_alias_finds_its_call_and_is_taken_once() {
    virtually(async {
        let world = Setup::default().start().await;
        world.trunk.plan(NUMBER, people::cooperative());
        let aliased = |number: &str| {
            let mut request = world.request(number);
            request.alias = Some("176365001201^482915530277".to_owned());
            PlaceOrder { surface: Surface::Callout, requests: vec![request], once: None }
        };
        let placed = world.engine.place(&world.who, aliased(NUMBER)).await.unwrap();
        let call = placed.placed().unwrap().calls[0].call;
        let found = |alias: &'static str| world.engine.by_alias(&world.who, alias);
        assert_eq!(found("176365001201^482915530277").await, Ok(call));
        assert_eq!(found("176365001201^482915530278").await, Err(Refusal::CallNotFound));
        let again = world.engine.place(&world.who, aliased("13800138001")).await;
        assert_eq!(again, Err(Refusal::Internal), "two calls of one name would be a fault of ours");
        world.settle(900).await;
        check_all(&world);
        let record = world.record(call);
        assert_eq!(record.accepted.alias.as_deref(), Some("176365001201^482915530277"));
    });
}
