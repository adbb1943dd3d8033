//! Rate limits: token buckets by key and by address. What one request takes from several buckets it takes
//! from all or from none, and a refusal says to the nanosecond when the same request would pass; neither can be
//! had from the limiters on the shelf, and the arithmetic is a page.
//!
//! A bucket is one moment, as in the generic cell rate algorithm: when it will be full again. Buckets that are
//! full are forgotten; the table is bounded.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Between two searches for buckets to forget.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// Who shares a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Whoever sends with this key.
    Key(i64),
    /// Whoever sends from this address; of IPv6, from its /64, which is one subscriber's.
    Address(IpAddr),
    /// Everybody for whom the table has no room.
    Crowd,
}

impl Who {
    /// The sharers of an address. `None` for this machine's own: what comes from there is a proxy's or a
    /// test's, and many people's.
    pub fn at(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            ip if ip.is_loopback() => None,
            IpAddr::V6(ip) => Some(Self::Address(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into())),
            ip => Some(Self::Address(ip)),
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// Requests.
    Requests,
    /// Events in them.
    Events,
    /// Sign-in links that did not work.
    FailedSignIns,
}

/// How much of something may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many, again and again, in each `period`. At least one.
    pub count: u32,
    /// In how long.
    pub period: Duration,
    /// In how long a bucket that is empty is full: what it holds is what that time lets pass.
    pub window: Duration,
}

impl Rate {
    /// So many a second, ten seconds' worth at once: pages send in bursts.
    pub const fn per_second(count: u32) -> Self {
        Self { count, period: Duration::from_secs(1), window: Duration::from_secs(10) }
    }

    /// The time that `count` of them take up.
    fn cost(&self, count: u32) -> Duration {
        let nanos = self.period.as_nanos() * u128::from(count) / u128::from(self.count.max(1));
        // What is larger than the bucket passes when it is full, and is paid off afterwards.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// So many of something, charged to somebody at a rate.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    /// To whom.
    pub who: Who,
    /// For what.
    pub what: What,
    /// How many.
    pub count: u32,
    /// At which rate.
    pub rate: Rate,
}

/// A charge that did not pass. The same one passes after this long, if nobody else takes it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSoon(pub Duration);

/// The buckets.
#[derive(Debug)]
pub struct RateLimits {
    table: Mutex<Table>,
    buckets_max: usize,
}

#[derive(Debug, Default)]
struct Table {
    /// When each bucket that is not full will be full again.
    full_at: HashMap<(Who, What), Instant>,
    /// When full buckets were last looked for.
    swept_at: Option<Instant>,
}

impl RateLimits {
    /// Limits that remember at most `buckets_max` senders at a time. When so many are being limited,
    /// further ones share one bucket.
    pub fn new(buckets_max: usize) -> Self {
        Self { table: Mutex::default(), buckets_max }
    }

    /// Takes all `charges`, or none.
    ///
    /// # Errors
    /// When one of them must wait; it says how long all of them must.
    pub fn take(&self, charges: &[Charge]) -> Result<(), TooSoon> {
        let now = Instant::now();
        let mut table = self.lock();
        let mut wait = Duration::ZERO;
        let mut after = Vec::with_capacity(charges.len());
        for Charge { who, what, count, rate } in charges {
            let has_room = table.full_at.contains_key(&(*who, *what))
                || table.full_at.len() < self.buckets_max
                || table.sweep(now) && table.full_at.len() < self.buckets_max;
            let bucket = (if has_room { *who } else { Who::Crowd }, *what);
            let empty_for = table.full_at.get(&bucket).map_or(now, |at| (*at).max(now));
            let cost = rate.cost(*count);
            // It passes when there is room for it; a charge larger than the bucket, when that is full.
            let room_at = empty_for + cost.min(rate.window);
            wait = wait.max(room_at.saturating_duration_since(now + rate.window));
            after.push((bucket, empty_for + cost));
        }
        if !wait.is_zero() {
            return Err(TooSoon(wait));
        }
        table.full_at.extend(after);
        Ok(())
    }

    /// Undoes a charge that was taken.
    pub fn give_back(&self, Charge { who, what, count, rate }: &Charge) {
        if let Some(full_at) = self.lock().full_at.get_mut(&(*who, *what)) {
            *full_at = full_at.checked_sub(rate.cost(*count)).unwrap_or(*full_at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Whoever panicked has at worst left out a charge.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Forgets the buckets that are full, now and then: looking at all of them takes a while.
    fn sweep(&mut self, now: Instant) -> bool {
        let is_due = self.swept_at.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP_PAUSE);
        if is_due {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.swept_at = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(who: Who, count: u32, per_second: u32) -> Charge {
        Charge { who, what: What::Events, count, rate: Rate::per_second(per_second) }
    }

    fn address(last: u8) -> Who {
        Who::at(IpAddr::from([203, 0, 113, last])).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_passes_after_exactly_the_time_it_was_told() {
        for (per_second, count) in [(3, 7), (7, 100), (1000, 333), (1, 1), (5000, 500)] {
            let limits = RateLimits::new(100);
            let charge = [events(Who::Key(1), count, per_second)];
            let mut passed = 0;
            let TooSoon(wait) = loop {
                match limits.take(&charge) {
                    Ok(()) => passed += count,
                    Err(too_soon) => break too_soon,
                }
            };
            assert!(passed <= (10 * per_second).max(count), "{passed} at {per_second} a second");
            tokio::time::advance(wait - Duration::from_nanos(1)).await;
            assert_eq!(limits.take(&charge), Err(TooSoon(Duration::from_nanos(1))));
            tokio::time::advance(Duration::from_nanos(1)).await;
            assert_eq!(limits.take(&charge), Ok(()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn in_the_long_run_the_rate_is_what_passes() {
        let limits = RateLimits::new(100);
        let mut passed = 0;
        for _ in 0..100_000 {
            if limits.take(&[events(Who::Key(1), 7, 50)]).is_ok() {
                passed += 7;
            }
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        // 1,000 seconds at 50, and the bucket at the start.
        assert!((50_000..=50_500).contains(&passed), "{passed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_charge_larger_than_the_bucket_passes_once_it_is_full() {
        let limits = RateLimits::new(100);
        let large = [events(Who::Key(1), 500, 10)];
        assert_eq!(limits.take(&large), Ok(()));
        assert_eq!(limits.take(&large), Err(TooSoon(Duration::from_secs(50))));
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_charges_both_pass_or_none() {
        let limits = RateLimits::new(100);
        let (key, other) = (events(Who::Key(1), 10, 1), events(address(7), 10, 1));
        assert_eq!(limits.take(&[key]), Ok(()));
        assert!(limits.take(&[other, key]).is_err());
        assert_eq!(limits.take(&[other]), Ok(()), "the refusal took nothing from it");
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded_and_forgets_full_buckets() {
        let limits = RateLimits::new(3);
        for last in 0..3 {
            assert_eq!(limits.take(&[events(address(last), 10, 1)]), Ok(()));
        }
        assert_eq!(limits.take(&[events(address(100), 10, 1)]), Ok(()), "the first of the crowd");
        assert!(limits.take(&[events(address(101), 10, 1)]).is_err(), "who shares its bucket");
        assert_eq!(limits.lock().full_at.len(), 4);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(limits.take(&[events(address(102), 10, 1)]), Ok(()));
        assert_eq!(limits.lock().full_at.len(), 1);
    }

    #[test]
    fn one_subscriber_is_one_sender() {
        let at = |ip: &str| Who::at(ip.parse().unwrap());
        assert_eq!(at("2001:db8:1:2::7"), at("2001:db8:1:2:ffff::1"));
        assert_ne!(at("2001:db8:1:2::7"), at("2001:db8:1:3::7"));
        assert_eq!(at("::ffff:203.0.113.7"), Some(address(7)));
        assert_eq!((at("127.0.0.1"), at("::1")), (None, None));
    }
}
