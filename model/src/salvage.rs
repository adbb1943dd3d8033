//! What can be kept of an event that was refused: its fields, stripped by the same rules, with what
//! broke a limit cut or replaced instead of refused. It is for a person to look at and repair; whoever
//! wants to store it as an event has to judge it like any other.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{Judge, RawEvent};
use crate::json::{self, Cursor, Elements, Members, push_string};
use crate::limits::{
    DEPTH_MAX, EVENT_BYTES_MAX, KEY_CHARS_MAX, PROPERTIES_MAX, SALVAGED_FIELD_BYTES_MAX, STRING_CHARS_MAX,
};
use crate::pii::{self, Clues, KeyFinding, Rules, Subject};
use crate::properties::{self, longer_than};
use crate::{EventId, Timestamp, UserHash};

/// Ends a string that was cut.
const ELLIPSIS: char = '…';

/// Characters of a string or key that are searched for personal data; the search takes longer than in
/// proportion, and no more than half of them are kept.
const SEARCHED_CHARS_MAX: usize = 2 * STRING_CHARS_MAX;

/// Characters before the end of what was searched that are never kept: personal data that goes on
/// behind that end is not recognised. Longer than any address.
const UNSURE_CHARS: usize = 512;

/// What is kept of an event that was refused. It holds no personal data that the rules know of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvaged {
    /// A JSON object of at most [`EVENT_BYTES_MAX`] bytes with the fields of an event, less `user_id`
    /// and an `id` that is none. A timestamp that is one is corrected for the sender's clock.
    pub event: String,
    /// Who did it, hashed: kept apart, so that the server can key it before it is stored.
    pub user: Option<UserHash>,
    content_from: usize,
}

impl Salvaged {
    /// The part of `event` that says what happened, without id, timestamp and number in the session:
    /// the same for two events that differ in nothing else.
    pub fn content(&self) -> &str {
        &self.event[self.content_from..]
    }
}

/// Keeps what it can of the event in `bytes`. Strings and keys are cut to their limits, a string ending
/// in `…`; containers too deep, numbers out of range and values that are not JSON become `null`;
/// U+0000 becomes U+FFFD; members too many or named twice are left out, and so is what no longer fits.
///
/// `None` if the bytes are not UTF-8, not an object, or more than [`EVENT_BYTES_MAX`].
pub fn salvage(bytes: &[u8], judge: &Judge<'_>) -> Option<Salvaged> {
    if bytes.len() > EVENT_BYTES_MAX {
        return None;
    }
    let (fields, _) = RawEvent::find(core::str::from_utf8(bytes).ok()?)?;
    let mut salvager = Salvager { rules: judge.rules, out: String::from("{"), bytes_max: 0, open: 1 };

    // What tells one event from the next comes first and is bounded, so that it always has room.
    salvager.bytes_max = SALVAGED_FIELD_BYTES_MAX;
    let text = |value: Option<&str>| value.and_then(string).map(Cow::into_owned);
    if let Some(id) = text(fields.id).and_then(|id| EventId::parse(&id)) {
        salvager.field("id", |salvager| {
            salvager.out.push('"');
            id.push_to(&mut salvager.out);
            salvager.out.push('"');
        });
    }
    let timestamp = text(fields.timestamp).and_then(|text| Timestamp::parse_rfc3339(&text));
    match (timestamp, fields.timestamp) {
        (Some(timestamp), _) => salvager.field("timestamp", |salvager| {
            salvager.out.push('"');
            judge.corrected(timestamp).push_rfc3339(&mut salvager.out);
            salvager.out.push('"');
        }),
        (None, Some(value)) => salvager.unread_field("timestamp", value),
        (None, None) => {}
    }
    if let Some(value) = fields.seq {
        salvager.unread_field("seq", value);
    }

    salvager.bytes_max = EVENT_BYTES_MAX;
    let content_from = salvager.out.len();
    for (name, value) in
        [("event", fields.event), ("session_id", fields.session_id), ("properties", fields.properties)]
    {
        if let Some(value) = value {
            salvager.unread_field(name, value);
        }
    }
    salvager.out.push('}');
    Some(Salvaged { event: salvager.out, user: fields.user_id.and_then(user), content_from })
}

/// Who did it. A number is taken for the string it should have been; nothing else can name a user.
fn user(value: &str) -> Option<UserHash> {
    let text = match value.as_bytes().first()? {
        b'"' => string(value)?,
        b'0'..=b'9' => Cow::Borrowed(Cursor::new(value).scalar().ok()?),
        _ => return None,
    };
    (!text.is_empty()).then(|| UserHash::of(&text))
}

struct Salvager<'r> {
    rules: &'r Rules,
    out: String,
    /// How long `out` may become.
    bytes_max: usize,
    /// Containers of `out` that are still to be closed, a byte each.
    open: usize,
}

impl Salvager<'_> {
    /// Writes a field of the event, unless it turns out not to fit.
    fn field(&mut self, name: &str, value: impl FnOnce(&mut Self)) {
        let before = self.out.len();
        if before > 1 {
            self.out.push(',');
        }
        push_string(name, &mut self.out);
        self.out.push(':');
        value(self);
        self.keep_if_it_fits(before);
    }

    /// Writes a field whose value may be anything.
    fn unread_field(&mut self, name: &str, value: &str) {
        self.field(name, |salvager| {
            let from = salvager.out.len();
            salvager.value(value, name, 0);
            // Within the limits now, so that the rules that need to see key and value together can.
            let within = salvager.out.split_off(from);
            if properties::strip_value(&within, name, salvager.rules, &mut salvager.out).is_err() {
                salvager.out.push_str("null");
            }
        });
    }

    /// Takes back what was written since `before` if it is too much. Says whether it was kept.
    fn keep_if_it_fits(&mut self, before: usize) -> bool {
        let fits = self.out.len() + self.open <= self.bytes_max;
        if !fits {
            self.out.truncate(before);
        }
        fits
    }

    /// Writes the value of `key`, or an element of it, that stands inside `depth` containers.
    fn value(&mut self, value: &str, key: &str, depth: usize) {
        match value.as_bytes().first() {
            Some(b'{') if depth < DEPTH_MAX => self.object(value, depth + 1),
            Some(b'[') if depth < DEPTH_MAX => self.array(value, key, depth + 1),
            Some(b'"') => match string(value) {
                Some(text) => push_string(&self.clean(text, key, STRING_CHARS_MAX), &mut self.out),
                None => self.out.push_str("null"),
            },
            _ => {
                let mut cursor = Cursor::new(value);
                let scalar = cursor.scalar().ok().filter(|_| cursor.at_end());
                self.out.push_str(scalar.unwrap_or("null"));
            }
        }
    }

    fn object(&mut self, value: &str, depth: usize) {
        self.out.push('{');
        self.open += 1;
        let mut keys: Vec<Cow<'_, str>> = Vec::new();
        // Where the text stops making sense, the object ends.
        for (key, value) in Members::of(value.as_bytes()).into_iter().flatten().map_while(Result::ok) {
            let (Ok(key), Ok(value)) = (core::str::from_utf8(key), core::str::from_utf8(value)) else {
                break;
            };
            let Some(key) = decode(key).and_then(|key| self.clean_key(key)) else { continue };
            if keys.contains(&key) {
                continue;
            }
            if keys.len() == PROPERTIES_MAX {
                break;
            }
            let before = self.out.len();
            if !keys.is_empty() {
                self.out.push(',');
            }
            push_string(&key, &mut self.out);
            self.out.push(':');
            self.value(value, &key, depth);
            if !self.keep_if_it_fits(before) {
                break;
            }
            keys.push(key);
        }
        self.out.push('}');
        self.open -= 1;
    }

    fn array(&mut self, value: &str, key: &str, depth: usize) {
        self.out.push('[');
        self.open += 1;
        let from = self.out.len();
        for value in Elements::of(value.as_bytes()).into_iter().flatten().map_while(Result::ok) {
            let before = self.out.len();
            if before > from {
                self.out.push(',');
            }
            self.value(core::str::from_utf8(value).unwrap_or_default(), key, depth);
            if !self.keep_if_it_fits(before) {
                break;
            }
        }
        self.out.push(']');
        self.open -= 1;
    }

    /// `key`, cut to its limit; `None` if it is or names personal data, before the cut or after it.
    fn clean_key<'a>(&self, key: Cow<'a, str>) -> Option<Cow<'a, str>> {
        let is_personal = |key: &str| {
            let finding = pii::of_key(key, key, Clues::of(key), self.rules);
            matches!(finding, KeyFinding::Personal(..) | KeyFinding::Itself(_))
        };
        if !longer_than(&key, KEY_CHARS_MAX) {
            return (!is_personal(&key)).then_some(key);
        }
        // What it names stands at its end.
        let end = key.char_indices().rev().nth(KEY_CHARS_MAX).map_or(0, |(at, _)| at);
        if is_personal(head(&key, SEARCHED_CHARS_MAX)) || is_personal(&key[end..]) {
            return None;
        }
        Some(cut(&key, KEY_CHARS_MAX)).filter(|key| !is_personal(key)).map(Cow::Owned)
    }

    /// `text`, masked and cut until neither is needed: a cut may bring something to light that was
    /// part of a longer word before, and a mask may be longer than what it hides.
    /// The `key` it is the value of may say what a number in it is not.
    fn clean<'a>(&self, mut text: Cow<'a, str>, key: &str, chars_max: usize) -> Cow<'a, str> {
        let masked = |text: &str| {
            Subject { text, key, clues: Clues::of(text), chars_max: usize::MAX }.mask(self.rules, &mut |_| ())
        };
        if longer_than(&text, SEARCHED_CHARS_MAX) {
            let searched = head(&text, SEARCHED_CHARS_MAX);
            let mut masked = masked(searched).unwrap_or_else(|| searched.into());
            let sure = masked.chars().count().saturating_sub(UNSURE_CHARS);
            masked.truncate(head(&masked, sure).len());
            masked.push(ELLIPSIS);
            text = Cow::Owned(masked);
        }
        loop {
            if let Some(masked) = masked(&text) {
                text = Cow::Owned(masked);
            } else if longer_than(&text, chars_max) {
                text = Cow::Owned(cut(&text, chars_max));
            } else {
                return text;
            }
        }
    }
}

/// The first characters of `text`.
fn head(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(at, _)| &text[..at])
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max - 1).chain([ELLIPSIS]).collect()
}

/// The string that is all of `value`; `None` if it is no string.
fn string(value: &str) -> Option<Cow<'_, str>> {
    decode(value.strip_prefix('"')?.strip_suffix('"')?)
}

/// The string that `raw` spells, with U+FFFD for every U+0000.
fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if let Some(text) = spelt(raw) {
        return Some(text);
    }
    let mut repaired = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        // What follows the backslash belongs to it, a second backslash as well.
        let length = if rest[at..].starts_with("\\u0000") { 6 } else { 2 };
        repaired.push_str(&rest[..at]);
        repaired.push_str(if length == 6 { "\\ufffd" } else { rest.get(at..at + length)? });
        rest = &rest[at + length..];
    }
    repaired.push_str(rest);
    spelt(&repaired).map(|text| Cow::Owned(text.into_owned()))
}

fn spelt(raw: &str) -> Option<Cow<'_, str>> {
    json::spelt(raw, raw.contains('\\')).ok().map(|(text, _repaired)| text)
}
