//! Event ids of one page: version 7, made without asking the browser for randomness each time.
//!
//! All ids of a page share 62 random bits, drawn once; in front of them stand the time and a count of 12 bits
//! (RFC 9562, section 6.2, method 1). Unique as long as the 62 bits are, and the repeated half costs nothing
//! on the wire once compressed: random ids were a third of it.

use pharos_model::EventId;

/// One more than the largest count.
const COUNTS: u16 = 1 << 12;

/// Makes the ids of one page.
pub(crate) struct Ids {
    page: [u8; 8],
    last_ms: i64,
    count: u16,
}

impl Ids {
    /// `page` are random bytes of this page alone.
    pub(crate) fn new(page: [u8; 8]) -> Self {
        Self { page, last_ms: 0, count: 0 }
    }

    /// The next id, for an event at `now_ms`. Where the clock was set back, or more events happen in a
    /// millisecond than can be counted, the time in it runs ahead: it never repeats.
    pub(crate) fn next(&mut self, now_ms: i64) -> EventId {
        self.count += 1;
        if now_ms > self.last_ms {
            self.last_ms = now_ms;
            self.count = 0;
        } else if self.count == COUNTS {
            self.last_ms += 1;
            self.count = 0;
        }
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&self.count.to_be_bytes());
        bytes[2..].copy_from_slice(&self.page);
        EventId::v7(self.last_ms, bytes)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn time_count_and_page_stand_in_order() {
        let mut ids = Ids::new([0xff; 8]);
        assert_eq!(ids.next(0x0123_4567_89ab).to_string(), "01234567-89ab-7000-bfff-ffffffffffff");
        assert_eq!(ids.next(0x0123_4567_89ab).to_string(), "01234567-89ab-7001-bfff-ffffffffffff");
        assert_eq!(ids.next(0x0123_4567_89ac).to_string(), "01234567-89ac-7000-bfff-ffffffffffff");
    }

    #[test]
    fn no_id_comes_twice_whatever_the_clock_does() {
        let mut ids = Ids::new([1; 8]);
        let mut seen = BTreeSet::new();
        let mut last = None;
        // A burst within one millisecond, a clock set back by a minute, and on from there.
        let times = (0..10_000).map(|_| 1_000_000).chain((0..10_000).map(|i| 940_000 + i * 10));
        for now_ms in times {
            let id = ids.next(now_ms);
            assert!(seen.insert(id), "{id} at {now_ms}");
            assert!(last < Some(id), "ids stay in order");
            last = Some(id);
        }
    }
}
