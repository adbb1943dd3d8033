//! The wire format of `POST /v1/events`: what the server reads of a batch and writes of its reply, and the
//! form of an event, which the page writes too.

mod batch;
mod context;
mod reply;

pub use batch::{Consent, EnvelopeError, GpcChoice, RawBatch, Sdk, WireEvent};
pub use context::{says_gpc, strip_context};
pub use reply::{Verdict, write_reply};
