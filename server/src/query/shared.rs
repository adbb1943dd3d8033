//! Readings that those who ask at the same time share: who comes while one is being made waits, and takes the next
//! one together with all that wait with it. Each gets what was committed before it came, and many cost little more
//! than one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use crate::store::StoreResult;

/// The last reading of each project.
pub(crate) struct Shared<V>(Mutex<HashMap<i32, Arc<Readings<V>>>>);

struct Readings<V> {
    last: Mutex<Option<Reading<V>>>,
    /// Held by whoever reads.
    turn: AsyncMutex<()>,
}

struct Reading<V> {
    began: Instant,
    value: Arc<V>,
}

// Derived, they would ask the same of `V`.
impl<V> Default for Shared<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V> Default for Readings<V> {
    fn default() -> Self {
        Self { last: Mutex::default(), turn: AsyncMutex::default() }
    }
}

impl<V> Shared<V> {
    /// What a reading that began after this call tells. `read` is given what the one before told.
    pub(crate) async fn now<F>(
        &self,
        project_id: i32,
        read: impl FnOnce(Option<Arc<V>>) -> F,
    ) -> StoreResult<Arc<V>>
    where
        F: Future<Output = StoreResult<V>>,
    {
        let came = Instant::now();
        let readings = self.readings(project_id);
        let _turn = readings.turn.lock().await;
        match readings.last(|began| began > came) {
            Some(value) => Ok(value),
            None => readings.read(read).await,
        }
    }

    /// What a reading of the last `fresh_for` told. While one is being made, others are content with one that is
    /// ten times as old: nobody waits for what is looked at again and again.
    pub(crate) async fn lately<F>(
        &self,
        project_id: i32,
        fresh_for: Duration,
        read: impl FnOnce(Option<Arc<V>>) -> F,
    ) -> StoreResult<Arc<V>>
    where
        F: Future<Output = StoreResult<V>>,
    {
        let readings = self.readings(project_id);
        if let Some(value) = readings.last(|began| began.elapsed() < fresh_for) {
            return Ok(value);
        }
        let _turn = match readings.turn.try_lock() {
            Ok(turn) => turn,
            Err(_) => match readings.last(|began| began.elapsed() < 10 * fresh_for) {
                Some(value) => return Ok(value),
                None => readings.turn.lock().await,
            },
        };
        match readings.last(|began| began.elapsed() < fresh_for) {
            Some(value) => Ok(value),
            None => readings.read(read).await,
        }
    }

    fn readings(&self, project_id: i32) -> Arc<Readings<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(project_id).or_default().clone()
    }
}

impl<V> Readings<V> {
    /// What the last reading told, if the moment it began will do.
    fn last(&self, will_do: impl FnOnce(Instant) -> bool) -> Option<Arc<V>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|last| will_do(last.began)).map(|last| last.value.clone())
    }

    async fn read<F>(&self, read: impl FnOnce(Option<Arc<V>>) -> F) -> StoreResult<Arc<V>>
    where
        F: Future<Output = StoreResult<V>>,
    {
        let began = Instant::now();
        let value = Arc::new(read(self.last(|_| true)).await?);
        let last = Reading { began, value: value.clone() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    const READING: Duration = Duration::from_millis(100);

    /// Reads that take time, and count how many there were.
    struct Counted(Shared<usize>, AtomicUsize);

    impl Counted {
        fn new() -> Self {
            Self(Shared::default(), AtomicUsize::new(0))
        }

        async fn read(&self) -> StoreResult<usize> {
            sleep(READING).await;
            Ok(self.1.fetch_add(1, Ordering::Relaxed) + 1)
        }

        async fn now(&self) -> usize {
            *self.0.now(1, |_| self.read()).await.unwrap()
        }

        async fn lately(&self) -> usize {
            *self.0.lately(1, Duration::from_secs(1), |_| self.read()).await.unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_during_a_reading_shares_the_next() {
        let counted = Counted::new();
        let late = async {
            sleep(READING / 2).await;
            join_all((0..10).map(|_| counted.now())).await
        };
        let (first, others) = tokio::join!(counted.now(), late);
        assert_eq!((first, others), (1, vec![2; 10]));
        assert_eq!(counted.now().await, 3, "what is over is not shared");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_what_was_read_lately() {
        let counted = Counted::new();
        assert_eq!(join_all((0..3).map(|_| counted.lately())).await, [1, 1, 1]);
        sleep(Duration::from_secs(2)).await;
        let began = Instant::now();
        let late = async {
            sleep(READING / 2).await;
            (counted.lately().await, began.elapsed())
        };
        let (reader, (other, took)) = tokio::join!(counted.lately(), late);
        assert_eq!((reader, other), (2, 1));
        assert!(took < READING, "{took:?}");
        sleep(Duration::from_secs(20)).await;
        assert_eq!(join_all((0..3).map(|_| counted.lately())).await, [3, 3, 3], "too old for anybody");
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_is_read_again_and_projects_stay_apart() {
        let shared = Shared::<usize>::default();
        assert!(shared.now(1, async |_| Err(crate::store::StoreError::away())).await.is_err());
        let next = async |before: Option<Arc<usize>>| Ok(before.map_or(1, |before| *before + 1));
        assert_eq!(*shared.now(1, next).await.unwrap(), 1);
        assert_eq!(*shared.now(1, next).await.unwrap(), 2);
        assert_eq!(*shared.now(2, next).await.unwrap(), 1);
    }
}
