//! Accounts by login, keys by hash.

use domain::{AccountId, Credential, KeyId, Scope};
use engine::ports::directory::{Directory, NewKey};
use engine::ports::records::CommitError;
use store::Store;

use crate::world::*;

on_both!(
    a_login_is_taken_once,
    a_key_leads_to_its_owner,
    a_key_needs_an_account,
    a_tool_adds_a_key_beside_the_server,
);

fn key(account: AccountId, hash: u8) -> NewKey {
    NewKey {
        account,
        hash: [hash; 32],
        prefix: "sk_abcdef".into(),
        name: "first".into(),
        scopes: vec![Scope::CallsRead, Scope::BalanceRead],
        created_at: at(5),
    }
}

async fn a_login_is_taken_once(w: World) {
    let other = w.store.add_account("另一个".into(), at(1)).await.unwrap();
    assert_ne!(other, w.owner);
    let e = w.store.add_account("owner".into(), at(2)).await.unwrap_err();
    assert!(matches!(e, CommitError::Duplicate { .. }), "{e}");
    let w = w.reopened().await;
    let found = w.store.account("另一个".into()).await.unwrap().unwrap();
    assert_eq!((found.id, found.suspended), (other, false));
    assert_eq!(w.store.account("Owner".into()).await.unwrap(), None);
}

async fn a_key_leads_to_its_owner(w: World) {
    let id = w.store.add_key(key(w.owner, 1)).await.unwrap();
    let owner = w.store.key_owner([1; 32]).await.unwrap().unwrap();
    assert_eq!(owner.principal.account, w.owner);
    assert_eq!(owner.principal.credential, Credential::ApiKey(id));
    assert_eq!(owner.principal.scopes, key(w.owner, 1).scopes);
    assert_eq!(owner.principal.caps.max_phones, None);
    assert!(!owner.suspended);
    assert_eq!(w.store.key_owner([2; 32]).await.unwrap(), None);
    let e = w.store.add_key(key(w.owner, 1)).await.unwrap_err();
    assert!(matches!(e, CommitError::Duplicate { .. }), "{e}");
}

async fn a_key_needs_an_account(w: World) {
    let e = w.store.add_key(key(AccountId(99), 1)).await.unwrap_err();
    assert!(e.to_string().contains("no account 99"), "{e}");
    assert_eq!(w.store.key_owner([1; 32]).await.unwrap(), None);
}

async fn a_tool_adds_a_key_beside_the_server(w: World) {
    let tool = Store::open(w.config.clone().for_tool()).await.unwrap();
    let id: KeyId = tool.add_key(key(w.owner, 3)).await.unwrap();
    tool.close().await;
    let owner = w.store.key_owner([3; 32]).await.unwrap().unwrap();
    assert_eq!(owner.principal.credential, Credential::ApiKey(id));
    w.store.add_key(key(w.owner, 4)).await.unwrap();
}
