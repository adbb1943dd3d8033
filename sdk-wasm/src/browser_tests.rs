//! The core in a real browser: what depends on its random bytes, its JSON and its clock. What does
//! not is tested natively, beside the code.

use std::collections::HashSet;

use js_sys::{Array, Date, JSON, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use crate::Pharos;

wasm_bindgen_test_configure!(run_in_browser);

const FETCH: u32 = 0;
const BEACON: u32 = 1;

fn core() -> Pharos {
    Pharos::new("s1".into(), 0, 100)
}

/// The next batch, read by the browser.
fn batch(core: &mut Pharos, way: u32) -> Array {
    let elements = core.batch(way, u32::MAX).expect("events wait");
    JSON::parse(&format!("[{elements}]")).expect("JSON").unchecked_into()
}

fn text(event: &JsValue, field: &str) -> String {
    Reflect::get(event, &field.into()).unwrap().as_string().unwrap()
}

#[wasm_bindgen_test]
fn ids_are_random_and_of_version_7() {
    let mut core = core();
    let now_ms = Date::now();
    for _ in 0..2000 {
        assert!(core.track_event("tick", "{}", now_ms) > 0);
    }
    let mut ids = HashSet::new();
    while core.waiting() > 0 {
        for event in batch(&mut core, BEACON).iter() {
            ids.insert(text(&event, "id"));
        }
        core.gone(BEACON);
    }
    assert_eq!(ids.len(), 2000);
    let prefix = format!("{:012x}", now_ms as u64);
    for id in ids {
        assert_eq!(id.replace('-', "")[..12], prefix, "{id}");
        assert_eq!((&id[14..15], id.len()), ("7", 36), "{id}");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }
}

#[wasm_bindgen_test]
fn the_browser_reads_what_the_core_writes() {
    let mut core = core();
    let now_ms = Date::now();
    core.identify("user-42");
    let properties =
        r#"{"t":"\ud83d\ude00 \u2028 \"q\" \\ ☃","lone":"\ud83d","n":-1.5e3,"email":"ada@example.org"}"#;
    assert_eq!(core.track_event("note", properties, now_ms), 1);
    let event = batch(&mut core, FETCH).get(0);
    assert_eq!(text(&event, "user_id"), "u_0ba2824920f3c163d95df7354e6b020d");
    assert_eq!(Date::parse(&text(&event, "timestamp")), now_ms.floor());
    let properties = Reflect::get(&event, &"properties".into()).unwrap();
    assert_eq!(text(&properties, "t"), "😀 \u{2028} \"q\" \\ ☃");
    assert_eq!(text(&properties, "lone"), "\u{fffd}");
    assert_eq!(Reflect::get(&properties, &"n".into()).unwrap(), -1500.0);
    assert!(!Reflect::has(&properties, &"email".into()).unwrap());
}

#[wasm_bindgen_test]
fn answers_cross_the_boundary_as_one_number() {
    let mut core = core();
    let sent = |core: &mut Pharos| {
        core.track_event("tick", "{}", 0.0);
        core.batch(FETCH, u32::MAX).expect("one event");
    };
    sent(&mut core);
    assert_eq!(core.answered(200, 0, &[0], 0.5), -1);
    sent(&mut core);
    assert_eq!(core.answered(401, 0, &[], 0.5), -2);
    sent(&mut core);
    assert_eq!(core.answered(503, 2, &[], 0.5), 2500);
    assert_eq!(core.waiting(), 1);
    assert_eq!(core.track_event("Not-A-Name", "{}", 0.0), -1);
    assert_eq!(core.refusal(), "invalid_event_name event");
}
