//! Why an event is refused: a stable code, the field, and what was expected. Never a value.

use alloc::string::String;
use core::fmt;

/// One refusal of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was wrong.
    pub code: Code,
    /// Where: `event`, `timestamp`, or a path such as `properties.cart.0.note`. Empty when the event
    /// as a whole is meant.
    pub field: String,
}

impl Refusal {
    /// A refusal of `field` for `code`.
    pub fn new(code: Code, field: impl Into<String>) -> Self {
        Self { code, field: field.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if !self.field.is_empty() {
            f.write_str(" in ")?;
            f.write_str(&self.field)?;
        }
        f.write_str(": expected ")?;
        f.write_str(self.code.expected())
    }
}

impl core::error::Error for Refusal {}

/// Declares the codes once: the variant, its name on the wire, and what was expected instead.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $expected:literal;)*) => {
        /// What was wrong with an event. The names are stable: programs match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The code as it stands in replies, counts and the quarantine.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What was expected, as half a sentence for a person.
            pub const fn expected(self) -> &'static str {
                match self { $(Code::$variant => $expected,)* }
            }
        }
    };
}

impl Code {
    /// Whether enough of an event refused for this code is understood for a person to repair it.
    pub const fn is_repairable(self) -> bool {
        !matches!(self, Self::InvalidJson | Self::InvalidUtf8 | Self::EventTooLarge)
    }
}

codes! {
    /// The event is not the JSON it should be.
    InvalidJson = "invalid_json", "a JSON object";
    /// The event's bytes are not UTF-8.
    InvalidUtf8 = "invalid_utf8", "UTF-8 text";
    /// A field has another type than the one it must have.
    WrongType = "wrong_type", "id, event, timestamp, user_id and session_id as strings, properties as an object, seq as a number";
    /// A field that must be there is not.
    MissingField = "missing_field", "the fields event and timestamp";
    /// The event is larger than [`EVENT_BYTES_MAX`](crate::limits::EVENT_BYTES_MAX).
    EventTooLarge = "event_too_large", "at most 32768 bytes an event";
    /// The name has characters other than `a-z` and `_`, or none at all.
    InvalidEventName = "invalid_event_name", "a name of lower-case letters and underscores, such as add_to_cart";
    /// The name is longer than [`EVENT_NAME_CHARS_MAX`](crate::limits::EVENT_NAME_CHARS_MAX).
    EventNameTooLong = "event_name_too_long", "a name of at most 100 characters";
    /// The id is not a UUID.
    InvalidId = "invalid_id", "a UUID with hyphens, best of version 7";
    /// The timestamp is not RFC 3339.
    InvalidTimestamp = "invalid_timestamp", "a date and time as in RFC 3339, such as 2026-11-23T19:55:08.120Z";
    /// The timestamp is too far from the time of receipt.
    TimestampOutOfRange = "timestamp_out_of_range", "a time within the last 400 days and at most one day ahead";
    /// An object has more than [`PROPERTIES_MAX`](crate::limits::PROPERTIES_MAX) members.
    TooManyProperties = "too_many_properties", "at most 64 members in an object";
    /// Containers are nested more than [`DEPTH_MAX`](crate::limits::DEPTH_MAX) deep.
    TooDeep = "too_deep", "at most 5 levels of objects and arrays";
    /// A key is longer than [`KEY_CHARS_MAX`](crate::limits::KEY_CHARS_MAX).
    KeyTooLong = "key_too_long", "keys of at most 64 characters";
    /// A string is longer than [`STRING_CHARS_MAX`](crate::limits::STRING_CHARS_MAX).
    StringTooLong = "string_too_long", "strings of at most 2048 characters";
    /// A number does not fit a double.
    NumberOutOfRange = "number_out_of_range", "numbers that fit a double, at most 64 characters long";
    /// A string holds U+0000, which PostgreSQL cannot store.
    NulCharacter = "nul_character", "strings without the character U+0000";
    /// A key stands twice in one object: readers of JSON differ on which one counts.
    DuplicateKey = "duplicate_key", "each key once in an object";
    /// The session id is longer than [`SESSION_ID_CHARS_MAX`](crate::limits::SESSION_ID_CHARS_MAX).
    SessionIdTooLong = "session_id_too_long", "a session id of at most 100 characters";
    /// The user id is longer than [`USER_ID_CHARS_MAX`](crate::limits::USER_ID_CHARS_MAX).
    UserIdTooLong = "user_id_too_long", "a user id of at most 256 characters";
    /// The sequence number is not a whole number from 0 to [`SEQ_MAX`](crate::limits::SEQ_MAX).
    InvalidSeq = "invalid_seq", "a whole number from 0 to 2147483647";
}
