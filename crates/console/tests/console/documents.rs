//! `/openapi.json` and `/docs`: complete, valid to the eye of a program, and without other hosts.

use std::collections::BTreeSet;

use crate::{json, serve};
use serde_json::Value;
use testkit::desk::fake::FakeCalls;
use testkit::desk::raw::Served;
use utoipa::openapi::{OpenApiBuilder, PathItem, PathsBuilder};

#[tokio::test]
async fn the_document_names_every_endpoint_and_every_reference_leads_somewhere() {
    let document = document(&serve(FakeCalls::new()).await).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "http://127.0.0.1:8480");
    let paths: BTreeSet<_> = document["paths"].as_object().unwrap().keys().collect();
    for path in [
        "/v1/calls",
        "/v1/calls/{id}",
        "/v1/calls/{id}/hangup",
        "/v1/calls/{id}/events",
        "/v1/calls/{id}/recording",
    ] {
        assert!(paths.contains(&path.to_owned()), "{path}");
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn other_wings_bring_their_own_part() {
    let item = PathItem::default();
    let other =
        OpenApiBuilder::new().paths(PathsBuilder::new().path("/other", item).build()).build();
    let config = console::Config { documents: vec![other] };
    let server = Served::start(console::router(FakeCalls::new(), config)).await;
    let document = document(&server).await;
    assert!(document["paths"]["/other"].is_object());
    assert!(document["paths"]["/v1/calls"].is_object());
}

#[tokio::test]
async fn the_page_needs_no_other_host() {
    let server = serve(FakeCalls::new()).await;
    let moved = server.send("GET", "/docs", &[], "").await;
    assert_eq!(moved.header("location"), Some("/docs/"));
    let page = server.send("GET", "/docs/", &[], "").await;
    assert_eq!(page.status, 200);
    let files = page.text().split(['"', '\'']);
    let files: Vec<_> = files.filter(|f| f.starts_with("./")).collect();
    assert!(files.iter().any(|f| f.ends_with("swagger-ui-bundle.js")));
    assert!(!page.text().contains("://"), "{}", page.text());
    for file in files {
        let path = format!("/docs/{}", &file[2..]);
        assert_eq!(server.send("GET", &path, &[], "").await.status, 200, "{path}");
    }
    let setup = server.send("GET", "/docs/swagger-initializer.js", &[], "").await;
    let setup = setup.text();
    assert!(setup.contains("/openapi.json"));
    assert!(setup.contains(r#""validatorUrl": "none""#), "{setup}");
    assert!(!setup.contains("://"), "{setup}");
}

async fn document(server: &Served) -> Value {
    let reply = server.send("GET", "/openapi.json", &[], "").await;
    assert_eq!(reply.status, 200);
    json(&reply)
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.push(reference.clone());
            }
            members.values().for_each(|v| collect(v, references));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, references)),
        _ => {}
    }
}
