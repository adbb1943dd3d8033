//! The wire format, both directions of both sides: the page writes a batch and reads a reply, the
//! server reads a batch and writes a reply. See `POST /v1/events` in the README.

mod batch;
mod context;
mod reply;

pub use batch::{BatchHead, EnvelopeError, RawBatch, Sdk, WireEvent, write_batch};
pub use context::strip_context;
pub use reply::{Verdict, ids_to_retry, write_reply};
