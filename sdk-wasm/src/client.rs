//! Makes events: judges, strips and numbers what the page tracks, and writes it down as it will be sent.
//! What it wrote is taken away once per task of the page ([`Client::take`]); waiting, keeping and sending are
//! the page's, whose storage keeps text.

use alloc::string::String;
use core::mem::take;

use pharos_model::limits::EVENT_BYTES_MAX;
use pharos_model::wire::WireEvent;
use pharos_model::{Code, Refusal, Timestamp, UserHash, check_event_name, pii, properties};

use crate::ids::Ids;
use crate::noticed::Noticed;

/// The client of one page.
pub(crate) struct Client {
    ids: Ids,
    session_id: String,
    next_seq: u32,
    user: Option<UserHash>,
    rules: pii::Rules,
    /// What was stripped since it was last asked for.
    pub(crate) noticed: Noticed,
    /// Events not yet taken, a comma after each.
    events: String,
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
            events: String::new(),
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

    /// Writes one event that happened at `now_ms`. Returns the bytes of all events not yet taken.
    ///
    /// # Errors
    /// What rule it broke. It then takes no number and leaves no trace.
    pub(crate) fn track(&mut self, name: &str, properties: &str, now_ms: i64) -> Result<usize, Refusal> {
        check_event_name(name)?;
        self.properties.clear();
        self.noticed.begin();
        properties::strip(properties, &self.rules, &mut self.noticed, &mut self.properties)?;
        let from = self.events.len();
        let event = WireEvent {
            id: self.ids.next(now_ms),
            name,
            timestamp: Timestamp::from_unix_ms(now_ms),
            properties: &self.properties,
            user: self.user,
            session_id: Some(&self.session_id),
            seq: Some(self.next_seq),
        };
        event.push_to(&mut self.events);
        if self.events.len() - from > EVENT_BYTES_MAX {
            self.events.truncate(from);
            return Err(Refusal { code: Code::EventTooLarge, field: String::new() });
        }
        self.events.push(',');
        self.next_seq = self.next_seq.wrapping_add(1);
        self.noticed.keep();
        Ok(self.events.len())
    }

    /// Moves the events out, as elements of a JSON array.
    pub(crate) fn take(&mut self) -> String {
        let mut events = take(&mut self.events);
        events.pop();
        events
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

    fn taken(client: &mut Client) -> Value {
        serde_json::from_str(&format!("[{}]", client.take())).unwrap()
    }

    #[test]
    fn an_event_is_stripped_numbered_and_written() {
        let mut client = client();
        client.identify("user-42");
        client.track("sign_up", r#"{"plan":"pro","email":"ada@example.org"}"#, NOW_MS).unwrap();
        client.identify("");
        client.track("left", "{}", NOW_MS).unwrap();
        let expected = json!([
            {
                "id": "01a209fe-7200-7000-8707-070707070707",
                "event": "sign_up",
                "timestamp": "2026-11-23T20:00:00.000Z",
                "properties": {"plan": "pro"},
                "user_id": "u_0ba2824920f3c163d95df7354e6b020d",
                "session_id": "s1",
                "seq": 3,
            },
            {
                "id": "01a209fe-7200-7001-8707-070707070707",
                "event": "left",
                "timestamp": "2026-11-23T20:00:00.000Z",
                "properties": {},
                "session_id": "s1",
                "seq": 4,
            },
        ]);
        assert_eq!(taken(&mut client), expected);
        assert_eq!(taken(&mut client), json!([]));
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
            ("", "{}", Code::InvalidEventName, "event"),
            ("ok", "[]", Code::WrongType, "properties"),
            ("ok", "", Code::InvalidJson, "properties"),
            ("ok", &long, Code::StringTooLong, "properties.a"),
            // The properties alone would pass; with the rest of the event they are too large.
            ("ok", &format!("{{{}}}", wide.join(",")), Code::EventTooLarge, ""),
        ] {
            let refusal = client.track(name, properties, NOW_MS).unwrap_err();
            assert_eq!((refusal.code, &*refusal.field), (code, field), "{name} {properties}");
        }
        assert_eq!(client.take(), "");
        assert_eq!((client.next_seq(), client.noticed.counts()), (3, String::new()));
    }

    #[test]
    fn a_session_may_change_between_events() {
        let mut client = client();
        client.track("a", "{}", NOW_MS).unwrap();
        client.set_session("s2", 0);
        client.track("b", "{}", NOW_MS).unwrap();
        let events = taken(&mut client);
        assert_eq!((&events[0]["session_id"], &events[0]["seq"]), (&json!("s1"), &json!(3)));
        assert_eq!((&events[1]["session_id"], &events[1]["seq"]), (&json!("s2"), &json!(0)));
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
        client.track("a", r#"{"mail":"ada@example.org","crew":"7"}"#, NOW_MS).unwrap();
        assert_eq!(taken(&mut client)[0]["properties"], json!({"mail": "[email]"}));
    }
}
