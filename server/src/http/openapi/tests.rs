//! The document against the table of routes, and its examples against their schemas.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn document() -> Value {
    serde_json::from_str(&DOCUMENT).unwrap()
}

/// Each operation as `GET /path`, with its description.
fn described(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations
                .map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

#[test]
fn it_describes_every_route_and_no_other() {
    let routes = crate::http::api();
    let routes: Vec<_> = routes.table().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let document = document();
    let described: BTreeSet<_> = described(&document).into_iter().map(|(name, _)| name).collect();
    assert_eq!(routes.len(), described.len(), "each route once");
    assert_eq!(routes.into_iter().collect::<BTreeSet<_>>(), described);
}

#[test]
fn operations_have_names_of_their_own() {
    let document = document();
    let described = described(&document);
    let ids: BTreeSet<_> = described.iter().map(|(_, it)| it["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), described.len(), "{ids:?}");
    for (name, operation) in described {
        assert!(operation["summary"].is_string(), "{name} says in a line what it does");
    }
}

#[test]
fn every_answer_has_an_example_that_fits_its_schema() {
    let document = document();
    let mut checked = 0;
    for (name, operation) in described(&document) {
        let answers = operation["responses"].as_object().unwrap().iter();
        let sent = operation.get("requestBody").map(|body| ("requestBody", body));
        for (status, answer) in answers.map(|(status, answer)| (status.as_str(), answer)).chain(sent) {
            for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                let example =
                    content.get("example").unwrap_or_else(|| panic!("{name} {status} {kind}: example"));
                let schema = json!({ "$ref": "#/root", "root": content["schema"], "components": document["components"] });
                let schema = jsonschema::validator_for(&schema).unwrap();
                let wrong: Vec<_> = schema.iter_errors(example).map(|error| error.to_string()).collect();
                assert!(wrong.is_empty(), "{name} {status} {kind}: {wrong:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "{checked} examples");
}
