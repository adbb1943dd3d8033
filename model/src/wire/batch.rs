//! A batch: the envelope and the events in it. Reading cuts the events out and leaves judging them
//! to [`RawEvent`](crate::RawEvent), so that one bad event never costs its neighbours.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Cursor, Elements, Members, push_padded, push_string};
use crate::limits::{BATCH_EVENTS_MAX, COUNTS_MAX};
use crate::pii::Kind;
use crate::{Event, EventId, Timestamp, UserHash};

/// The envelope of a batch, with its events still raw.
#[derive(Debug, Default)]
pub struct RawBatch<'a> {
    /// The key, if it came in the body.
    pub key: Option<Cow<'a, str>>,
    /// The sender's clock as it sent.
    pub sent_at: Option<Timestamp>,
    /// What sent it.
    pub sdk: Option<Sdk<'a>>,
    /// Facts that hold for every event of the batch: a JSON object, unread.
    pub context: Option<&'a [u8]>,
    /// What the person said to being recorded, as it was when the events were tracked.
    pub consent: Option<Consent>,
    /// What the site wants done where Global Privacy Control is on.
    pub gpc: Option<GpcChoice>,
    /// How many events the sender gave up, by reason, since it last said so.
    pub dropped: Vec<(Cow<'a, str>, u32)>,
    /// How many things the sender stripped, by kind, since it last said so.
    pub redacted: Vec<(Kind, u32)>,
    /// The events, in the order sent.
    pub events: Vec<&'a [u8]>,
}

/// Declares a field whose value is one of a few words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $expected:literal, $($(#[$word_doc:meta])* $variant:ident = $word:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)*
        }

        impl $name {
            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What a word must be, as half a sentence.
            pub const EXPECTED: &'static str = $expected;

            /// The meaning of a word.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What a person said to being recorded.
    Consent: "granted, denied or pending",
    /// Yes.
    Granted = "granted",
    /// No.
    Denied = "denied",
    /// Nothing yet.
    Pending = "pending",
}

words! {
    /// What is done with events where Global Privacy Control is on.
    GpcChoice: "drop, anonymous or ignore",
    /// They are not recorded.
    Drop = "drop",
    /// They are recorded without whose they are.
    Anonymous = "anonymous",
    /// The same as where it is off.
    Ignore = "ignore",
}

/// The name and version of the sender's library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sdk<'a> {
    /// Such as `pharos-telemetry`.
    pub name: Option<Cow<'a, str>>,
    /// Such as `0.1.0`.
    pub version: Option<Cow<'a, str>>,
}

/// Why a batch as a whole could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The body is not a JSON object; it stopped making sense at this byte.
    InvalidJson {
        /// Offset in bytes.
        offset: usize,
    },
    /// A field of the envelope is not what it must be.
    Invalid {
        /// The field.
        field: &'static str,
        /// What was expected, as half a sentence.
        expected: &'static str,
    },
    /// More than [`BATCH_EVENTS_MAX`] events.
    TooManyEvents,
}

impl<'a> RawBatch<'a> {
    /// Reads the envelope in `body` and cuts its events apart.
    ///
    /// # Errors
    /// When the envelope is broken. What is wrong inside an event is not found here.
    pub fn read(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let mut batch = Self::default();
        let mut events = None;
        for member in Members::of(body).ok_or(EnvelopeError::InvalidJson { offset: 0 })? {
            let (key, value) = member.map_err(|offset| EnvelopeError::InvalidJson { offset })?;
            if value == b"null" {
                continue;
            }
            match key {
                b"key" => batch.key = Some(string(value, "key", "the project's key as a string")?),
                b"sent_at" => batch.sent_at = Some(sent_at(value)?),
                b"sdk" => batch.sdk = Some(sdk(value)?),
                b"context" => batch.context = Some(value),
                b"consent" => {
                    batch.consent = Some(word(value, "consent", Consent::EXPECTED, Consent::parse)?)
                }
                b"gpc" => batch.gpc = Some(word(value, "gpc", GpcChoice::EXPECTED, GpcChoice::parse)?),
                b"dropped" => batch.dropped = counts(value, "dropped")?,
                b"redacted" => {
                    // A kind that is not known here is one of a newer sender's.
                    let known =
                        |(name, count): (Cow<'_, str>, u32)| Some((Kind::named(name.as_bytes())?, count));
                    batch.redacted = counts(value, "redacted")?.into_iter().filter_map(known).collect();
                }
                b"events" if events.is_some() => {
                    return Err(EnvelopeError::Invalid { field: "events", expected: "the field once" });
                }
                b"events" => events = Some(cut_events(value)?),
                _ => {}
            }
        }
        batch.events = events.ok_or(EVENTS_EXPECTED)?;
        Ok(batch)
    }
}

const EVENTS_EXPECTED: EnvelopeError =
    EnvelopeError::Invalid { field: "events", expected: "an array of events" };

fn cut_events(value: &[u8]) -> Result<Vec<&[u8]>, EnvelopeError> {
    let mut events = Vec::new();
    for event in Elements::of(value).ok_or(EVENTS_EXPECTED)? {
        if events.len() == BATCH_EVENTS_MAX {
            return Err(EnvelopeError::TooManyEvents);
        }
        events.push(event.map_err(|_| EVENTS_EXPECTED)?);
    }
    Ok(events)
}

fn sent_at(value: &[u8]) -> Result<Timestamp, EnvelopeError> {
    let expected = "a date and time as in RFC 3339";
    let text = string(value, "sent_at", expected)?;
    Timestamp::parse_rfc3339(&text).ok_or(EnvelopeError::Invalid { field: "sent_at", expected })
}

fn sdk(value: &[u8]) -> Result<Sdk<'_>, EnvelopeError> {
    let expected = "an object with name and version";
    let error = EnvelopeError::Invalid { field: "sdk", expected };
    let mut sdk = Sdk::default();
    for member in Members::of(value).ok_or(error)? {
        match member.map_err(|_| error)? {
            (b"name", value) => sdk.name = Some(string(value, "sdk", expected)?),
            (b"version", value) => sdk.version = Some(string(value, "sdk", expected)?),
            _ => {}
        }
    }
    Ok(sdk)
}

fn word<T>(
    value: &[u8],
    field: &'static str,
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, EnvelopeError> {
    parse(&string(value, field, expected)?).ok_or(EnvelopeError::Invalid { field, expected })
}

/// An object of plain names and counts.
fn counts<'a>(value: &'a [u8], field: &'static str) -> Result<Vec<(Cow<'a, str>, u32)>, EnvelopeError> {
    let error = EnvelopeError::Invalid { field, expected: "an object of names and counts, at most 16" };
    let mut counts = Vec::new();
    for member in Members::of(value).ok_or(error)? {
        let (name, count) = member.map_err(|_| error)?;
        let text = |bytes| core::str::from_utf8(bytes).map_err(|_| error);
        let count = text(count)?.parse().map_err(|_| error)?;
        let name = text(name)?;
        let plain =
            !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !plain || counts.len() == COUNTS_MAX {
            return Err(error);
        }
        counts.push((Cow::Borrowed(name), count));
    }
    Ok(counts)
}

/// The string that is all of `value`.
fn string<'a>(
    value: &'a [u8],
    field: &'static str,
    expected: &'static str,
) -> Result<Cow<'a, str>, EnvelopeError> {
    let error = EnvelopeError::Invalid { field, expected };
    let text = core::str::from_utf8(value).map_err(|_| error)?;
    let decoded = Cursor::new(text).string().and_then(|raw| raw.decode());
    decoded.map(|(text, _repaired)| text).map_err(|_| error)
}

/// An event on its way out: already judged and stripped.
#[derive(Debug, Clone, Copy)]
pub struct WireEvent<'a> {
    /// Made once, kept across retries.
    pub id: EventId,
    /// The event's name.
    pub name: &'a str,
    /// When it happened, by the sender's clock.
    pub timestamp: Timestamp,
    /// A JSON object as text, as [`properties::strip`](crate::properties::strip) wrote it.
    pub properties: &'a str,
    /// Who did it.
    pub user: Option<UserHash>,
    /// The visit it belongs to.
    pub session_id: Option<&'a str>,
    /// Its number in the session.
    pub seq: Option<u32>,
}

impl<'a> WireEvent<'a> {
    /// The wire form of a judged event.
    pub fn of(event: &'a Event) -> Self {
        Self {
            id: event.id,
            name: &event.name,
            timestamp: event.timestamp,
            properties: &event.properties,
            user: event.user,
            session_id: event.session_id.as_deref(),
            seq: event.seq,
        }
    }

    /// Appends the event as a JSON object.
    pub fn push_to(&self, out: &mut String) {
        out.push_str(r#"{"id":""#);
        self.id.push_to(out);
        out.push_str(r#"","event":""#);
        out.push_str(self.name);
        out.push_str(r#"","timestamp":""#);
        self.timestamp.push_rfc3339(out);
        out.push_str(r#"","properties":"#);
        out.push_str(self.properties);
        if let Some(user) = self.user {
            out.push_str(r#","user_id":""#);
            user.push_to(out);
            out.push('"');
        }
        if let Some(session_id) = self.session_id {
            out.push_str(r#","session_id":"#);
            push_string(session_id, out);
        }
        if let Some(seq) = self.seq {
            out.push_str(r#","seq":"#);
            push_padded(seq, 1, out);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_batch_comes_back() {
        let event = WireEvent {
            id: EventId::v7(1_795_463_708_120, [7; 10]),
            name: "add_to_cart",
            timestamp: Timestamp::from_unix_ms(1_795_463_708_120),
            properties: r#"{"sku":"a]}\"[{","n":1}"#,
            user: Some(UserHash::of("user-42")),
            session_id: Some("s \"1\""),
            seq: Some(7),
        };
        let mut wire = String::new();
        event.push_to(&mut wire);
        let body = format!(
            r#"{{"key":"pk_1","sent_at":"{}","sdk":{{"name":"test","version":"0"}},"context":{{"language":"en"}},
            "dropped":{{"queue_full":3,"invalid":1}},"redacted":{{"email":2,"of_tomorrow":1}},
            "consent":"granted","gpc":"anonymous","events":[{wire},{wire}]}}"#,
            event.timestamp
        );
        serde_json::from_str::<serde_json::Value>(&body).unwrap();

        let batch = RawBatch::read(body.as_bytes()).unwrap();
        assert_eq!(batch.key.as_deref(), Some("pk_1"));
        assert_eq!(batch.sent_at, Some(event.timestamp));
        assert_eq!(batch.sdk, Some(Sdk { name: Some("test".into()), version: Some("0".into()) }));
        assert_eq!(batch.context, Some(br#"{"language":"en"}"#.as_slice()));
        assert_eq!(batch.dropped, [("queue_full".into(), 3), ("invalid".into(), 1)]);
        assert_eq!(batch.redacted, [(Kind::Email, 2)]);
        assert_eq!((batch.consent, batch.gpc), (Some(Consent::Granted), Some(GpcChoice::Anonymous)));
        assert_eq!(batch.events, [wire.as_bytes(), wire.as_bytes()]);
    }

    #[test]
    fn a_broken_envelope_names_its_field() {
        let error = |body: &str| RawBatch::read(body.as_bytes()).unwrap_err();
        let field = |body: &str| match error(body) {
            EnvelopeError::Invalid { field, .. } => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(error(""), EnvelopeError::InvalidJson { offset: 0 });
        assert_eq!(error("[]"), EnvelopeError::InvalidJson { offset: 0 });
        assert!(matches!(error(r#"{"events":[{"a":1}"#), EnvelopeError::InvalidJson { .. }));
        assert!(matches!(error(r#"{"events":[]} x"#), EnvelopeError::InvalidJson { offset: 14 }));
        assert!(matches!(error(&"[".repeat(100_000)), EnvelopeError::InvalidJson { .. }));
        assert_eq!(field("{}"), "events");
        assert_eq!(field(r#"{"events":{}}"#), "events");
        assert_eq!(field(r#"{"events":[],"events":[]}"#), "events");
        assert_eq!(field(r#"{"key":1,"events":[]}"#), "key");
        assert_eq!(field(r#"{"sent_at":"yesterday","events":[]}"#), "sent_at");
        assert_eq!(field(r#"{"sdk":"x","events":[]}"#), "sdk");
        assert_eq!(field(r#"{"dropped":{"Bad Reason":1},"events":[]}"#), "dropped");
        assert_eq!(field(r#"{"dropped":{"queue_full":-1},"events":[]}"#), "dropped");
        assert_eq!(field(r#"{"redacted":[],"events":[]}"#), "redacted");
        assert_eq!(field(r#"{"consent":"yes","events":[]}"#), "consent");
        assert_eq!(field(r#"{"gpc":true,"events":[]}"#), "gpc");
        let many = format!(r#"{{"events":[{}1]}}"#, "1,".repeat(BATCH_EVENTS_MAX));
        assert_eq!(error(&many), EnvelopeError::TooManyEvents);
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_in_their_event() {
        let body = b"{\"events\":[{\"event\":\"a\xff\"},{\"event\":\"b\"}]}";
        let batch = RawBatch::read(body).unwrap();
        assert_eq!(batch.events, [b"{\"event\":\"a\xff\"}".as_slice(), b"{\"event\":\"b\"}"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            let _ = RawBatch::read(&body);
        }

        #[test]
        fn no_near_json_makes_it_panic(body in r#"[\{\}\[\]",:a-e0-9\\ ]{0,80}"#) {
            let _ = RawBatch::read(body.as_bytes());
            let _ = RawBatch::read(format!(r#"{{"events":{body}"#).as_bytes());
        }
    }
}
