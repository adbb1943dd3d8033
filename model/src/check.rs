//! What the server would do with an event, said without doing it: `pharos check`, and the same in
//! the full wasm build, so that the two can be compared byte for byte.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{push_padded, push_string};
use crate::pii::Redaction;
use crate::wire::WireEvent;
use crate::{Judge, RawEvent, Refusal};

/// Judges one event and says so in one line of JSON, without a line break:
/// `{"verdict":"accepted","event":{...},"redactions":[{"path":"properties.note","kind":"email"}]}` or
/// `{"verdict":"invalid","code":"invalid_event_name","field":"event","detail":"expected ..."}`.
pub fn check_line(line: &[u8], judge: &Judge<'_>) -> String {
    let mut redactions = Vec::new();
    let judged = RawEvent::read(line).and_then(|raw| raw.judge_reporting(judge, &mut redactions));
    let mut out = String::with_capacity(line.len() + 128);
    match judged {
        Ok(event) => {
            out.push_str(r#"{"verdict":"accepted","event":"#);
            WireEvent::of(&event).push_to(&mut out);
            push_redactions(&redactions, &mut out);
        }
        Err(refusal) => {
            out.push_str(r#"{"verdict":"invalid""#);
            push_refusal(&refusal, &mut out);
        }
    }
    out.push('}');
    out
}

/// Appends `,"code":...,"field":...,"detail":...`.
pub(crate) fn push_refusal(refusal: &Refusal, out: &mut String) {
    out.push_str(r#","code":"#);
    push_string(refusal.code.as_str(), out);
    out.push_str(r#","field":"#);
    push_string(&refusal.field, out);
    out.push_str(r#","detail":"expected "#);
    out.push_str(refusal.code.expected());
    out.push('"');
}

fn push_redactions(redactions: &[Redaction], out: &mut String) {
    out.push_str(r#","redactions":["#);
    for (index, redaction) in redactions.iter().enumerate() {
        out.push_str(if index > 0 { r#",{"path":"# } else { r#"{"path":"# });
        push_string(&redaction.path, out);
        out.push_str(r#","kind":""#);
        out.push_str(redaction.kind.as_str());
        out.push_str("\"}");
    }
    out.push(']');
}

/// Appends `"name":value` to an object's members.
pub(crate) fn push_count(name: &str, value: u32, out: &mut String) {
    push_string(name, out);
    out.push(':');
    push_padded(value, 1, out);
}
