//! The Pharos event: what one is, when it is refused, and what is stripped from it.
//!
//! The page (through `sdk-wasm`) and the server run this same code, so neither repeats a check and
//! they cannot disagree. An event passes through three forms, each a type of its own:
//!
//! 1. raw bytes, cut out of a batch by [`wire::RawBatch`];
//! 2. [`RawEvent`]: the fields are found, nothing is believed yet;
//! 3. [`Event`]: valid and stripped of personal data. Only [`RawEvent::judge`] makes one.
//!
//! Of an event that is refused, [`salvage()`] keeps a stripped copy for a person to repair.
//!
//! Properties stay JSON text from end to end: [`properties::strip`] reads them once and writes the
//! stripped text as it reads. There is no tree of values in between, which is what keeps the wasm
//! small and the server fast.
//!
//! This crate does no I/O, reads no clock and draws no random numbers: callers pass those in. It does
//! without the standard library, which would more than double the wasm that pages load.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod limits;

mod check;
mod event;
mod json;
mod refusal;
mod salvage;

pub mod pii;
pub mod properties;
pub mod retry;
pub mod wire;

mod id;
mod sha256;
mod timestamp;
mod user;

pub use check::check_line;
pub use event::{Event, Judge, RawEvent, Source, check_event_name};
pub use id::EventId;
pub use refusal::{Code, Refusal};
pub use salvage::{Salvaged, salvage};
pub use timestamp::Timestamp;
pub use user::UserHash;
