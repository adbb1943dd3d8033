//! Joins the model, the queue and the backoff. The rules are theirs; here is only what follows
//! what.
//!
//! Batches leave on two ways: by `fetch`, which has an answer, and by beacon, when the page leaves.
//! Each carries one batch at a time, so events arrive in the order they happened.

use alloc::string::String;

use pharos_model::limits::{BATCH_EVENTS_MAX, BEACON_BYTES_MAX, EVENT_BYTES_MAX};
use pharos_model::wire::WireEvent;
use pharos_model::{Code, EventId, Refusal, Timestamp, UserHash, check_event_name, pii, properties};

use crate::queue::{Batch, Queue};
use crate::retry::{Backoff, Fate, fate};

/// Bytes of events in one batch. With its head (an address and a referrer of at most 2,048
/// characters each, and little else) a body stays under what a beacon can carry.
pub(crate) const BATCH_BYTES_MAX: usize = BEACON_BYTES_MAX - 8 * 1024;

/// How a batch leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Answered.
    Fetch = 0,
    /// Not answered, but outlives the page.
    Beacon = 1,
}

impl From<u32> for Way {
    fn from(number: u32) -> Self {
        if number == 0 { Self::Fetch } else { Self::Beacon }
    }
}

/// What became of an event that was tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tracked {
    /// It broke a rule; [`Client::refusal`] says which.
    Invalid,
    /// There is no room for it.
    QueueFull,
    /// It waits with others.
    Queued,
}

/// What became of a batch that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Every event is done with.
    Done,
    /// The server refused all of this many events for good.
    Refused(u32),
    /// Some or all wait again, for so many milliseconds.
    Again(u32),
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Nothing.
    Nothing = 0,
    /// Less than a batch.
    Some = 1,
    /// A batch or more.
    Batch = 2,
}

/// The client of one page.
pub(crate) struct Client {
    session_id: String,
    next_seq: u32,
    batch_events: usize,
    rules: pii::Rules,
    user: Option<UserHash>,
    queue: Queue,
    backoff: Backoff,
    /// The batch out on each way.
    out: [Option<Batch>; 2],
    refusal: Option<Refusal>,
    /// Texts being made, kept for their memory.
    properties: String,
    event: String,
}

impl Client {
    pub(crate) fn new(session_id: String, next_seq: u32, batch_events: usize) -> Self {
        Self {
            session_id,
            next_seq,
            batch_events,
            rules: pii::Rules::default(),
            user: None,
            queue: Queue::default(),
            backoff: Backoff::default(),
            out: [None, None],
            refusal: None,
            properties: String::new(),
            event: String::new(),
        }
    }

    /// Judges, strips, numbers and queues one event.
    pub(crate) fn track(&mut self, name: &str, properties: &str, now_ms: i64, random: [u8; 10]) -> Tracked {
        if let Err(refusal) = self.write_event(name, properties, now_ms, random) {
            self.refusal = Some(refusal);
            return Tracked::Invalid;
        }
        // Numbered even if there is no room for it: the gap in the numbers is the loss.
        self.next_seq = self.next_seq.wrapping_add(1);
        if self.queue.push(&self.event) { Tracked::Queued } else { Tracked::QueueFull }
    }

    fn write_event(
        &mut self,
        name: &str,
        properties: &str,
        now_ms: i64,
        random: [u8; 10],
    ) -> Result<(), Refusal> {
        check_event_name(name)?;
        self.properties.clear();
        properties::strip(properties, &self.rules, &mut (), &mut self.properties)?;
        self.event.clear();
        let event = WireEvent {
            id: EventId::v7(now_ms, random),
            name,
            timestamp: Timestamp::from_unix_ms(now_ms),
            properties: &self.properties,
            user: self.user,
            session_id: Some(&self.session_id),
            seq: Some(self.next_seq),
        };
        event.push_to(&mut self.event);
        if self.event.len() > EVENT_BYTES_MAX {
            return Err(Refusal { code: Code::EventTooLarge, field: String::new() });
        }
        Ok(())
    }

    /// Why the last invalid event was: a code and where in the event.
    pub(crate) fn refusal(&self) -> String {
        let mut text = String::new();
        if let Some(refusal) = &self.refusal {
            text.push_str(refusal.code.as_str());
            text.push(' ');
            text.push_str(&refusal.field);
        }
        text
    }

    /// Sets who the user is from here on; an empty id is nobody. The raw id goes no further than
    /// this.
    pub(crate) fn identify(&mut self, raw_id: &str) {
        self.user = (!raw_id.is_empty()).then(|| UserHash::of(raw_id));
    }

    pub(crate) fn next_seq(&self) -> u32 {
        self.next_seq
    }

    pub(crate) fn waiting(&self) -> Waiting {
        if self.queue.len() >= self.batch_events || self.queue.bytes() >= BATCH_BYTES_MAX {
            Waiting::Batch
        } else if self.queue.len() > 0 {
            Waiting::Some
        } else {
            Waiting::Nothing
        }
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

    /// Takes a batch out on a way and returns its events, as elements of a JSON array. `None`: one
    /// is out on that way, or nothing waits that fits in `bytes_max`.
    pub(crate) fn batch(&mut self, way: Way, bytes_max: usize) -> Option<String> {
        let out = &mut self.out[way as usize];
        if out.is_some() {
            return None;
        }
        let events_max = if way == Way::Fetch { self.batch_events } else { BATCH_EVENTS_MAX };
        let batch = self.queue.take(events_max, bytes_max.min(BATCH_BYTES_MAX))?;
        Some(out.insert(batch).elements().into())
    }

    /// The batch on a way has left for good, as far as anybody can know.
    pub(crate) fn gone(&mut self, way: Way) {
        self.out[way as usize] = None;
    }

    /// The batch on a way did not leave: its events wait again, before all others.
    pub(crate) fn back(&mut self, way: Way) {
        if let Some(batch) = self.out[way as usize].take() {
            self.queue.put_back(batch);
        }
    }

    /// Does with the fetched batch's events what the answer says.
    pub(crate) fn answered(
        &mut self,
        status: u16,
        retry_after_s: u32,
        retries: &[u8],
        random: f64,
    ) -> Answered {
        let Some(mut batch) = self.out[Way::Fetch as usize].take() else {
            return Answered::Done;
        };
        let answered = match fate(status) {
            Fate::Refused => Answered::Refused(batch.len() as u32),
            Fate::Answered if retries.len() == batch.len() => {
                batch.retain(|index| retries[index] == 1);
                Answered::Done
            }
            // Not now; or whatever spoke did not name every event, so it does not keep them.
            Fate::Again | Fate::Answered => Answered::Again(0),
        };
        if batch.len() == 0 || matches!(answered, Answered::Refused(_)) {
            self.backoff.succeeded();
            return answered;
        }
        self.queue.put_back(batch);
        Answered::Again(self.backoff.failed(retry_after_s, random))
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const NOW_MS: i64 = 1_795_464_000_000;

    fn client() -> Client {
        Client::new("s1".into(), 0, 4)
    }

    fn track(client: &mut Client, name: &str, properties: &str) -> Tracked {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&client.next_seq.to_be_bytes());
        client.track(name, properties, NOW_MS, random)
    }

    fn read(elements: &str) -> Vec<Value> {
        serde_json::from_str(&format!("[{elements}]")).unwrap()
    }

    fn seqs(elements: &str) -> Vec<u64> {
        read(elements).iter().map(|event| event["seq"].as_u64().unwrap()).collect()
    }

    #[test]
    fn an_event_is_stripped_numbered_and_queued() {
        let mut client = client();
        client.identify("user-42");
        assert_eq!(
            track(&mut client, "sign_up", r#"{"plan":"pro","email":"ada@example.org"}"#),
            Tracked::Queued
        );
        client.identify("");
        assert_eq!(track(&mut client, "left", "{}"), Tracked::Queued);
        let events = read(&client.batch(Way::Fetch, BATCH_BYTES_MAX).unwrap());
        let expected = serde_json::json!([
            {
                "id": "01a209fe-7200-7000-8000-000000000000",
                "event": "sign_up",
                "timestamp": "2026-11-23T20:00:00.000Z",
                "properties": {"plan": "pro"},
                "user_id": "u_0ba2824920f3c163d95df7354e6b020d",
                "session_id": "s1",
                "seq": 0,
            },
            {
                "id": "01a209fe-7200-7000-8001-000000000000",
                "event": "left",
                "timestamp": "2026-11-23T20:00:00.000Z",
                "properties": {},
                "session_id": "s1",
                "seq": 1,
            },
        ]);
        assert_eq!(Value::from(events), expected);
    }

    #[test]
    fn an_invalid_event_is_told_and_takes_no_number() {
        let mut client = client();
        for (name, properties, refusal) in [
            ("Invalid-Event-Name", "{}", "invalid_event_name event"),
            ("ok", "[]", "wrong_type properties"),
            ("ok", "", "invalid_json properties"),
            ("ok", r#"{"a":{"b":{"c":{"d":{"e":{}}}}}}"#, "too_deep properties.a.b.c.d.e"),
        ] {
            assert_eq!(track(&mut client, name, properties), Tracked::Invalid, "{name} {properties}");
            assert_eq!(client.refusal(), refusal);
        }
        // Its properties fit, but not with the rest of the event.
        let longest = format!(r#"{{"a":[{}0]}}"#, "0,".repeat((EVENT_BYTES_MAX - 50) / 2));
        assert_eq!(track(&mut client, "ok", &longest), Tracked::Invalid);
        assert_eq!(client.refusal(), "event_too_large ");
        assert_eq!((client.next_seq(), client.waiting()), (0, Waiting::Nothing));
    }

    #[test]
    fn what_waits_is_a_batch_by_count_or_by_bytes() {
        let mut client = client();
        assert_eq!(client.waiting(), Waiting::Nothing);
        for _ in 0..3 {
            track(&mut client, "a", "{}");
            assert_eq!(client.waiting(), Waiting::Some);
        }
        track(&mut client, "a", "{}");
        assert_eq!(client.waiting(), Waiting::Batch);

        let mut client = self::client();
        let large = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(15_000));
        track(&mut client, "a", &large);
        assert_eq!(client.waiting(), Waiting::Some);
        track(&mut client, "a", &large);
        assert_eq!(client.waiting(), Waiting::Batch);
        assert_eq!(
            seqs(&client.batch(Way::Fetch, usize::MAX).unwrap()),
            [0],
            "two are more than a beacon carries"
        );
    }

    #[test]
    fn one_batch_a_way() {
        let mut client = client();
        for _ in 0..9 {
            track(&mut client, "a", "{}");
        }
        assert_eq!(seqs(&client.batch(Way::Fetch, BATCH_BYTES_MAX).unwrap()), [0, 1, 2, 3]);
        assert_eq!(client.batch(Way::Fetch, BATCH_BYTES_MAX), None);
        // The page leaves: the fetched batch cannot be relied on, and all of it goes by beacon.
        client.back(Way::Fetch);
        assert_eq!(client.batch(Way::Beacon, 10), None, "less than one event");
        assert_eq!(seqs(&client.batch(Way::Beacon, 500).unwrap()), [0, 1, 2]);
        client.back(Way::Beacon);
        assert_eq!(seqs(&client.batch(Way::Beacon, BATCH_BYTES_MAX).unwrap()).len(), 9);
        client.gone(Way::Beacon);
        assert_eq!(client.waiting(), Waiting::Nothing);
        assert_eq!(client.answered(0, 0, &[], 0.5), Answered::Done, "an answer to what has left already");
    }

    #[test]
    fn an_answer_is_done_with_or_tried_again() {
        let cases: [(u16, &[u8], Answered, &[u64]); 7] = [
            (200, &[0, 0, 0], Answered::Done, &[]),
            (200, &[0, 1, 0], Answered::Again(500), &[1]),
            (200, &[1, 1, 1], Answered::Again(500), &[0, 1, 2]),
            // A captive portal, or half a reply.
            (200, &[], Answered::Again(500), &[0, 1, 2]),
            (200, &[0, 0], Answered::Again(500), &[0, 1, 2]),
            (503, &[], Answered::Again(500), &[0, 1, 2]),
            (400, &[], Answered::Refused(3), &[]),
        ];
        for (status, retries, answered, waiting) in cases {
            let mut client = client();
            for _ in 0..3 {
                track(&mut client, "a", "{}");
            }
            client.batch(Way::Fetch, BATCH_BYTES_MAX).unwrap();
            assert_eq!(client.answered(status, 0, retries, 0.5), answered, "{status} {retries:?}");
            let left = client.batch(Way::Fetch, BATCH_BYTES_MAX).map(|elements| seqs(&elements));
            assert_eq!(left.unwrap_or_default(), waiting, "{status} {retries:?}");
        }
    }

    #[test]
    fn the_context_is_stripped() {
        let facts = r#"{"page_url":"https://x.test/?email=ada%40example.org","screen":"1x1"}"#;
        let context = client().context(facts);
        assert!(!context.contains("ada"), "{context}");
        assert_eq!(serde_json::from_str::<Value>(&context).unwrap()["screen"], "1x1");
        assert_eq!(client().context("not JSON"), "{}");
    }

    #[derive(Debug, Clone)]
    enum Step {
        Track(usize),
        Fetch,
        Answer(u16, Vec<u8>),
        Leave(bool, usize),
        Recall,
    }

    fn step() -> impl Strategy<Value = Step> {
        let statuses = prop_oneof![4 => Just(200), 2 => Just(0), 2 => Just(503), 1 => Just(429)];
        prop_oneof![
            6 => (0usize..60).prop_map(Step::Track),
            3 => Just(Step::Fetch),
            3 => (statuses, prop::collection::vec(0u8..2, 4)).prop_map(|(status, retries)| Step::Answer(status, retries)),
            1 => (any::<bool>(), 0usize..3000).prop_map(|(taken, bytes)| Step::Leave(taken, bytes)),
            1 => Just(Step::Recall),
        ]
    }

    proptest! {
        /// Whatever the network does: every event arrives once or still waits, a way's batches are
        /// in order, and an id is never given to two.
        #[test]
        fn no_event_is_lost_or_doubled(steps in prop::collection::vec(step(), 0..120)) {
            let mut client = client();
            let mut tracked = 0u64;
            let mut out: Vec<u64> = Vec::new();
            let mut arrived: Vec<u64> = Vec::new();
            for step in steps {
                match step {
                    Step::Track(size) => {
                        let properties = format!(r#"{{"a":"{}"}}"#, "x".repeat(size));
                        prop_assert_eq!(track(&mut client, "a", &properties), Tracked::Queued);
                        tracked += 1;
                    }
                    Step::Fetch => if let Some(elements) = client.batch(Way::Fetch, BATCH_BYTES_MAX) {
                        prop_assert!(out.is_empty());
                        out = seqs(&elements);
                        prop_assert!(out.len() <= 4 && out.is_sorted());
                    },
                    Step::Answer(status, retries) => {
                        let answered = client.answered(status, 0, &retries[..out.len()], 0.5);
                        let again = |index: usize| status != 200 || retries[index] == 1;
                        prop_assert_eq!(answered != Answered::Done, (0..out.len()).any(again));
                        arrived.extend(out.drain(..).enumerate().filter(|(index, _)| !again(*index)).map(|(_, seq)| seq));
                    }
                    Step::Leave(taken, bytes_max) => if let Some(elements) = client.batch(Way::Beacon, bytes_max) {
                        prop_assert!(elements.len() < bytes_max);
                        if taken {
                            client.gone(Way::Beacon);
                            arrived.extend(seqs(&elements));
                        } else {
                            client.back(Way::Beacon);
                        }
                    },
                    Step::Recall => {
                        client.back(Way::Fetch);
                        out.clear();
                    }
                }
            }
            client.back(Way::Fetch);
            while let Some(elements) = client.batch(Way::Beacon, BATCH_BYTES_MAX) {
                client.gone(Way::Beacon);
                arrived.extend(seqs(&elements));
            }
            prop_assert_eq!(arrived.len() as u64, tracked);
            prop_assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>(), (0..tracked).collect::<BTreeSet<_>>());
        }
    }
}
