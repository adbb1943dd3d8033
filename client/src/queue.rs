//! What waits to be sent, in order and within bounds. No I/O, clock or timers.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use pharos_model::{EventId, wire::Consent};
use tokio::sync::oneshot;

use crate::error::{Error, Verdict};

/// An event that waits: judged, stripped, written.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: EventId,
    pub(crate) text: String,
    pub(crate) consent: Option<Consent>,
    /// Who waits for its verdict.
    pub(crate) waiter: Option<Waiter>,
    /// Where it is kept on disk.
    pub(crate) segment: Option<u64>,
}

/// Who waits for a verdict.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) tell: oneshot::Sender<Result<Verdict, Error>>,
    /// It has waited long enough, and was told that the event is given up. Somebody who merely went away, as
    /// the task of a request that was cancelled, has not given it up.
    pub(crate) gave_up: Arc<AtomicBool>,
}

impl Entry {
    /// Whether the event is not to be sent any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.waiter.as_ref().is_some_and(|waiter| waiter.gave_up.load(Ordering::Relaxed))
    }

    fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Events in the order of their making. What is taken counts until it is settled or put back.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: VecDeque<Entry>,
    /// Of those that wait, how many somebody waits for.
    awaited: usize,
    events: usize,
    bytes: usize,
    events_max: usize,
    bytes_max: usize,
}

impl Queue {
    pub(crate) fn new(events_max: usize, bytes_max: usize) -> Self {
        Self { waiting: VecDeque::new(), awaited: 0, events: 0, bytes: 0, events_max, bytes_max }
    }

    /// Events, those on their way included.
    pub(crate) fn events(&self) -> usize {
        self.events
    }

    /// Bytes of them.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Events that are not on their way.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether somebody waits for the verdict of an event that is not on its way.
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited > 0
    }

    /// Whether there is room for an event of so many bytes.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.events < self.events_max && self.bytes + bytes <= self.bytes_max
    }

    /// How many bytes may still come.
    pub(crate) fn room(&self) -> usize {
        if self.events < self.events_max { self.bytes_max - self.bytes } else { 0 }
    }

    /// Takes an event in, or gives it back: there is no room for it.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<(), Entry> {
        if !self.has_room(entry.bytes()) {
            return Err(entry);
        }
        self.events += 1;
        self.bytes += entry.bytes();
        self.awaited += usize::from(entry.waiter.is_some());
        self.waiting.push_back(entry);
        Ok(())
    }

    /// The next batch: the first event and those after it with the same consent, in order, at most so many.
    pub(crate) fn take(&mut self, events_max: usize, bytes_max: usize) -> Vec<Entry> {
        let Some(consent) = self.waiting.front().map(|first| first.consent) else { return Vec::new() };
        let (mut taken, mut left) = (Vec::new(), VecDeque::new());
        let mut bytes = 0;
        while let Some(entry) = self.waiting.pop_front() {
            let is_full =
                taken.len() == events_max || (!taken.is_empty() && bytes + entry.bytes() > bytes_max);
            if is_full {
                left.push_back(entry);
                break;
            } else if entry.consent == consent {
                bytes += entry.bytes();
                self.awaited -= usize::from(entry.waiter.is_some());
                taken.push(entry);
            } else {
                left.push_back(entry);
            }
        }
        left.append(&mut self.waiting);
        self.waiting = left;
        taken
    }

    /// What was taken waits again, before all others.
    pub(crate) fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.awaited += usize::from(entry.waiter.is_some());
            self.waiting.push_front(entry);
        }
    }

    /// What was taken is done with.
    pub(crate) fn settle(&mut self, entry: &Entry) {
        self.events -= 1;
        self.bytes -= entry.bytes();
    }

    /// Takes out what was given up and is not on its way.
    pub(crate) fn remove_given_up(&mut self) -> usize {
        let before = self.waiting.len();
        let (mut events, mut bytes) = (0, 0);
        self.waiting.retain(|entry| {
            let stays = !entry.is_given_up();
            if !stays {
                events += 1;
                bytes += entry.bytes();
            }
            stays
        });
        // Only who waits gives up.
        self.awaited -= events;
        self.events -= events;
        self.bytes -= bytes;
        before - self.waiting.len()
    }

    /// Takes out all that somebody waits for and that is not on its way.
    pub(crate) fn take_awaited(&mut self) -> Vec<Entry> {
        let (awaited, others): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|entry| entry.waiter.is_some());
        self.waiting = others.into();
        self.awaited = 0;
        for entry in &awaited {
            self.settle(entry);
        }
        awaited
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::new_id;

    fn entry(text: &str, consent: Option<Consent>) -> Entry {
        Entry { id: new_id(), text: text.to_owned(), consent, waiter: None, segment: None }
    }

    fn texts(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| &*entry.text).collect()
    }

    #[test]
    fn a_batch_is_of_one_consent_and_in_order() {
        let mut queue = Queue::new(10, 1000);
        for (text, consent) in [("a", None), ("b", Some(Consent::Granted)), ("c", None), ("d", None)] {
            queue.add(entry(text, consent)).unwrap();
        }
        let first = queue.take(2, 1000);
        assert_eq!(texts(&first), ["a", "c"]);
        queue.put_back(first);
        assert_eq!(texts(&queue.take(10, 1000)), ["a", "c", "d"]);
        assert_eq!(texts(&queue.take(10, 1000)), ["b"]);
        assert!(queue.take(10, 1000).is_empty());
        assert_eq!((queue.events(), queue.bytes()), (4, 4), "they are on their way");
    }

    #[test]
    fn what_is_given_up_goes_and_what_was_left_alone_stays() {
        let mut queue = Queue::new(10, 1000);
        let gave_up = Arc::new(AtomicBool::new(false));
        let (tell, _) = oneshot::channel();
        let waiter = Some(Waiter { tell, gave_up: gave_up.clone() });
        queue.add(Entry { waiter, ..entry("a", None) }).unwrap();
        assert_eq!((queue.remove_given_up(), queue.is_awaited()), (0, true));
        gave_up.store(true, Ordering::Relaxed);
        assert_eq!((queue.remove_given_up(), queue.is_awaited(), queue.events()), (1, false, 0));
    }

    proptest! {
        /// Whatever happens, the bounds hold and no event is lost or doubled.
        #[test]
        fn bounds_hold_and_events_add_up(steps in proptest::collection::vec((0u8..4, 1usize..40), 1..200)) {
            let mut queue = Queue::new(20, 300);
            let (mut flight, mut added, mut done) = (Vec::new(), 0, 0);
            for (step, size) in steps {
                match step {
                    0 | 1 => added += usize::from(queue.add(entry(&"x".repeat(size), None)).is_ok()),
                    2 => flight.extend(queue.take(size, 100)),
                    _ if size % 2 == 0 => queue.put_back(std::mem::take(&mut flight)),
                    _ => {
                        for entry in flight.drain(..) {
                            queue.settle(&entry);
                            done += 1;
                        }
                    }
                }
                prop_assert!(queue.events() <= 20 && queue.bytes() <= 300);
                prop_assert_eq!(queue.events() + done, added);
                prop_assert_eq!(queue.waiting() + flight.len(), queue.events());
            }
        }
    }
}
