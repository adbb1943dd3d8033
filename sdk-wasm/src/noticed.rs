//! What was stripped: counted by kind, so that the server can say how much stayed in the page, and for
//! `debug` listed by path and kind. Never what it was.

use alloc::string::String;

use pharos_model::pii::{Kind, Report};

const KINDS: usize = Kind::ALL.len();

/// What was stripped since it was last asked for.
#[derive(Default)]
pub(crate) struct Noticed {
    counts: [u32; KINDS],
    /// Of the event being read: it may still be refused.
    event: [u32; KINDS],
    /// `path kind`, a line each, of the event read last; kept only if asked for.
    list: Option<String>,
}

impl Noticed {
    /// Begins a list of each event from here on.
    pub(crate) fn list_all(&mut self) {
        self.list = Some(String::new());
    }

    /// Another event is read.
    pub(crate) fn begin(&mut self) {
        self.event = [0; KINDS];
        if let Some(list) = &mut self.list {
            list.clear();
        }
    }

    /// The event was taken in: what was stripped from it counts.
    pub(crate) fn keep(&mut self) {
        for (count, more) in self.counts.iter_mut().zip(self.event) {
            *count += more;
        }
    }

    /// The list of the event read last.
    pub(crate) fn list(&self) -> &str {
        self.list.as_deref().unwrap_or_default()
    }

    /// The counts as members of a JSON object, those of nothing left out. They begin anew.
    pub(crate) fn counts(&mut self) -> String {
        let mut text = String::new();
        for (kind, count) in Kind::ALL.iter().zip(&mut self.counts) {
            if *count > 0 {
                if !text.is_empty() {
                    text.push(',');
                }
                text.push('"');
                text.push_str(kind.as_str());
                text.push_str("\":");
                push_decimal(*count, &mut text);
                *count = 0;
            }
        }
        text
    }
}

impl Report for Noticed {
    fn redacted(&mut self, path: &str, kind: Kind) {
        self.event[kind as usize] += 1;
        if let Some(list) = &mut self.list {
            list.push_str(path);
            list.push(' ');
            list.push_str(kind.as_str());
            list.push('\n');
        }
    }
}

/// Formatting machinery stays out of the file that pages load.
fn push_decimal(number: u32, out: &mut String) {
    if number > 9 {
        push_decimal(number / 10, out);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_events_taken_in_and_begin_anew() {
        let mut noticed = Noticed::default();
        for kept in [true, false, true] {
            noticed.begin();
            for _ in 0..6 {
                noticed.redacted("properties.a", Kind::Phone);
            }
            noticed.redacted("properties.b", Kind::Email);
            if kept {
                noticed.keep();
            }
        }
        assert_eq!(noticed.counts(), r#""email":2,"phone":12"#);
        assert_eq!(noticed.counts(), "");
        assert_eq!(noticed.list(), "", "nobody asked");
    }

    #[test]
    fn the_list_is_of_the_last_event() {
        let mut noticed = Noticed::default();
        noticed.list_all();
        for path in ["properties.a", "properties.b.0"] {
            noticed.begin();
            noticed.redacted(path, Kind::Email);
        }
        assert_eq!(noticed.list(), "properties.b.0 email\n");
    }
}
