//! The server's clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};

use pharos_model::Timestamp;

/// The time now.
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
