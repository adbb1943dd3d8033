//! The core in a real browser: text in and out through its memory, as the page does it. What does not depend
//! on that is tested natively, beside the code.

use js_sys::{Array, Date, JSON, Reflect, Uint8Array, WebAssembly::Memory};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use crate::{answered, events, identify, refusal, refused, room, session, start, text as text_at, write};

wasm_bindgen_test_configure!(run_in_browser);

fn view(at: usize, bytes: usize) -> Uint8Array {
    let memory: Memory = wasm_bindgen::memory().unchecked_into();
    Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), at as u32, bytes as u32)
}

fn put(text: &str) -> usize {
    view(room(text.len()) as usize, text.len()).copy_from(text.as_bytes());
    text.len()
}

fn track(name: &str, properties: &str) -> usize {
    let bytes = put(&format!("{} {name}\n{properties}\n", Date::now()));
    write(bytes)
}

fn text(bytes: usize) -> String {
    String::from_utf8(view(text_at() as usize, bytes).to_vec()).expect("UTF-8")
}

fn field(event: &JsValue, field: &str) -> JsValue {
    Reflect::get(event, &field.into()).unwrap()
}

#[wasm_bindgen_test]
fn the_browser_reads_what_the_core_writes() {
    start(1, 2);
    let bytes = put("s1");
    session(bytes, 0);
    let bytes = put("user-42");
    identify(bytes);
    let before_ms = Date::now().floor();
    let properties =
        r#"{"t":"\ud83d\ude00 \u2028 \"q\" \\ ☃","lone":"\ud83d","n":-1.5e3,"email":"ada@example.org"}"#;
    let bytes = track("note", properties);
    assert_eq!(events(), 1);
    let written = JSON::parse(&format!("[{}]", text(bytes))).expect("JSON");
    let event = written.unchecked_into::<Array>().get(0);
    assert_eq!(field(&event, "user_id"), "u_0ba2824920f3c163d95df7354e6b020d");
    assert_eq!(field(&event, "session_id"), "s1");
    let at_ms = Date::parse(&field(&event, "timestamp").as_string().unwrap());
    assert!(at_ms >= before_ms && at_ms <= Date::now());
    let properties = field(&event, "properties");
    assert_eq!(field(&properties, "t"), "😀 \u{2028} \"q\" \\ ☃");
    assert_eq!(field(&properties, "lone"), "\u{fffd}");
    assert_eq!(field(&properties, "n"), -1500.0);
    assert!(!Reflect::has(&properties, &"email".into()).unwrap());
}

#[wasm_bindgen_test]
fn a_refusal_is_told_whatever_the_name() {
    start(1, 2);
    for name in ["Not-A-Name", "événement", "é", "abcé", ""] {
        assert_eq!(track(name, "{}"), 0, "{name}");
        let bytes = refusal();
        assert_eq!(text(bytes), "invalid_event_name event", "{name}");
    }
    assert_eq!(track("ok", "[1]"), 0);
    let bytes = refusal();
    assert_eq!(text(bytes), "wrong_type properties");
    assert_eq!((refused(), refused(), write(0)), (6, 0, 0));
}

#[wasm_bindgen_test]
fn answers_cross_the_boundary_as_one_number() {
    start(1, 2);
    assert_eq!(answered(200, true, 0, 0.5), -1);
    assert_eq!(answered(401, false, 0, 0.5), -2);
    assert_eq!(answered(503, false, 2, 0.5), 2500);
}
