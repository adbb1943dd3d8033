//! One bound on the memory of requests, from their first body byte to their commit. Without it a
//! stalled database would fill the memory with waiting batches.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes all requests together may hold. Clones share them.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Semaphore>);

/// The budget is used up. Requests that hold some of it are about to give it back.
#[derive(Debug, thiserror::Error)]
#[error("the memory for waiting requests is used up")]
pub struct Full;

impl Budget {
    /// A budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// A request's share, empty at first.
    pub fn hold(&self) -> Held {
        Held { budget: self.0.clone(), permit: None }
    }

    /// Bytes that nobody holds.
    pub fn available(&self) -> usize {
        self.0.available_permits()
    }
}

/// What one request holds of the budget; given back when dropped.
#[derive(Debug)]
pub struct Held {
    budget: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Holds `bytes` from now on, whatever it held before.
    ///
    /// # Errors
    /// As [`grow`](Self::grow).
    pub fn resize(&mut self, bytes: usize) -> Result<(), Full> {
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if bytes >= held {
            return self.grow(bytes - held);
        }
        drop(self.permit.as_mut().and_then(|permit| permit.split(held - bytes)));
        Ok(())
    }

    /// Takes `bytes` more.
    ///
    /// # Errors
    /// When there are not so many left. What was held before is still held.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let bytes = u32::try_from(bytes).map_err(|_| Full)?;
        let more = self.budget.clone().try_acquire_many_owned(bytes).map_err(|_| Full)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back() {
        let budget = Budget::new(100);
        let mut one = budget.hold();
        one.grow(40).unwrap();
        one.grow(40).unwrap();
        assert!(budget.hold().grow(21).is_err());
        assert_eq!(budget.available(), 20);
        one.resize(10).unwrap();
        assert_eq!(budget.available(), 90);
        one.resize(80).unwrap();
        assert!(one.resize(101).is_err());
        assert_eq!(budget.available(), 20, "what did not fit took nothing");
        drop(one);
        assert_eq!(budget.available(), 100);
    }
}
