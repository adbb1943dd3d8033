//! What an answer means for the events sent, and how long to wait before the next try. Pure. The same policy
//! as the browser SDK's (`sdk-wasm/src/retry.rs`), so that one server sees one kind of sender.

use std::time::Duration;

/// The ceiling of the first wait; it doubles with each failure in a row.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The ceiling never grows beyond this: an outage that ends is noticed within a minute.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The longest `Retry-After` that is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Each event has its verdict.
    Verdicts,
    /// Not now: the events wait, and are tried again.
    Again,
    /// The batch is larger than the server takes.
    TooLarge,
    /// The key is not known, or may not: a person can repair that.
    BadKey,
    /// Never: the same bytes would be refused again.
    Refused,
}

/// Reads a status, 0 for no answer, and whether the answer named every event: what does not is not our
/// server's, and is not believed.
pub(crate) const fn fate(status: u16, named: bool) -> Fate {
    match status {
        200..=299 if named => Fate::Verdicts,
        0 | 200..=299 | 408 | 429 | 500..=599 => Fate::Again,
        413 => Fate::TooLarge,
        401 | 403 => Fate::BadKey,
        _ => Fate::Refused,
    }
}

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes an answer.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Notes a failure and returns the wait before the next try. `random` is uniform in [0, 1): the wait is
    /// drawn from the whole range up to the ceiling, after what the server asked for.
    pub(crate) fn failed(&mut self, retry_after: Duration, random: f64) -> Duration {
        let ceiling = FIRST_WAIT.saturating_mul(1 << self.failures.min(16)).min(WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        retry_after.min(RETRY_AFTER_MAX) + ceiling.mul_f64(random)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_status_has_one_fate() {
        for (status, named, expected) in [
            (200, true, Fate::Verdicts),
            (200, false, Fate::Again),
            (0, false, Fate::Again),
            (408, false, Fate::Again),
            (429, false, Fate::Again),
            (500, false, Fate::Again),
            (503, true, Fate::Again),
            (413, false, Fate::TooLarge),
            (401, false, Fate::BadKey),
            (403, false, Fate::BadKey),
            (301, false, Fate::Refused),
            (400, false, Fate::Refused),
            (404, false, Fate::Refused),
        ] {
            assert_eq!(fate(status, named), expected, "{status} {named}");
        }
    }

    #[test]
    fn waits_double_up_to_a_minute_and_an_answer_ends_that() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8).map(|_| backoff.failed(Duration::ZERO, 0.999_999).as_secs()).collect();
        assert_eq!(waits, [0, 1, 3, 7, 15, 31, 59, 59]);
        backoff.succeeded();
        assert_eq!(backoff.failed(Duration::ZERO, 0.5), FIRST_WAIT / 2);
    }

    proptest! {
        #[test]
        fn a_wait_is_what_was_asked_for_and_never_longer_than_both_bounds(
            asked in proptest::collection::vec(any::<u32>(), 1..80),
            random in 0.0f64..1.0,
        ) {
            let mut backoff = Backoff::default();
            for seconds in asked {
                let asked = Duration::from_secs(seconds.into());
                let wait = backoff.failed(asked, random);
                prop_assert!(wait >= asked.min(RETRY_AFTER_MAX));
                prop_assert!(wait <= RETRY_AFTER_MAX + WAIT_MAX);
            }
        }
    }
}
