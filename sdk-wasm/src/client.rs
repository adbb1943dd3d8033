//! Makes events: judges, strips and numbers what the page tracks, and writes it down as it will be sent.
//! Waiting, keeping and sending are the page's, whose storage keeps text.

use alloc::string::String;

use pharos_model::limits::EVENT_BYTES_MAX;
use pharos_model::wire::WireEvent;
use pharos_model::{Code, Refusal, Timestamp, UserHash, check_event_name, pii, properties};

use crate::ids::Ids;
use crate::noticed::Noticed;

/// So many bytes of events are a chunk, though the last may stand out. With the head of a batch, any chunk fits
/// what a page may send as it is left (60 KiB; an event has up to 32).
pub(crate) const CHUNK_BYTES_FULL: usize = 20 * 1024;

/// The client of one page.
pub(crate) struct Client {
    ids: Ids,
    session_id: String,
    next_seq: u32,
    user: Option<UserHash>,
    rules: pii::Rules,
    /// What was stripped since it was last asked for.
    pub(crate) noticed: Noticed,
    /// How many events the last [`write`](Self::write) wrote.
    pub(crate) written: u32,
    /// How many were refused so far, and why the last one was.
    pub(crate) refused: u32,
    pub(crate) refusal: Option<Refusal>,
    /// Properties being stripped, kept for their memory.
    properties: String,
}

impl Client {
    pub(crate) fn new(page: [u8; 8]) -> Self {
        Self {
            ids: Ids::new(page),
            session_id: String::new(),
            next_seq: 0,
            user: None,
            rules: pii::Rules::default(),
            noticed: Noticed::default(),
            written: 0,
            refused: 0,
            refusal: None,
            properties: String::new(),
        }
    }

    /// Sets what counts as personal data from here on.
    pub(crate) fn set_rules(&mut self, rules: pii::Rules) {
        self.rules = rules;
    }

    /// Sets the session of the events from here on, and the number of the next.
    pub(crate) fn set_session(&mut self, id: &str, next_seq: u32) {
        if self.session_id != id {
            self.session_id.clear();
            self.session_id.push_str(id);
        }
        self.next_seq = next_seq;
    }

    /// Sets who the user is from here on; an empty id is nobody. The raw id goes no further than this.
    pub(crate) fn identify(&mut self, raw_id: &str) {
        self.user = (!raw_id.is_empty()).then(|| UserHash::of(raw_id));
    }

    /// The number of the session's next event.
    pub(crate) fn next_seq(&self) -> u32 {
        self.next_seq
    }

    /// Writes the events in `lines`, two lines each: `TIME NAME`, and properties. Stops at the end or where `out`
    /// is full, and returns how many bytes of `lines` it has read. `out`: elements of a JSON array.
    pub(crate) fn write(&mut self, lines: &[u8], out: &mut String) -> usize {
        self.written = 0;
        let mut rest = lines;
        while !rest.is_empty() && out.len() < CHUNK_BYTES_FULL {
            let (head, properties) = (line(&mut rest), line(&mut rest));
            match self.write_one(head, properties, out) {
                Ok(()) => self.written += 1,
                Err(refusal) => {
                    self.refused += 1;
                    self.refusal = Some(refusal);
                }
            }
        }
        lines.len() - rest.len()
    }

    /// Writes one event. One that breaks a rule takes no number and leaves no trace.
    fn write_one(&mut self, head: &[u8], properties: &[u8], out: &mut String) -> Result<(), Refusal> {
        let text = |line| core::str::from_utf8(line).unwrap_or_default();
        let (time, name) = text(head).split_once(' ').unwrap_or_default();
        check_event_name(name)?;
        let now_ms = time.bytes().fold(0, |ms, digit| ms * 10 + i64::from(digit & 15));
        self.properties.clear();
        self.noticed.begin();
        properties::strip(text(properties), &self.rules, &mut self.noticed, &mut self.properties)?;
        let event = WireEvent {
            id: self.ids.next(now_ms),
            name,
            timestamp: Timestamp::from_unix_ms(now_ms),
            properties: &self.properties,
            user: self.user,
            session_id: Some(&self.session_id),
            seq: Some(self.next_seq),
        };
        let before = out.len();
        if before > 0 {
            out.push(',');
        }
        let from = out.len();
        event.push_to(out);
        if out.len() - from > EVENT_BYTES_MAX {
            out.truncate(before);
            return Err(Refusal { code: Code::EventTooLarge, field: String::new() });
        }
        self.next_seq = self.next_seq.wrapping_add(1);
        self.noticed.keep();
        Ok(())
    }

    /// The page's facts, a JSON object, stripped: what may not be said of an event may not be said
    /// of its page. An empty object if they break a limit.
    pub(crate) fn context(&self, facts: &str) -> String {
        let mut context = String::new();
        if properties::strip(facts, &self.rules, &mut (), &mut context).is_err() {
            context.push_str("{}");
        }
        context
    }
}

/// Takes the first line off `rest`.
fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (line, after) = rest.split_at(end);
    *rest = after.get(1..).unwrap_or_default();
    line
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW_MS: i64 = 1_795_464_000_000;

    fn client() -> Client {
        let mut client = Client::new([7; 8]);
        client.set_session("s1", 3);
        client
    }

    /// What `client` writes for an event, and why it refused it.
    fn track(client: &mut Client, name: &str, properties: &str) -> (Value, Option<(Code, String)>) {
        let mut out = String::new();
        let lines = format!("{NOW_MS} {name}\n{properties}\n");
        assert_eq!(client.write(lines.as_bytes(), &mut out), lines.len());
        let refusal = client.refusal.take().map(|refusal| (refusal.code, refusal.field));
        (serde_json::from_str(&format!("[{out}]")).unwrap(), refusal)
    }

    #[test]
    fn events_are_stripped_numbered_and_written() {
        let mut client = client();
        client.identify("user-42");
        let (first, _) = track(&mut client, "sign_up", r#"{"plan":"pro","email":"ada@example.org"}"#);
        client.identify("");
        let (second, _) = track(&mut client, "left", "{}");
        let expected = [
            json!([{
                "id": "01a209fe-7200-7000-8707-070707070707",
                "event": "sign_up",
                "timestamp": "2026-11-23T20:00:00.000Z",
                "properties": {"plan": "pro"},
                "user_id": "u_0ba2824920f3c163d95df7354e6b020d",
                "session_id": "s1",
                "seq": 3,
            }]),
            json!([{
                "id": "01a209fe-7200-7001-8707-070707070707",
                "event": "left",
                "timestamp": "2026-11-23T20:00:00.000Z",
                "properties": {},
                "session_id": "s1",
                "seq": 4,
            }]),
        ];
        assert_eq!([first, second], expected);
        assert_eq!(client.next_seq(), 5);
        assert_eq!(client.noticed.counts(), r#""email":1"#);
    }

    #[test]
    fn an_invalid_event_is_told_takes_no_number_and_leaves_no_trace() {
        let mut client = client();
        let long = format!(r#"{{"mail":"ada@example.org","a":"{}"}}"#, "x".repeat(2049));
        let wide: Vec<_> = (0..17).map(|i| format!(r#""k{i}":"{}""#, "x".repeat(1915))).collect();
        for (name, properties, code, field) in [
            ("Invalid-Event-Name", "{}", Code::InvalidEventName, "event"),
            ("événement", "{}", Code::InvalidEventName, "event"),
            ("1 a", "{}", Code::InvalidEventName, "event"),
            ("", "{}", Code::InvalidEventName, "event"),
            ("ok", "[]", Code::WrongType, "properties"),
            ("ok", "", Code::InvalidJson, "properties"),
            ("ok", &long, Code::StringTooLong, "properties.a"),
            // The properties alone would pass; with the rest of the event they are too large.
            ("ok", &format!("{{{}}}", wide.join(",")), Code::EventTooLarge, ""),
        ] {
            let (written, refusal) = track(&mut client, name, properties);
            assert_eq!((written, refusal), (json!([]), Some((code, field.into()))), "{name} {properties}");
        }
        assert_eq!((client.written, client.refused), (0, 8));
        assert_eq!((client.next_seq(), client.noticed.counts()), (3, String::new()));
    }

    #[test]
    fn many_events_are_written_in_chunks_without_the_bad_among_them() {
        let mut client = client();
        let text = "x".repeat(1000);
        let lines: String = (0..100)
            .map(|i| {
                let name = if i % 10 == 0 { "Not a name" } else { "step" };
                format!("{} {name}\n{{\"i\":{i},\"text\":\"{text}\"}}\n", NOW_MS + i)
            })
            .collect();
        let (mut at, mut chunks, mut numbers) = (0, 0, vec![]);
        while at < lines.len() {
            let mut out = String::new();
            at += client.write(&lines.as_bytes()[at..], &mut out);
            assert!(out.len() < CHUNK_BYTES_FULL + 2000, "{} bytes", out.len());
            let events: Vec<Value> = serde_json::from_str(&format!("[{out}]")).unwrap();
            assert_eq!(events.len(), client.written as usize);
            numbers.extend(events.iter().map(|event| event["properties"]["i"].as_u64().unwrap()));
            chunks += 1;
        }
        assert_eq!(numbers, (0..100).filter(|i| i % 10 != 0).collect::<Vec<_>>());
        assert_eq!((chunks, client.refused, client.next_seq()), (5, 10, 93));
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        let mut client = client();
        for lines in [&b"\n"[..], b"\n\n", b"1", b"1 a", b"1 a\n{}x\n", b"1 \xff\n{}", b"1 a\n\xff"] {
            let mut out = String::new();
            assert_eq!(client.write(lines, &mut out), lines.len(), "{lines:?}");
            assert_eq!((client.refused, &*out), (1, ""), "{lines:?}");
            client.refused = 0;
        }
    }

    #[test]
    fn a_session_may_change_between_events() {
        let mut client = client();
        let (first, _) = track(&mut client, "a", "{}");
        client.set_session("s2", 0);
        let (second, _) = track(&mut client, "b", "{}");
        assert_eq!((&first[0]["session_id"], &first[0]["seq"]), (&json!("s1"), &json!(3)));
        assert_eq!((&second[0]["session_id"], &second[0]["seq"]), (&json!("s2"), &json!(0)));
    }

    #[test]
    fn facts_of_the_page_are_stripped() {
        let facts = r#"{"page_url":"https://shop.example/?email=ada@example.org","language":"en"}"#;
        let stripped = r#"{"page_url":"https://shop.example/?email=[email]","language":"en"}"#;
        assert_eq!(client().context(facts), stripped);
        assert_eq!(client().context("not JSON"), "{}");
    }

    #[test]
    fn rules_decide_what_is_stripped() {
        let mut client = client();
        client
            .set_rules(pii::Rules::parse(r#"{"kinds":{"email":"mask"},"keys":{"crew":"remove"}}"#).unwrap());
        let (events, _) = track(&mut client, "a", r#"{"mail":"ada@example.org","crew":"7"}"#);
        assert_eq!(events[0]["properties"], json!({"mail": "[email]"}));
    }
}
