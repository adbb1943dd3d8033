//! Events waiting to be sent, in the order they happened. Bounded by count and by bytes.
//! Knows nothing of time, of the network or of the page.
//!
//! A full queue refuses the newest event. What it holds may already be on its way, and the first
//! events of a visit (where it came from, what it opened on) explain the later ones; an event that
//! was taken in is therefore never pushed out. Events are numbered before they come here, so the
//! refused ones show as a gap in the session.
//!
//! The texts stand in one string, a comma after each: a batch is cut off its front in one piece.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::{replace, take};

/// Events held at most: a page that loops over `trackEvent` must not exhaust its tab.
pub(crate) const EVENTS_MAX: usize = 10_000;

/// Bytes of event text held at most.
pub(crate) const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events in a row.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    text: String,
    /// The bytes of each event, its comma included.
    sizes: Vec<usize>,
}

impl Batch {
    /// The events as elements of a JSON array.
    pub(crate) fn elements(&self) -> &str {
        self.text.strip_suffix(',').unwrap_or_default()
    }

    /// How many events.
    pub(crate) fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Leaves only the events for which `kept`, given their index, says so.
    pub(crate) fn retain(&mut self, kept: impl Fn(usize) -> bool) {
        let all = take(self);
        let mut rest = all.text.as_str();
        for (index, size) in all.sizes.iter().enumerate() {
            let (event, after) = rest.split_at(*size);
            if kept(index) {
                self.text.push_str(event);
                self.sizes.push(*size);
            }
            rest = after;
        }
    }

    fn push(&mut self, event: &str) {
        self.text.push_str(event);
        self.text.push(',');
        self.sizes.push(event.len() + 1);
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Batch,
}

impl Queue {
    /// Takes an event in. `false`: the queue is full, and nothing happened.
    pub(crate) fn push(&mut self, event: &str) -> bool {
        let full = self.waiting.len() >= EVENTS_MAX || self.waiting.text.len() + event.len() >= BYTES_MAX;
        if !full {
            self.waiting.push(event);
        }
        !full
    }

    /// Takes out the oldest events: at most `events_max` of them, and so few that their texts with
    /// a comma each stay within `bytes_max`. `None` when the queue is empty or its first event
    /// alone is larger than that.
    pub(crate) fn take(&mut self, events_max: usize, bytes_max: usize) -> Option<Batch> {
        let (mut count, mut bytes) = (0, 0);
        for size in self.waiting.sizes.iter().take(events_max) {
            if bytes + size > bytes_max {
                break;
            }
            bytes += size;
            count += 1;
        }
        if count == 0 {
            return None;
        }
        let rest = self.waiting.text.split_off(bytes);
        let rest_sizes = self.waiting.sizes.split_off(count);
        Some(Batch {
            text: replace(&mut self.waiting.text, rest),
            sizes: replace(&mut self.waiting.sizes, rest_sizes),
        })
    }

    /// Puts a batch that was not answered back where it was. It may pass the bounds by that batch:
    /// what was once taken in stays.
    pub(crate) fn put_back(&mut self, mut batch: Batch) {
        batch.text.push_str(&self.waiting.text);
        batch.sizes.extend_from_slice(&self.waiting.sizes);
        self.waiting = batch;
    }

    /// How many events wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The bytes they take in a batch.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.text.len()
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// An event of so many bytes that begins with its number.
    fn event(number: u32, bytes: usize) -> String {
        let mut text = number.to_string();
        text.push_str(&"x".repeat(bytes.saturating_sub(text.len())));
        text
    }

    /// The events of a batch; those of these tests hold no commas.
    fn events(batch: &Batch) -> Vec<&str> {
        batch.elements().split(',').filter(|text| !text.is_empty()).collect()
    }

    #[test]
    fn a_batch_ends_at_its_count_or_at_its_bytes() {
        let mut queue = Queue::default();
        for number in 0..5 {
            assert!(queue.push(&event(number, 4)));
        }
        assert_eq!(events(&queue.take(2, 1000).unwrap()), ["0xxx", "1xxx"]);
        assert_eq!(events(&queue.take(100, 10).unwrap()), ["2xxx", "3xxx"]);
        assert_eq!(queue.take(100, 4), None, "the comma counts");
        assert_eq!(events(&queue.take(100, 5).unwrap()), ["4xxx"]);
        assert_eq!(queue.take(100, 1000), None);
    }

    #[test]
    fn a_full_queue_refuses_the_newest() {
        let mut queue = Queue::default();
        for number in 0..EVENTS_MAX as u32 {
            assert!(queue.push(&event(number, 1)));
        }
        assert!(!queue.push("7"));
        let batch = queue.take(1, 100).unwrap();
        assert!(queue.push("8"));
        queue.put_back(batch);
        assert!(!queue.push("9"), "what was put back counts");

        let mut queue = Queue::default();
        assert!(queue.push(&event(1, BYTES_MAX - 4)));
        assert!(!queue.push("two bytes too many"));
        assert!(queue.push("22"));
    }

    #[test]
    fn a_batch_keeps_the_events_asked_for() {
        let mut queue = Queue::default();
        for text in ["a", "bb", "ccc", "dd"] {
            queue.push(text);
        }
        let mut batch = queue.take(10, 100).unwrap();
        batch.retain(|index| index % 2 == 1);
        assert_eq!(events(&batch), ["bb", "dd"]);
        batch.retain(|_| false);
        assert_eq!(batch, Batch::default());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(usize),
        Take(usize, usize),
        PutBack,
        Answer,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1usize..200).prop_map(Step::Push),
            2 => ((1usize..8), (1usize..600)).prop_map(|(events, bytes)| Step::Take(events, bytes)),
            1 => Just(Step::PutBack),
            1 => Just(Step::Answer),
        ]
    }

    proptest! {
        /// Against a plain list: nothing is lost, doubled or reordered, whatever comes back.
        #[test]
        fn behaves_like_a_list(steps in prop::collection::vec(step(), 0..200)) {
            let mut queue = Queue::default();
            let mut list: VecDeque<String> = VecDeque::new();
            let mut out: Option<Batch> = None;
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Push(bytes) => {
                        prop_assert!(queue.push(&event(next, bytes)));
                        list.push_back(event(next, bytes));
                        next += 1;
                    }
                    Step::Take(events_max, bytes_max) if out.is_none() => {
                        out = queue.take(events_max, bytes_max);
                        let taken = out.as_ref().map(events).unwrap_or_default();
                        prop_assert!(taken.len() <= events_max);
                        let bytes: usize = taken.iter().map(|text| text.len() + 1).sum();
                        prop_assert!(bytes <= bytes_max);
                        for text in &taken {
                            prop_assert_eq!(list.pop_front(), Some((*text).to_owned()));
                        }
                        if taken.len() < events_max && let Some(next) = list.front() {
                            prop_assert!(bytes + next.len() + 1 > bytes_max, "a batch is as large as it may be");
                        }
                    }
                    Step::Take(..) => {}
                    Step::PutBack => if let Some(batch) = out.take() {
                        for text in events(&batch).into_iter().rev() {
                            list.push_front(text.to_owned());
                        }
                        queue.put_back(batch);
                    },
                    Step::Answer => out = None,
                }
                prop_assert_eq!(queue.len(), list.len());
                prop_assert_eq!(queue.bytes(), list.iter().map(|text| text.len() + 1).sum::<usize>());
            }
        }
    }
}
