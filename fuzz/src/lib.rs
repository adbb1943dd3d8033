//! Laws that hold for any bytes at all: what is accepted, and every line written, is JSON by
//! `serde_json`, and judging what was judged changes nothing. A law that is broken panics.
//! `model/tests/fuzz_replay.rs` holds the kept inputs to the same laws without a fuzzer.

use std::collections::BTreeMap;

use pharos_model::limits::EVENT_BYTES_MAX;
use pharos_model::pii::{Redaction, Rules};
use pharos_model::wire::{RawBatch, Verdict, WireEvent, strip_context, write_reply};
use pharos_model::{Event, EventId, Judge, RawEvent, Refusal, Timestamp, check_line, properties, salvage};
use serde_json::Value;
use serde_json::value::RawValue;

/// Shortly after the events of the seeds happened.
const RECEIVED_AT_UNIX_MS: i64 = 1_795_464_000_000; // 2026-11-23T20:00:00Z

/// Holds `bytes`, taken as one event, to the laws of an event.
pub fn event(bytes: &[u8]) {
    let rules = Rules::default();
    let judge = judge(None, &rules);
    let line = check_line(bytes, &judge);
    let said: Value = serde_json::from_str(&line).expect("a line of `pharos check` is JSON");
    assert!(!line.contains('\n'), "a line is one line");
    match judged(bytes, &judge).1 {
        Ok(_) => assert_eq!(said["verdict"], "accepted"),
        Err(refusal) => assert_eq!(said["code"], refusal.code.as_str()),
    }
}

/// Holds `bytes`, taken as a request's body, to the laws of a batch, and each event in it to those
/// of an event.
pub fn batch(bytes: &[u8]) {
    let Ok(batch) = RawBatch::read(bytes) else { return };
    if let Some(events) = events_by_serde(bytes) {
        let events: Vec<_> = events.iter().map(|event| event.get().as_bytes()).collect();
        assert_eq!(batch.events, events, "events are cut where they end");
    }
    let rules = Rules::default();
    if let Some(context) = batch.context.and_then(|context| strip_context(context, &rules)) {
        let fields: BTreeMap<String, String> = serde_json::from_str(&context).expect("the context is JSON");
        // Inside a string a quote has a backslash before it.
        assert_eq!(context.matches(r#"":""#).count(), fields.len(), "a context has each field once");
        let again = strip_context(context.as_bytes(), &rules);
        assert_eq!(again, Some(context), "a context is stripped once");
    }
    let judge = judge(batch.sent_at, &rules);
    let items: Vec<_> = batch
        .events
        .iter()
        .map(|event| {
            let (id, result) = judged(event, &judge);
            (id, result.map_or_else(Verdict::Invalid, |_| Verdict::Accepted))
        })
        .collect();
    let mut reply = String::new();
    write_reply(&items, &mut reply);
    let reply: Value = serde_json::from_str(&reply).expect("a reply is JSON");
    let verdicts = reply["verdicts"].as_array().expect("verdicts are an array");
    assert_eq!(verdicts.len(), items.len(), "every event has its verdict");
    for ((id, verdict), said) in items.iter().zip(verdicts) {
        assert_eq!(said["id"].as_str(), id.as_deref(), "an id is echoed as it was sent");
        assert_eq!(said["verdict"], verdict.as_str());
    }
}

/// The id as sent, and what became of the event; an accepted one has kept the laws.
fn judged(bytes: &[u8], judge: &Judge<'_>) -> (Option<String>, Result<Event, Refusal>) {
    let raw = match RawEvent::read(bytes) {
        Ok(raw) => raw,
        Err(refusal) => return (None, Err(refusal)),
    };
    let id = raw.id_text().map(str::to_owned);
    let result = raw.judge(judge);
    match &result {
        Ok(event) => accepted(event, judge),
        Err(_) => refused(bytes, judge),
    }
    (id, result)
}

fn accepted(event: &Event, judge: &Judge<'_>) {
    serde_json::from_str::<serde_json::Map<String, Value>>(&event.properties)
        .expect("properties are a JSON object");
    let mut again = String::new();
    let mut redactions: Vec<Redaction> = Vec::new();
    properties::strip(&event.properties, judge.rules, &mut redactions, &mut again)
        .expect("what was stripped is valid");
    assert_eq!((again.as_str(), redactions.as_slice()), (event.properties.as_str(), [].as_slice()));

    // The page judges, then the server does: they agree. The clock was corrected the first time.
    let mut wire = String::new();
    WireEvent::of(event).push_to(&mut wire);
    let judge = Judge { sent_at: None, ..*judge };
    match RawEvent::read(wire.as_bytes()).and_then(|raw| raw.judge(&judge)) {
        Ok(mut again) => {
            assert_eq!(again.redactions.total(), 0, "nothing is left to strip");
            again.redactions = event.redactions;
            assert_eq!(again, *event);
        }
        // The fields that were left out are written, which may be too much for the longest.
        Err(refusal) => assert_eq!(refusal.code, pharos_model::Code::EventTooLarge),
    }
}

/// What is kept of a refused event is JSON, bounded, and has nothing left to strip.
fn refused(bytes: &[u8], judge: &Judge<'_>) {
    let Some(salvaged) = salvage(bytes, judge) else { return };
    assert!(salvaged.event.len() <= EVENT_BYTES_MAX, "what is kept is bounded");
    let fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&salvaged.event).expect("what is kept is a JSON object");
    let Some(kept) = fields.get("properties").filter(|kept| kept.get().starts_with('{')) else { return };
    let mut again = String::new();
    properties::strip(kept.get(), judge.rules, &mut (), &mut again).expect("what is kept is valid");
    assert_eq!(again, kept.get(), "what is kept was stripped");
}

/// The elements of `events` as `serde_json` cuts them, if the body is JSON and plainly written: keys
/// that are spelled with escapes are not ours.
fn events_by_serde(body: &[u8]) -> Option<Vec<Box<RawValue>>> {
    if [b"\\u006", b"\\u007"].iter().any(|escape| body.windows(5).any(|window| window == *escape)) {
        return None;
    }
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    serde_json::from_str(members.get("events")?.get()).ok()
}

fn judge(sent_at: Option<Timestamp>, rules: &Rules) -> Judge<'_> {
    let received_at = Timestamp::from_unix_ms(RECEIVED_AT_UNIX_MS);
    Judge { received_at, sent_at, rules, fallback_id: EventId::v7(RECEIVED_AT_UNIX_MS, [7; 10]) }
}
