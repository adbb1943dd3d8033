//! What is kept of a refused event: its faults cut or replaced, no personal data, laws for any input.

use pharos_model::limits::EVENT_BYTES_MAX;
use pharos_model::pii::{Redaction, Rules};
use pharos_model::{
    Code, Event, EventId, Judge, RawEvent, Refusal, Salvaged, Timestamp, UserHash, properties,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T20:00:00.000Z";
const ID: &str = "019ab2c3-d4e5-7f60-8123-456789abcdef";

fn with_judge<T>(sent_at: Option<&str>, work: impl FnOnce(&Judge<'_>) -> T) -> T {
    let at = |text| Timestamp::parse_rfc3339(text).unwrap();
    let rules = Rules::default();
    work(&Judge {
        received_at: at(NOW),
        sent_at: sent_at.map(at),
        rules: &rules,
        fallback_id: EventId::v7(1, [7; 10]),
    })
}

fn salvage(bytes: &[u8]) -> Option<Salvaged> {
    with_judge(None, |judge| pharos_model::salvage(bytes, judge))
}

fn judge(bytes: &[u8]) -> Result<Event, Refusal> {
    with_judge(None, |judge| RawEvent::read(bytes).and_then(|raw| raw.judge(judge)))
}

/// What is kept of an event with these fields besides or instead of the good ones.
#[track_caller]
fn kept(fields: Value) -> Value {
    let mut event = json!({ "event": "a", "timestamp": NOW });
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_str(&salvage(event.to_string().as_bytes()).unwrap().event).unwrap()
}

/// What becomes of properties.
#[track_caller]
fn becomes(properties: &str, wanted: &str) {
    let event = format!(r#"{{"event":"a","timestamp":"{NOW}","properties":{properties}}}"#);
    let salvaged = salvage(event.as_bytes()).unwrap().event;
    let wanted = format!(r#"{{"timestamp":"{NOW}","event":"a","properties":{wanted}}}"#);
    assert_eq!(salvaged, wanted);
}

#[test]
fn what_breaks_a_limit_is_cut_or_replaced() {
    becomes(r#"{"a":{"b":{"c":{"d":{"e":{"f":1}}}}},"z":1}"#, r#"{"a":{"b":{"c":{"d":{"e":null}}}},"z":1}"#);
    becomes(r#"{"a":[[[[[]]]]]}"#, r#"{"a":[[[[null]]]]}"#);
    becomes(r#"{"n":[1,1e309,-2.50,12345678901234567890]}"#, r#"{"n":[1,null,-2.50,12345678901234567890]}"#);
    becomes(r#"{"a\u0000b":"x\u0000y\\u0000"}"#, "{\"a\u{fffd}b\":\"x\u{fffd}y\\\\u0000\"}");
    becomes(r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"a":1,"b":2}"#);
    becomes("[1,{\"email\":2}]", "[1,{}]");
    becomes("7", "7");
    becomes(
        &json!({ "s": "é".repeat(2049) }).to_string(),
        &json!({ "s": "é".repeat(2047) + "…" }).to_string(),
    );
    becomes(&json!({ "k".repeat(65): 1 }).to_string(), &json!({ "k".repeat(63) + "…": 1 }).to_string());
    let many: serde_json::Map<_, _> = (10..75).map(|n| (format!("k{n}"), json!(n))).collect();
    let mut fewer = many.clone();
    fewer.remove("k74");
    becomes(&Value::Object(many).to_string(), &Value::Object(fewer).to_string());
    // What the name tells of a number holds here as it does in an event.
    becomes(
        r#"{"v":"411111111111 11115558749","w":["11115558749"]}"#,
        r#"{"v":"411111111111 11115558749","w":["[national_id]"]}"#,
    );
    // Inside what is not JSON, nothing is believed.
    becomes(r#"{"a":nonsense,"b":1}"#, r#"{"a":null,"b":1}"#);
    becomes(r#"{"a":{"b":1 "c":2},"d":3}"#, r#"{"a":{"b":1},"d":3}"#);
}

#[test]
fn no_piece_of_personal_data_is_left_where_a_string_is_cut() {
    // Wherever the cuts fall: masks shorten the text, so that either end of the search may be near.
    for shift in 0..40 {
        for (unit, times) in [("ada.lovelace@mathematics.example.org ", 300), ("x ", 2030), ("é", 4080)] {
            let text =
                format!("{}{}ada.lovelace@example.org", "y".repeat(shift), unit.repeat(times)).repeat(2);
            let salvaged = salvage(json!({ "event": text }).to_string().as_bytes()).unwrap().event;
            assert!(!salvaged.contains("lovelace"), "{unit} {shift}");
            assert!(salvaged.contains('…'), "{unit} {shift}");
        }
        let key = format!("{}{}email", "k".repeat(shift), "_k".repeat(3000));
        becomes(&json!({ key: 1 }).to_string(), "{}");
        let key = format!("{} ada.lovelace@example.org{}", "k".repeat(shift), " k".repeat(3000));
        becomes(&json!({ key: 1 }).to_string(), "{}");
    }
}

#[test]
fn fields_at_fault_are_kept_as_they_are_but_masked() {
    assert_eq!(kept(json!({ "event": "Sign-Up" }))["event"], "Sign-Up");
    assert_eq!(kept(json!({ "event": "ada@example.org signed up" }))["event"], "[email] signed up");
    assert_eq!(kept(json!({ "event": { "phone": 1, "name": "a" } }))["event"], json!({ "name": "a" }));
    assert_eq!(kept(json!({ "timestamp": "call +49 30 1234567" }))["timestamp"], "call [phone]");
    assert_eq!(kept(json!({ "session_id": "ada@example.org" }))["session_id"], "[email]");
    assert_eq!(kept(json!({ "seq": -1 }))["seq"], -1);
    assert_eq!(kept(json!({ "id": ID }))["id"], ID);
    assert_eq!(kept(json!({ "id": "ada@example.org" }))["id"], Value::Null, "one that is none says nothing");
    assert_eq!(kept(json!({ "unknown": "x" }))["unknown"], Value::Null);
}

#[test]
fn the_user_is_hashed_and_kept_apart() {
    let user = |value: Value| {
        let salvaged = salvage(json!({ "user_id": value }).to_string().as_bytes()).unwrap();
        assert_eq!(salvaged.event, "{}");
        salvaged.user
    };
    assert_eq!(user(json!("ada")), Some(UserHash::of("ada")));
    assert_eq!(user(json!("a".repeat(300))), Some(UserHash::of(&"a".repeat(300))));
    assert_eq!(user(json!(42)), Some(UserHash::of("42")));
    for nobody in [json!(""), json!(null), json!(true), json!({ "id": "ada" }), json!(-1)] {
        assert_eq!(user(nobody), None);
    }
}

#[test]
fn content_is_what_events_alike_share() {
    let content = |id: &str, timestamp: &str, seq: u32, name: &str| {
        let event = json!({ "id": id, "timestamp": timestamp, "seq": seq, "event": name }).to_string();
        salvage(event.as_bytes()).unwrap().content().to_owned()
    };
    let one = content(ID, NOW, 1, "Sign-Up");
    assert_eq!(one, content("none", "2026-11-22T20:00:00Z", 2, "Sign-Up"));
    assert_ne!(one, content(ID, NOW, 1, "Sign-Off"));
}

#[test]
fn the_clock_is_corrected_once_and_for_all() {
    let event = br#"{"event":"A","timestamp":"2026-11-23T20:59:58Z"}"#;
    let salvaged = with_judge(Some("2026-11-23T21:00:00Z"), |judge| pharos_model::salvage(event, judge));
    assert!(salvaged.unwrap().event.contains("2026-11-23T19:59:58.000Z"));
}

#[test]
fn what_is_no_object_is_not_kept() {
    for bytes in [&b""[..], b"7", b"[]", b"\"x\"", b"{", b"{\"a\":1", b"{}{}", b"{\"event\":\"\xff\"}"] {
        assert_eq!(salvage(bytes), None);
    }
    assert_eq!(salvage(&vec![b' '; EVENT_BYTES_MAX + 1]), None);
}

#[test]
fn the_worst_stays_bounded_and_names_what_happened() {
    let head = format!(r#"{{"event":"Big","timestamp":"{NOW}","id":"{ID}""#);
    let backspaces = "\\b".repeat(2000);
    let strings = format!("\"{backspaces}\",").repeat(7);
    let nested = format!("{}{strings}0{}", "[".repeat(4), "]".repeat(4));
    let deep = format!("{}1{}", "[".repeat(15_000), "]".repeat(15_000));
    for value in [format!("[{strings}0]"), nested, deep, format!("\"{}\"", "a@b.de ".repeat(4000))] {
        let event = format!("{head},\"properties\":{{\"p\":{value}}},\"seq\":{value}}}");
        let event = if event.len() > EVENT_BYTES_MAX {
            format!("{head},\"properties\":{{\"p\":{value}}}}}")
        } else {
            event
        };
        assert!(event.len() <= EVENT_BYTES_MAX, "{}", event.len());
        let salvaged = salvage(event.as_bytes()).unwrap().event;
        assert!(salvaged.len() <= EVENT_BYTES_MAX, "{}", salvaged.len());
        let kept: Value = serde_json::from_str(&salvaged).unwrap();
        assert_eq!((&kept["event"], &kept["id"]), (&json!("Big"), &json!(ID)));
        assert!(kept["properties"]["p"] != json!({}), "{salvaged}");
    }
}

/// JSON text with everything that is refused in it.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?[0-9]{1,20}(\\.[0-9]{1,3})?([eE]-?[0-9]{1,4})?",
        Just("null".to_owned()),
        text(),
        ("[a-z@.0-9 ]{1,10}", 200usize..300).prop_map(|(text, times)| json!(text.repeat(times)).to_string()),
        "[a-z0-9.+-]{0,5}",
    ];
    leaf.prop_recursive(8, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((text(), inner), 0..6).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A JSON string, quotes included.
fn text() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        "[a-c]{1,2}",
        "\\PC{0,20}",
        "(user|billing|)(_|\\.|)(email|Email|phone|address|mail)(_|)(line|opened|1|)",
        "([a-z=&'. ]{0,4}([a-z0-9.]{1,6}(@|%40)[a-z]{1,5}\\.[a-z]{2,3}|(\\+|0|\\()[0-9]{2,4}[ ./)-]{1,2}[0-9]{3,4}[ -]?[0-9]{4}|4111 ?1111 ?1111 ?1111|[0-9]{6,20})){1,4}",
    ];
    prop_oneof![
        plain.prop_map(|text| json!(text).to_string()),
        r#""(\\u0000|\\\\u0000|\\b|\\ud83d|[a-z@.0-9 ]){0,80}""#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_kept_is_bounded_json_that_stripping_leaves_alone(
        members in prop::collection::vec((text(), value()), 0..12), event in value(), session_id in value(), seq in value(),
    ) {
        let properties = object(&members);
        let event = format!(r#"{{"event":{event},"session_id":{session_id},"seq":{seq},"properties":{properties}}}"#);
        if event.len() > EVENT_BYTES_MAX {
            return Ok(());
        }
        let Some(salvaged) = salvage(event.as_bytes()) else { return Ok(()) };
        prop_assert!(salvaged.event.len() <= EVENT_BYTES_MAX);
        prop_assert!(serde_json::from_str::<Value>(&salvaged.event).is_ok(), "{}", salvaged.event);
        prop_assert!(salvaged.event.ends_with(salvaged.content()));

        // Everything in it is as clean as properties are. One level more than they may have, by these braces.
        let raw: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> =
            serde_json::from_str(&salvaged.event).unwrap();
        for (field, value) in &raw {
            let wrapped = format!("{{\"v\":{value}}}");
            let value = if value.get().starts_with('{') { value.get() } else { &wrapped };
            let (mut out, mut report) = (String::new(), Vec::<Redaction>::new());
            match properties::strip(value, &Rules::default(), &mut report, &mut out) {
                Ok(()) => prop_assert_eq!(value, &out),
                Err(refusal) => prop_assert_eq!(refusal.code, Code::TooDeep, "{}: {}", field, value),
            }
            prop_assert_eq!(report, vec![], "{}: {}", field, value);
        }
        // Keeping it again changes nothing.
        prop_assert_eq!(salvage(salvaged.event.as_bytes()).unwrap().event, salvaged.event);
    }

    #[test]
    fn of_a_valid_event_everything_is_kept(members in prop::collection::vec(("[a-z]{1,8}", text()), 0..8)) {
        let members: Vec<_> = members.into_iter().map(|(key, value)| (json!(key).to_string(), value)).collect();
        let event = format!(
            r#"{{"id":"{ID}","event":"a","timestamp":"{NOW}","seq":3,"session_id":"s","properties":{}}}"#,
            object(&members)
        );
        if let Ok(before) = judge(event.as_bytes()) {
            let after = judge(salvage(event.as_bytes()).unwrap().event.as_bytes()).unwrap();
            let json = |event: &Event| serde_json::from_str::<Value>(&event.properties).unwrap();
            prop_assert_eq!(json(&after), json(&before));
            prop_assert_eq!(
                (after.id, after.timestamp, after.seq, after.session_id),
                (before.id, before.timestamp, before.seq, before.session_id)
            );
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, near in r#"[\{\}\[\]",:a-e0-9\\u ]{0,80}"#) {
        let _ = salvage(&bytes);
        for text in [near.clone(), format!("{{\"event\":{near}}}"), format!("{{\"properties\":{{{near}}}}}")] {
            if let Some(salvaged) = salvage(text.as_bytes()) {
                prop_assert!(serde_json::from_str::<Value>(&salvaged.event).is_ok(), "{}", salvaged.event);
            }
        }
    }
}
