//! What an answer means for the events sent, and how long to wait before the next try. Pure: the
//! caller brings the random number and owns the timer.

/// The ceiling of the first wait; it doubles with each failure in a row.
pub(crate) const FIRST_WAIT_MS: u32 = 1_000;

/// The ceiling never grows beyond this: an outage that ends is noticed within a minute.
pub(crate) const WAIT_MAX_MS: u32 = 60_000;

/// The longest `Retry-After` that is believed. A page rarely lives longer, and a mistyped header
/// must not silence it for a day.
pub(crate) const RETRY_AFTER_MAX_MS: u32 = 5 * 60_000;

/// What became of a batch that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Each event has its verdict.
    Verdicts,
    /// The server refused the batch for good.
    Refused,
    /// All of it waits again, for so many milliseconds.
    Again(u32),
}

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The server took the batch and gave each event a verdict.
    Answered,
    /// Not now: keep the events and try again later.
    Again,
    /// Never: the same bytes would be refused again.
    Refused,
}

/// Reads a status. 0: the network failed, nothing came back in time, or something else than our
/// server answered.
fn fate(status: u16) -> Fate {
    match status {
        200..=299 => Fate::Answered,
        0 | 408 | 429 | 500..=599 => Fate::Again,
        // Redirects are followed by the browser, so a 3xx here is as final as a 4xx.
        _ => Fate::Refused,
    }
}

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Reads an answer: its status, and whether it named every event of the batch. What named none of them is
    /// not our server's, and is not believed.
    pub(crate) fn answered(&mut self, status: u16, named: bool, retry_after_s: u32, random: f64) -> Answered {
        let answered = match fate(status) {
            Fate::Answered if named => Answered::Verdicts,
            Fate::Refused => Answered::Refused,
            Fate::Answered | Fate::Again => return Answered::Again(self.failed(retry_after_s, random)),
        };
        self.failures = 0;
        answered
    }

    /// Notes a failure and returns the wait before the next try, in milliseconds. `random` is
    /// uniform in [0, 1): the wait is drawn from the whole range up to the ceiling ("full
    /// jitter"), which spreads the pages of a site best after an outage they all saw. A
    /// `Retry-After` is added in front of it, so that they do not all come back in the same second
    /// either.
    fn failed(&mut self, retry_after_s: u32, random: f64) -> u32 {
        let ceiling = FIRST_WAIT_MS.saturating_mul(1 << self.failures.min(16)).min(WAIT_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        retry_after_s.saturating_mul(1000).min(RETRY_AFTER_MAX_MS) + (f64::from(ceiling) * random) as u32
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_status_has_one_fate() {
        for status in [200, 202, 204, 299] {
            assert_eq!(fate(status), Fate::Answered, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504, 599] {
            assert_eq!(fate(status), Fate::Again, "{status}");
        }
        for status in [101, 301, 304, 400, 401, 403, 404, 413, 415, 600, 999] {
            assert_eq!(fate(status), Fate::Refused, "{status}");
        }
        assert_eq!(fate(0), Fate::Again);
    }

    #[test]
    fn the_ceiling_doubles_up_to_a_minute_and_an_answer_resets_it() {
        let mut backoff = Backoff::default();
        let almost_one = 1.0 - f64::EPSILON;
        let waits: Vec<u32> = (0..8).map(|_| backoff.failed(0, almost_one)).collect();
        assert_eq!(waits, [999, 1999, 3999, 7999, 15999, 31999, 59999, 59999]);
        assert_eq!(backoff.answered(200, true, 0, 0.5), Answered::Verdicts);
        assert_eq!(backoff.failed(0, 0.5), 500);
    }

    #[test]
    fn only_verdicts_on_every_event_are_an_answer() {
        let answered = |status, named| Backoff::default().answered(status, named, 0, 0.5);
        assert_eq!(answered(200, true), Answered::Verdicts);
        assert_eq!(answered(200, false), Answered::Again(500), "a hotel's Wi-Fi answers 200 too");
        assert_eq!(answered(401, false), Answered::Refused);
        assert_eq!(answered(503, false), Answered::Again(500));
    }

    #[test]
    fn retry_after_comes_first_and_is_bounded() {
        let wait = |seconds| Backoff::default().failed(seconds, 0.5);
        assert_eq!(wait(7), 7_500);
        assert_eq!(wait(300), RETRY_AFTER_MAX_MS + 500);
        assert_eq!(wait(86_400), RETRY_AFTER_MAX_MS + 500);
        assert_eq!(wait(u32::MAX), RETRY_AFTER_MAX_MS + 500);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_longer_than_both_bounds(
            retry_afters_s in prop::collection::vec(prop_oneof![Just(0), any::<u32>()], 1..80),
            random in 0.0f64..1.0,
        ) {
            let mut backoff = Backoff::default();
            for retry_after_s in retry_afters_s {
                let wait = backoff.failed(retry_after_s, random);
                prop_assert!(wait < RETRY_AFTER_MAX_MS + WAIT_MAX_MS);
                prop_assert!(retry_after_s > 0 || wait < WAIT_MAX_MS);
            }
        }
    }
}
