//! Event ids: UUIDs made once by the sender and kept across retries, so that the store can tell a
//! retry from a new event. Version 7, whose first bits are the time, keeps keys in time order.

use alloc::string::String;
use core::fmt;

use uuid::Uuid;

/// The id of one event. Any UUID is accepted; ours are of version 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Uuid);

impl EventId {
    /// Reads a UUID with hyphens, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        // `Uuid::try_parse` also takes URNs, braces and bare digits: one id, one spelling.
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return None;
        }
        Uuid::try_parse(text).ok().map(Self)
    }

    /// A version 7 id from the time and ten random bytes (RFC 9562, section 5.7).
    pub fn v7(unix_ms: i64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms.max(0) as u64, &random).into_uuid())
    }

    /// The id for a UUID that is already one.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// Appends the id in lower case with hyphens.
    pub fn push_to(self, out: &mut String) {
        out.push_str(self.0.hyphenated().encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH]));
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.hyphenated().encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_an_id() {
        let id = EventId::parse("019AB2C3-D4E5-7F60-8123-456789ABCDEF").unwrap();
        assert_eq!(id.to_string(), "019ab2c3-d4e5-7f60-8123-456789abcdef");
        for text in [
            "",
            "1 or 1=1",
            "019ab2c3d4e57f608123456789abcdef",
            "{019ab2c3-d4e5-7f60-8123-456789abcdef}",
            "urn:uuid:019ab2c3-d4e5-7f60-8123-456789abcdef",
            "019ab2c3-d4e5-7f60-8123-456789abcdeg",
        ] {
            assert_eq!(EventId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn version_7_begins_with_the_time() {
        let id = EventId::v7(0x0123_4567_89ab, [0xff; 10]);
        assert_eq!(id.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff");
    }
}
