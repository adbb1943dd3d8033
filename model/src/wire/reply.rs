//! The reply to a batch: one verdict for every event, in the order sent.

use alloc::string::String;

use crate::Refusal;
use crate::check::{push_count, push_refusal};
use crate::json::push_string;

/// What the sender is told of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Committed.
    Accepted,
    /// Its id was already stored; nothing to do.
    Duplicate,
    /// Refused; sending it again as it is will not help.
    Invalid(Refusal),
    /// Valid, and left out by a rule with this reason.
    Filtered(&'static str),
    /// Kept aside for a person to look at.
    Quarantined,
    /// Not stored now; send it again later.
    Retry,
}

impl Verdict {
    /// The verdicts' names, in the order in which a reply counts them.
    pub const NAMES: [&str; 6] = ["accepted", "duplicate", "invalid", "filtered", "quarantined", "retry"];

    /// The verdict's name on the wire.
    pub const fn as_str(&self) -> &'static str {
        Self::NAMES[self.index()]
    }

    const fn index(&self) -> usize {
        match self {
            Self::Accepted => 0,
            Self::Duplicate => 1,
            Self::Invalid(_) => 2,
            Self::Filtered(_) => 3,
            Self::Quarantined => 4,
            Self::Retry => 5,
        }
    }
}

/// Appends the reply to a batch: the counts, then each event's id as it was sent (`null` where it
/// was not a string) with its verdict.
pub fn write_reply(items: &[(Option<String>, Verdict)], out: &mut String) {
    let mut counts = [0; Verdict::NAMES.len()];
    for (_, verdict) in items {
        counts[verdict.index()] += 1;
    }
    out.push('{');
    for (name, count) in Verdict::NAMES.iter().zip(counts) {
        push_count(name, count, out);
        out.push(',');
    }
    out.push_str(r#""verdicts":["#);
    for (index, (id, verdict)) in items.iter().enumerate() {
        out.push_str(if index > 0 { r#",{"id":"# } else { r#"{"id":"# });
        match id {
            Some(id) => push_string(id, out),
            None => out.push_str("null"),
        }
        out.push_str(r#","verdict":""#);
        out.push_str(verdict.as_str());
        out.push('"');
        match verdict {
            Verdict::Invalid(refusal) => push_refusal(refusal, out),
            Verdict::Filtered(reason) => {
                out.push_str(r#","reason":"#);
                push_string(reason, out);
            }
            _ => {}
        }
        out.push('}');
    }
    out.push_str("]}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, EventId};

    #[test]
    fn a_reply_counts_and_tells() {
        let again = EventId::v7(1, [1; 10]);
        let refusal = Refusal::new(Code::InvalidEventName, "event");
        let items = [
            (Some("a\"b".to_owned()), Verdict::Accepted),
            (Some(again.to_string()), Verdict::Retry),
            (None, Verdict::Invalid(refusal)),
            (Some("f".to_owned()), Verdict::Filtered("disabled")),
        ];
        let mut reply = String::new();
        write_reply(&items, &mut reply);
        let json: serde_json::Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(json["accepted"], 1);
        assert_eq!(json["duplicate"], 0);
        assert_eq!(json["verdicts"][0]["id"], "a\"b");
        assert_eq!(json["verdicts"][2]["id"], serde_json::Value::Null);
        assert_eq!(json["verdicts"][2]["code"], "invalid_event_name");
        assert_eq!(json["verdicts"][3]["reason"], "disabled");
    }
}
