//! An event as a program describes it. Writes it as JSON; judging it is the model's business.

use std::time::{SystemTime, UNIX_EPOCH};

use pharos_model::{
    Code, EventId, Judge, RawEvent, Refusal, Timestamp,
    limits::EVENT_BYTES_MAX,
    pii::{KindCounts, Rules},
    wire::{Consent, WireEvent},
};
use serde::Serialize;
use serde_json::{Map, Value};

/// Something that happened.
///
/// ```
/// use pharos_client::Event;
///
/// let event = Event::new("api_call")
///     .property("endpoint", "/api/products")
///     .property("method", "GET")
///     .property("response_time", 150)
///     .property("status_code", 200)
///     .session_id("a-visit");
/// # drop(event);
/// ```
#[derive(Debug, Clone)]
#[must_use = "an event is nothing until it is logged"]
pub struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<EventId>,
    pub(crate) timestamp: Timestamp,
    pub(crate) properties: Map<String, Value>,
    pub(crate) user_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) consent: Option<Consent>,
}

/// An event that may be sent: valid, stripped, written.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) id: EventId,
    pub(crate) text: String,
    pub(crate) redactions: KindCounts,
}

#[derive(Serialize)]
struct Line<'a> {
    event: &'a str,
    timestamp: String,
    properties: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
}

impl Event {
    /// An event of this name that happens now: lower-case letters and underscores, at most 100.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: None,
            timestamp: now(),
            properties: Map::new(),
            user_id: None,
            session_id: None,
            consent: None,
        }
    }

    /// Says something more of it; what was said before under this name is forgotten. It is stripped of
    /// personal data before it is queued.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// Says when it happened, if not now.
    pub fn timestamp(mut self, at: SystemTime) -> Self {
        self.timestamp = timestamp(at);
        self
    }

    /// Says whose it is. The id is hashed before it is queued.
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// Says which visit it belongs to, with at most 100 characters.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// Gives it the id that it had when it was logged before: should it have arrived, it counts once.
    pub fn id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }

    /// What the person said to being recorded, if you ask. After [`Consent::Denied`] nothing is queued.
    pub fn consent(mut self, consent: Consent) -> Self {
        self.consent = Some(consent);
        self
    }

    pub(crate) fn judge(&self, rules: &Rules, fallback_id: EventId) -> Result<Judged, Refusal> {
        let line = Line {
            event: &self.name,
            timestamp: self.timestamp.to_string(),
            properties: &self.properties,
            user_id: self.user_id.as_deref(),
            session_id: self.session_id.as_deref(),
        };
        let line = serde_json::to_vec(&line).map_err(|_| Refusal::new(Code::InvalidJson, ""))?;
        judge_line(&line, rules, self.id.unwrap_or(fallback_id))
    }
}

/// Judges the event in `line`, as the server does.
pub(crate) fn judge_line(line: &[u8], rules: &Rules, fallback_id: EventId) -> Result<Judged, Refusal> {
    let judge = Judge { received_at: now(), sent_at: None, rules, fallback_id };
    let event = RawEvent::read(line)?.judge(&judge)?;
    let mut text = String::with_capacity(line.len() + 64);
    WireEvent::of(&event).push_to(&mut text);
    // The id joins it, and a mask may be longer than what it hides.
    if text.len() > EVENT_BYTES_MAX {
        return Err(Refusal::new(Code::EventTooLarge, ""));
    }
    Ok(Judged { id: event.id, text, redactions: event.redactions })
}

/// A new id.
pub(crate) fn new_id() -> EventId {
    let mut random = [0; 10];
    if getrandom::fill(&mut random).is_err() {
        // A system without randomness; ids must still differ.
        fastrand::fill(&mut random);
    }
    EventId::v7(now().unix_ms(), random)
}

/// The clock, as events have it.
pub(crate) fn now() -> Timestamp {
    timestamp(SystemTime::now())
}

fn timestamp(at: SystemTime) -> Timestamp {
    let unix_ms = match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp::from_unix_ms(unix_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(event: &Event) -> Result<Value, (Code, String)> {
        let judged = event.judge(&Rules::default(), new_id()).map_err(|one| (one.code, one.field))?;
        Ok(serde_json::from_str(&judged.text).unwrap())
    }

    #[test]
    fn what_is_personal_is_gone_before_anything_is_queued() {
        let event = Event::new("signed_up")
            .property("plan", "team")
            .property("email", "ada@example.org")
            .property("note", "call ada@example.org")
            .user_id("user-42")
            .session_id("s1");
        let json = judged(&event).unwrap();
        assert_eq!(json["properties"], serde_json::json!({ "plan": "team", "note": "call [email]" }));
        assert_eq!(json["user_id"], "u_0ba2824920f3c163d95df7354e6b020d");
        assert_eq!(json["session_id"], "s1");
        assert!(json["id"].is_string());
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_code_and_field() {
        let long = "x".repeat(2049);
        for (event, code, field) in [
            (Event::new("Api-Call"), Code::InvalidEventName, "event"),
            (Event::new("a").property("note", long), Code::StringTooLong, "properties.note"),
            (Event::new("a").session_id("s".repeat(101)), Code::SessionIdTooLong, "session_id"),
            (Event::new("a").timestamp(UNIX_EPOCH), Code::TimestampOutOfRange, "timestamp"),
        ] {
            assert_eq!(judged(&event).unwrap_err(), (code, field.to_owned()));
        }
    }

    #[test]
    fn an_id_stays_as_it_was_given() {
        let id = new_id();
        let judged = Event::new("a").id(id).judge(&Rules::default(), new_id()).unwrap();
        assert_eq!(judged.id, id);
        assert!(judged.text.contains(&id.to_string()));
    }

    proptest! {
        /// Whatever a program says, the event is one that the server takes, unchanged, or it is refused.
        #[test]
        fn what_is_judged_is_judged_the_same_again(
            name in "[a-z_]{1,12}|\\PC{0,8}",
            properties in proptest::collection::hash_map("\\PC{0,12}", "\\PC{0,40}|[a-z]{1,6}@[a-z]{1,6}\\.org", 0..6),
            user in proptest::option::of("\\PC{0,20}"),
            session in proptest::option::of("\\PC{0,20}"),
        ) {
            let mut event = Event::new(name);
            event.user_id = user;
            event.session_id = session;
            for (key, value) in properties {
                event = event.property(key, value);
            }
            if let Ok(first) = event.judge(&Rules::default(), new_id()) {
                let again = judge_line(first.text.as_bytes(), &Rules::default(), new_id()).unwrap();
                prop_assert_eq!(&first.text, &again.text);
                prop_assert_eq!(first.id, again.id);
            }
        }
    }
}
