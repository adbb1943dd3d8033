//! What an answer means to a sender of events, and how long it waits before the next try: the same for pages and
//! servers, so that one server sees one kind of sender. The caller brings the random number and owns the timer.

/// The ceiling of the first wait; it doubles with each failure in a row.
pub const FIRST_WAIT_MS: u32 = 1_000;

/// The ceiling never grows beyond this: an outage that ends is noticed within a minute.
pub const WAIT_MAX_MS: u32 = 60_000;

/// The longest `Retry-After` that is believed. A page rarely lives longer, and a mistyped header
/// must not silence it for a day.
pub const RETRY_AFTER_MAX_MS: u32 = 5 * 60_000;

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
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

impl Fate {
    /// Reads a status, and whether the answer named every event of the batch: what named none of them is not our
    /// server's, and is not believed. Status 0: the network failed, or nothing came back in time.
    pub const fn of(status: u16, named: bool) -> Self {
        match status {
            200..=299 if named => Self::Verdicts,
            0 | 200..=299 | 408 | 429 | 500..=599 => Self::Again,
            413 => Self::TooLarge,
            401 | 403 => Self::BadKey,
            // Redirects are followed before this, so a 3xx here is as final as a 4xx.
            _ => Self::Refused,
        }
    }
}

/// Counts failures in a row.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes an answer that does not ask to try again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Notes a failure and returns the wait before the next try, in milliseconds. `random` is
    /// uniform in [0, 1): the wait is drawn from the whole range up to the ceiling ("full
    /// jitter"), which spreads senders best after an outage they all saw. A `Retry-After` is
    /// added in front of it, so that they do not all come back in the same second either.
    pub fn failed(&mut self, retry_after_s: u32, random: f64) -> u32 {
        let ceiling = FIRST_WAIT_MS.saturating_mul(1 << self.failures.min(16)).min(WAIT_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        retry_after_s.saturating_mul(1000).min(RETRY_AFTER_MAX_MS) + (f64::from(ceiling) * random) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_status_has_one_fate() {
        for (named, fate, statuses) in [
            (true, Fate::Verdicts, &[200, 202, 204, 299][..]),
            // A hotel's Wi-Fi answers 200 too.
            (false, Fate::Again, &[0, 200, 299, 408, 429, 500, 502, 503, 504, 599]),
            (true, Fate::Again, &[408, 503]),
            (false, Fate::TooLarge, &[413]),
            (false, Fate::BadKey, &[401, 403]),
            (false, Fate::Refused, &[101, 301, 304, 400, 404, 415, 600, 999]),
        ] {
            for &status in statuses {
                assert_eq!(Fate::of(status, named), fate, "{status} {named}");
            }
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_a_minute_and_an_answer_resets_it() {
        let mut backoff = Backoff::default();
        let almost_one = 1.0 - f64::EPSILON;
        let waits: Vec<u32> = (0..8).map(|_| backoff.failed(0, almost_one)).collect();
        assert_eq!(waits, [999, 1999, 3999, 7999, 15999, 31999, 59999, 59999]);
        backoff.succeeded();
        assert_eq!(backoff.failed(0, 0.5), 500);
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
        fn a_wait_is_what_was_asked_for_and_never_longer_than_both_bounds(
            retry_afters_s in prop::collection::vec(prop_oneof![Just(0), any::<u32>()], 1..80),
            random in 0.0f64..1.0,
        ) {
            let mut backoff = Backoff::default();
            for retry_after_s in retry_afters_s {
                let wait = backoff.failed(retry_after_s, random);
                prop_assert!(wait >= retry_after_s.saturating_mul(1000).min(RETRY_AFTER_MAX_MS));
                prop_assert!(wait < RETRY_AFTER_MAX_MS + WAIT_MAX_MS);
                prop_assert!(retry_after_s > 0 || wait < WAIT_MAX_MS);
            }
        }
    }
}
