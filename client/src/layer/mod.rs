//! Telemetry without calls: of requests ([`RequestLayer`]), of tracing events ([`TelemetryLayer`]).

use std::cell::Cell;

#[cfg(feature = "tower")]
mod requests;
#[cfg(feature = "tracing")]
mod traced;

#[cfg(feature = "tower")]
pub use requests::{RequestFuture, RequestHead, RequestLayer, RequestService};
#[cfg(feature = "tracing")]
pub use traced::TelemetryLayer;

thread_local! {
    /// Something of the client's own runs on this thread.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs something of the client's own: what is traced meanwhile is no event, or there would be no end of it.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            QUIET.set(self.0);
        }
    }
    let _restore = Restore(QUIET.replace(true));
    work()
}

/// Whether [`quietly`] is at work on this thread.
#[cfg(feature = "tracing")]
pub(crate) fn is_quiet() -> bool {
    QUIET.get()
}
