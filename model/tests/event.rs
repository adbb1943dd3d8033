//! Events: every refusal with its field, the neighbours' independence, clock correction, and the
//! line that `pharos check` prints.

use pharos_model::pii::Rules;
use pharos_model::{Code, Event, EventId, Judge, RawEvent, Refusal, Timestamp, UserHash, check_line};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T20:00:00.000Z";
const FALLBACK: &str = "019ab2c3-0000-7000-8000-000000000000";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn judge_with(line: &[u8], sent_at: Option<&str>) -> Result<Event, Refusal> {
    let rules = Rules::default();
    let judge = Judge {
        received_at: at(NOW),
        sent_at: sent_at.map(at),
        rules: &rules,
        fallback_id: EventId::parse(FALLBACK).unwrap(),
    };
    RawEvent::read(line)?.judge(&judge)
}

fn good() -> Value {
    json!({
        "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "event": "add_to_cart", "timestamp": "2026-11-23T19:59:58.120Z",
        "properties": { "sku": "A-1", "email": "ada@example.org" }, "user_id": "user-42", "session_id": "s1", "seq": 3,
    })
}

/// The good event with one field set (or taken away, by `null` for required ones).
fn with(field: &str, value: Value) -> Result<Event, Refusal> {
    let mut event = good();
    event[field] = value;
    judge_with(event.to_string().as_bytes(), None)
}

#[track_caller]
fn refused(result: Result<Event, Refusal>, code: Code, field: &str) {
    assert_eq!(result.unwrap_err(), Refusal::new(code, field));
}

#[test]
fn a_good_event() {
    let event = judge_with(good().to_string().as_bytes(), None).unwrap();
    assert_eq!(event.id.to_string(), "019ab2c3-d4e5-7f60-8123-456789abcdef");
    assert_eq!(event.name, "add_to_cart");
    assert_eq!(event.timestamp, at("2026-11-23T19:59:58.120Z"));
    assert_eq!(event.properties, r#"{"sku":"A-1"}"#);
    assert_eq!(event.user, Some(UserHash::of("user-42")));
    assert_eq!(event.session_id.as_deref(), Some("s1"));
    assert_eq!(event.seq, Some(3));
    assert_eq!(event.redactions.total(), 1);
}

#[test]
fn only_name_and_timestamp_must_be_there() {
    let event = judge_with(br#"{"event":"a","timestamp":"2026-11-23T20:00:00Z"}"#, None).unwrap();
    assert_eq!(event.id.to_string(), FALLBACK);
    assert_eq!(event.properties, "{}");
    assert_eq!((event.user, event.session_id, event.seq), (None, None, None));

    for field in ["id", "properties", "user_id", "session_id", "seq"] {
        assert!(with(field, Value::Null).is_ok(), "{field}: null is absent");
    }
    assert_eq!(with("user_id", json!("")).unwrap().user, None);
    assert_eq!(with("session_id", json!("")).unwrap().session_id, None);
    assert!(with("some_field_of_2031", json!({ "x": [1] })).is_ok());
}

#[test]
fn refusals() {
    refused(judge_with(b"{}", None), Code::MissingField, "event");
    refused(judge_with(br#"{"event":"a"}"#, None), Code::MissingField, "timestamp");
    refused(judge_with(br#"{"event":null,"timestamp":null}"#, None), Code::WrongType, "event");
    for broken in ["", "1", "[]", "\"x\"", "{", r#"{"event":"a""#, r#"{"event" "a"}"#, "{}{}"] {
        refused(judge_with(broken.as_bytes(), None), Code::InvalidJson, "");
    }
    refused(judge_with(br#"{"event":"a","event":"b"}"#, None), Code::DuplicateKey, "event");
    refused(judge_with(b"{\"event\":\"\xff\"}", None), Code::InvalidUtf8, "");
    refused(
        judge_with(format!("{{\"x\":\"{}\"}}", "x".repeat(40_000)).as_bytes(), None),
        Code::EventTooLarge,
        "",
    );

    for name in ["Invalid-Event-Name", "", "a b", "naïve", "a1", "Robert\"); DROP TABLE x;--"] {
        refused(with("event", json!(name)), Code::InvalidEventName, "event");
    }
    assert!(with("event", json!("n".repeat(100))).is_ok());
    refused(with("event", json!("n".repeat(101))), Code::EventNameTooLong, "event");

    refused(with("id", json!("1 or 1=1")), Code::InvalidId, "id");
    refused(with("timestamp", json!("yesterday")), Code::InvalidTimestamp, "timestamp");
    refused(with("timestamp", json!("-271821-04-20T00:00:00.000Z")), Code::InvalidTimestamp, "timestamp");
    for far in
        ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2025-10-19T19:59:59Z", "2026-11-24T20:00:01Z"]
    {
        refused(with("timestamp", json!(far)), Code::TimestampOutOfRange, "timestamp");
    }
    for near in ["2025-10-19T20:00:00Z", "2026-11-24T20:00:00Z"] {
        assert!(with("timestamp", json!(near)).is_ok(), "{near}");
    }
    for field in ["id", "event", "timestamp", "user_id", "session_id"] {
        refused(with(field, json!(7)), Code::WrongType, field);
        refused(with(field, json!({ "a": 1 })), Code::WrongType, field);
    }
    refused(with("properties", json!("text")), Code::WrongType, "properties");
    refused(
        with("properties", json!({ "a": { "b": "x".repeat(2049) } })),
        Code::StringTooLong,
        "properties.a.b",
    );
    refused(with("seq", json!("3")), Code::WrongType, "seq");
    for seq in [json!(-1), json!(1.5), json!(2_147_483_648u32)] {
        refused(with("seq", seq), Code::InvalidSeq, "seq");
    }
    refused(with("session_id", json!("s".repeat(101))), Code::SessionIdTooLong, "session_id");
    refused(with("session_id", json!("a\0b")), Code::NulCharacter, "session_id");
    refused(with("user_id", json!("u".repeat(257))), Code::UserIdTooLong, "user_id");
}

#[test]
fn a_wrong_clock_is_corrected_and_a_good_one_left_alone() {
    let timestamp = |sent: &str, sent_at: Option<&str>| {
        let line = json!({ "event": "a", "timestamp": sent }).to_string();
        judge_with(line.as_bytes(), sent_at).map(|event| event.timestamp.to_string())
    };
    // An hour ahead, sent 2 s after it happened.
    assert_eq!(
        timestamp("2026-11-23T20:59:58Z", Some("2026-11-23T21:00:00Z")).unwrap(),
        "2026-11-23T19:59:58.000Z"
    );
    // A clock that starts in 1970 is just a large error.
    assert_eq!(
        timestamp("1970-01-01T00:00:10Z", Some("1970-01-01T00:00:15Z")).unwrap(),
        "2026-11-23T19:59:55.000Z"
    );
    // 4 s of difference may be the network.
    assert_eq!(
        timestamp("2026-11-23T19:59:50Z", Some("2026-11-23T19:59:56Z")).unwrap(),
        "2026-11-23T19:59:50.000Z"
    );
    // An old event from a good clock stays old.
    assert_eq!(timestamp("2026-11-20T00:00:00Z", Some(NOW)).unwrap(), "2026-11-20T00:00:00.000Z");
}

#[test]
fn personal_data_in_a_session_id_is_masked() {
    let event = with("session_id", json!("ada@example.org")).unwrap();
    assert_eq!(event.session_id.as_deref(), Some("[email]"));
}

#[test]
fn the_id_is_echoed_as_sent() {
    let id_text = |line: &str| RawEvent::read(line.as_bytes()).unwrap().id_text().map(str::to_owned);
    assert_eq!(id_text(r#"{"id":"not a uuid"}"#).as_deref(), Some("not a uuid"));
    assert_eq!(id_text(r#"{"id":7}"#), None);
    assert_eq!(id_text("{}"), None);
}

fn checked(line: &str) -> String {
    let rules = Rules::default();
    let judge = Judge {
        received_at: at(NOW),
        sent_at: None,
        rules: &rules,
        fallback_id: EventId::parse(FALLBACK).unwrap(),
    };
    check_line(line.as_bytes(), &judge)
}

#[test]
fn a_checked_line_says_what_would_happen() {
    assert_eq!(
        checked(
            r#"{"event":"a","timestamp":"2026-11-23T20:00:00Z","properties":{"note":"to ada@example.org"}}"#
        ),
        r#"{"verdict":"accepted","event":{"id":"019ab2c3-0000-7000-8000-000000000000","event":"a","timestamp":"2026-11-23T20:00:00.000Z","properties":{"note":"to [email]"}},"redactions":[{"path":"properties.note","kind":"email"}]}"#
    );
    assert_eq!(
        checked(r#"{"event":"A"}"#),
        r#"{"verdict":"invalid","code":"invalid_event_name","field":"event","detail":"expected a name of lower-case letters and underscores, such as add_to_cart"}"#
    );
}

#[test]
fn checking_what_was_written_changes_nothing() {
    let once: Value = serde_json::from_str(&checked(&good().to_string())).unwrap();
    let twice: Value = serde_json::from_str(&checked(&once["event"].to_string())).unwrap();
    assert_eq!(once["event"], twice["event"]);
    assert_eq!(twice["redactions"], json!([]));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = judge_with(&bytes, None);
    }

    #[test]
    fn a_checked_line_is_json(
        event in "\\PC{0,8}", id in "\\PC{0,40}", timestamp in "\\PC{0,30}", note in "\\PC{0,30}", extra in r#"[\{\}\[\]",:a-e0-9\\]{0,10}"#,
    ) {
        let good = json!({ "event": event, "id": id, "timestamp": timestamp, "properties": { note: 1 } }).to_string();
        for line in [good.clone(), good.replacen(':', &extra, 1)] {
            let said = checked(&line);
            prop_assert!(serde_json::from_str::<Value>(&said).is_ok(), "{}", said);
        }
    }
}
