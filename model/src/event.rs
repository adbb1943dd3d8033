//! One event: found ([`RawEvent`]), then judged ([`Event`]).

use alloc::borrow::Cow;
use alloc::string::String;

use crate::json::{Cursor, Members};
use crate::limits::{
    CLOCK_SKEW_MIN_MS, EVENT_BYTES_MAX, EVENT_NAME_CHARS_MAX, SEQ_MAX, SESSION_ID_CHARS_MAX,
    TIMESTAMP_FUTURE_MAX_MS, TIMESTAMP_PAST_MAX_MS, USER_ID_CHARS_MAX,
};
use crate::pii::{self, KindCounts, Report, Rules};
use crate::properties::{self, longer_than};
use crate::{Code, EventId, Refusal, Timestamp, UserHash};

/// Who sent an event, told by the kind of key it came with and never by the event itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A page, with the project's public ingest key.
    Client,
    /// A server, with a secret key.
    Server,
}

impl Source {
    /// `client` or `server`, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// A valid event, stripped of personal data. Only [`RawEvent::judge`] makes one, so holding one is
/// proof of both.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Made once by the sender, kept across retries.
    pub id: EventId,
    /// What happened, such as `add_to_cart`.
    pub name: String,
    /// When it happened, corrected for the sender's clock.
    pub timestamp: Timestamp,
    /// A JSON object, as text.
    pub properties: String,
    /// Who did it, hashed.
    pub user: Option<UserHash>,
    /// The visit it belongs to.
    pub session_id: Option<String>,
    /// Its number in the session.
    pub seq: Option<u32>,
    /// What was stripped from it.
    pub redactions: KindCounts,
}

/// What an event is judged by, besides itself.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'r> {
    /// When the event reached whoever judges it.
    pub received_at: Timestamp,
    /// The sender's clock as it sent: what it is off by is taken from the event's timestamp.
    pub sent_at: Option<Timestamp>,
    /// What counts as personal data.
    pub rules: &'r Rules,
    /// The id of an event that came without one.
    pub fallback_id: EventId,
}

impl Judge<'_> {
    /// `timestamp` with the error of the sender's clock taken out.
    pub(crate) fn corrected(&self, timestamp: Timestamp) -> Timestamp {
        let skew_ms = self.sent_at.map_or(0, |sent_at| self.received_at.unix_ms() - sent_at.unix_ms());
        let corrected_ms = if skew_ms.abs() > CLOCK_SKEW_MIN_MS { skew_ms } else { 0 };
        Timestamp::from_unix_ms(timestamp.unix_ms() + corrected_ms)
    }
}

/// The fields of an event as they stand in the bytes received. Nothing is believed yet. Fields that
/// this version does not know are left out: a newer SDK may send them.
#[derive(Debug, Clone, Default)]
pub struct RawEvent<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) event: Option<&'a str>,
    pub(crate) timestamp: Option<&'a str>,
    pub(crate) properties: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) session_id: Option<&'a str>,
    pub(crate) seq: Option<&'a str>,
}

impl<'a> RawEvent<'a> {
    /// Finds the fields of the JSON object in `bytes`.
    ///
    /// # Errors
    /// [`Code::EventTooLarge`], [`Code::InvalidUtf8`], [`Code::InvalidJson`], or a field given twice.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let whole = |code| Refusal::new(code, "");
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(whole(Code::EventTooLarge));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| whole(Code::InvalidUtf8))?;
        let (mut raw, twice) = Self::find(text).ok_or(whole(Code::InvalidJson))?;
        if let Some(name) = twice {
            return Err(Refusal::new(Code::DuplicateKey, name));
        }
        for field in [&mut raw.id, &mut raw.properties, &mut raw.user_id, &mut raw.session_id, &mut raw.seq] {
            *field = field.filter(|value| *value != "null");
        }
        Ok(raw)
    }

    /// The fields of the JSON object `text`, of one that is given twice the first; and its name. `None` if
    /// the text is no object.
    pub(crate) fn find(text: &'a str) -> Option<(Self, Option<&'static str>)> {
        let mut raw = Self::default();
        let mut twice = None;
        for member in Members::of(text.as_bytes())? {
            let (key, value) = member.ok()?;
            let (name, field) = match key {
                b"id" => ("id", &mut raw.id),
                b"event" => ("event", &mut raw.event),
                b"timestamp" => ("timestamp", &mut raw.timestamp),
                b"properties" => ("properties", &mut raw.properties),
                b"user_id" => ("user_id", &mut raw.user_id),
                b"session_id" => ("session_id", &mut raw.session_id),
                b"seq" => ("seq", &mut raw.seq),
                _ => continue,
            };
            if field.is_none() {
                // The value was cut at ASCII delimiters, so it is UTF-8 as the whole is.
                *field = core::str::from_utf8(value).ok();
            } else {
                twice = twice.or(Some(name));
            }
        }
        Some((raw, twice))
    }

    /// The id as it was sent, for the reply, if it is a plain string.
    pub fn id_text(&self) -> Option<&'a str> {
        self.id?.strip_prefix('"')?.strip_suffix('"').filter(|id| !id.contains('\\'))
    }

    /// Makes an [`Event`] of it, or says why not.
    ///
    /// # Errors
    /// The first field that is not as it should be.
    pub fn judge(&self, judge: &Judge<'_>) -> Result<Event, Refusal> {
        self.judge_reporting(judge, &mut ())
    }

    /// [`judge`](Self::judge), telling `report` what was stripped.
    ///
    /// # Errors
    /// The first field that is not as it should be.
    pub fn judge_reporting(&self, judge: &Judge<'_>, report: &mut dyn Report) -> Result<Event, Refusal> {
        let mut report = Counting { report, counts: KindCounts::default() };
        let id = match self.id {
            Some(value) => {
                EventId::parse(&string(value, "id")?).ok_or_else(|| Refusal::new(Code::InvalidId, "id"))?
            }
            None => judge.fallback_id,
        };
        let name = string(self.event.ok_or_else(|| Refusal::new(Code::MissingField, "event"))?, "event")?;
        check_event_name(&name)?;
        let timestamp = self.judge_timestamp(judge)?;
        let user = self.judge_user()?;
        let session_id = self.judge_session_id(judge.rules, &mut report)?;
        let seq = self.seq.map(read_seq).transpose()?;

        let mut stripped = String::new();
        match self.properties {
            Some(text) => {
                stripped.reserve(text.len());
                properties::strip(text, judge.rules, &mut report, &mut stripped)?;
            }
            None => stripped.push_str("{}"),
        }
        Ok(Event {
            id,
            name: name.into_owned(),
            timestamp,
            properties: stripped,
            user,
            session_id,
            seq,
            redactions: report.counts,
        })
    }

    fn judge_timestamp(&self, judge: &Judge<'_>) -> Result<Timestamp, Refusal> {
        let refuse = |code| Refusal::new(code, "timestamp");
        let text = string(self.timestamp.ok_or_else(|| refuse(Code::MissingField))?, "timestamp")?;
        let sent = Timestamp::parse_rfc3339(&text).ok_or_else(|| refuse(Code::InvalidTimestamp))?;
        let timestamp = judge.corrected(sent);
        let age_ms = judge.received_at.unix_ms() - timestamp.unix_ms();
        if (-TIMESTAMP_FUTURE_MAX_MS..=TIMESTAMP_PAST_MAX_MS).contains(&age_ms) {
            Ok(timestamp)
        } else {
            Err(refuse(Code::TimestampOutOfRange))
        }
    }

    fn judge_user(&self) -> Result<Option<UserHash>, Refusal> {
        let Some(value) = self.user_id else { return Ok(None) };
        let text = string(value, "user_id")?;
        if longer_than(&text, USER_ID_CHARS_MAX) {
            return Err(Refusal::new(Code::UserIdTooLong, "user_id"));
        }
        Ok((!text.is_empty()).then(|| UserHash::of(&text)))
    }

    fn judge_session_id(&self, rules: &Rules, report: &mut dyn Report) -> Result<Option<String>, Refusal> {
        let Some(value) = self.session_id else { return Ok(None) };
        let text = string(value, "session_id")?;
        if longer_than(&text, SESSION_ID_CHARS_MAX) {
            return Err(Refusal::new(Code::SessionIdTooLong, "session_id"));
        }
        let clues = pii::Clues::of(&text);
        let subject = pii::Subject { text: &text, key: "session_id", clues, chars_max: SESSION_ID_CHARS_MAX };
        let masked = subject.mask(rules, &mut |kind| report.redacted("session_id", kind));
        let kept = masked.unwrap_or_else(|| text.into_owned());
        Ok((!kept.is_empty()).then_some(kept))
    }
}

/// Whether `name` may name an event: 1 to 100 of `a-z` and `_`.
///
/// # Errors
/// [`Code::InvalidEventName`] or [`Code::EventNameTooLong`].
pub fn check_event_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err(Refusal::new(Code::InvalidEventName, "event"));
    }
    if name.len() > EVENT_NAME_CHARS_MAX {
        return Err(Refusal::new(Code::EventNameTooLong, "event"));
    }
    Ok(())
}

/// The string that is all of `value`.
fn string<'a>(value: &'a str, field: &'static str) -> Result<Cow<'a, str>, Refusal> {
    let refuse = |code| Refusal::new(code, field);
    if !value.starts_with('"') {
        return Err(refuse(Code::WrongType));
    }
    let (text, _repaired) = Cursor::new(value).string().and_then(|raw| raw.decode()).map_err(refuse)?;
    Ok(text)
}

fn read_seq(value: &str) -> Result<u32, Refusal> {
    let refuse = |code| Refusal::new(code, "seq");
    if !value.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err(refuse(Code::WrongType));
    }
    // `u32::from_str` also takes a sign and leading zeros, which JSON does not.
    let plain = value.bytes().all(|b| b.is_ascii_digit()) && (value == "0" || !value.starts_with('0'));
    plain
        .then(|| value.parse().ok())
        .flatten()
        .filter(|seq| *seq <= SEQ_MAX)
        .ok_or_else(|| refuse(Code::InvalidSeq))
}

/// Counts what passes to another report.
struct Counting<'r> {
    report: &'r mut dyn Report,
    counts: KindCounts,
}

impl Report for Counting<'_> {
    fn redacted(&mut self, path: &str, kind: pii::Kind) {
        self.counts.redacted(path, kind);
        self.report.redacted(path, kind);
    }
}
