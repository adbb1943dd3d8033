//! The context of a batch: facts about the page that hold for all its events. Only the fields named
//! here pass, and each is searched for personal data.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::json::{Cursor, Members, push_string};
use crate::limits::STRING_CHARS_MAX;
use crate::pii::{Clues, Rules, Subject};
use crate::properties::longer_than;

/// The fields a context may have; all are strings.
const CONTEXT_FIELDS: &[&str] =
    &["page_url", "page_title", "referrer", "language", "screen", "viewport", "time_zone"];

/// The known fields of the JSON object `text`, masked, as a JSON object. A field that is not a
/// string, is too long or was given before is left out: context never costs a batch its events, and
/// since every row has it, its size is bounded. `None` if `text` is not an object.
pub fn strip_context(text: &[u8], rules: &Rules) -> Option<String> {
    let mut out = String::from("{");
    let mut given = [false; CONTEXT_FIELDS.len()];
    for member in Members::of(text)? {
        let (key, value) = member.ok()?;
        let Some(index) = CONTEXT_FIELDS.iter().position(|field| field.as_bytes() == key) else { continue };
        if core::mem::replace(&mut given[index], true) {
            continue;
        }
        let Some(text) = core::str::from_utf8(value).ok().and_then(string) else { continue };
        if longer_than(&text, STRING_CHARS_MAX) {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        push_string(CONTEXT_FIELDS[index], &mut out);
        out.push(':');
        let subject = Subject { text: &text, key: "", clues: Clues::of(&text), chars_max: STRING_CHARS_MAX };
        let masked = subject.mask(rules, &mut |_| ());
        push_string(masked.as_deref().unwrap_or(&text), &mut out);
    }
    out.push('}');
    Some(out)
}

/// Whether the JSON object `text` says that Global Privacy Control is on: `"gpc":true`.
pub fn says_gpc(text: &[u8]) -> bool {
    Members::of(text).is_some_and(|mut members| {
        members.any(|member| member.is_ok_and(|(key, value)| key == b"gpc" && value == b"true"))
    })
}

fn string(value: &str) -> Option<Cow<'_, str>> {
    let (text, _repaired) = Cursor::new(value).string().ok()?.decode().ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> Option<String> {
        strip_context(text.as_bytes(), &Rules::default())
    }

    #[test]
    fn only_known_strings_pass_and_are_masked() {
        let text = r#"{"page_url":"https://shop.example/?email=ada%40example.org","screen":7,"secret":"x","language":"en\u002dGB"}"#;
        let wanted = r#"{"page_url":"https://shop.example/?email=[email]","language":"en-GB"}"#;
        assert_eq!(stripped(text).as_deref(), Some(wanted));
        assert_eq!(stripped("{}").as_deref(), Some("{}"));
        assert_eq!(stripped(r#"{"language":"a\u0000"}"#).as_deref(), Some("{}"));
        let twice = r#"{"language":"en","screen":"1x1","language":"de"}"#;
        assert_eq!(stripped(twice).as_deref(), Some(r#"{"language":"en","screen":"1x1"}"#));
        assert_eq!(stripped("[]"), None);
        assert_eq!(stripped(r#"{"language":"#), None);
        assert!(says_gpc(br#"{"language":"en","gpc": true}"#));
        assert!(!says_gpc(br#"{"gpc":false,"screen":"gpc"}"#) && !says_gpc(b"true"));
    }
}
