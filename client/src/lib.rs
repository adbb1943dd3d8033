//! Telemetry of Rust programs, for a [Pharos](https://github.com/pharos-telemetry/pharos) server.
//!
//! An event is judged and stripped of personal data before it is queued, by the code that the server itself
//! runs ([`pharos_model`]); user ids leave as hashes only. Events leave in batches, compressed, and each gets
//! a verdict after the server's commit. What was lost all the same is counted, by reason, and told to the
//! server.
//!
//! ```no_run
//! use pharos_client::{Event, TelemetryClient};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = TelemetryClient::builder("https://telemetry.example.com", "sk_...")
//!     .queue_folder("/var/lib/shop/telemetry") // events survive a crash; left out, they wait in memory
//!     .build()?;
//!
//! // Waits for the verdict: the event is committed, or the error says why not.
//! let verdict = client
//!     .log(Event::new("order_paid").property("plan", "team").property("total", 99.5).user_id("user-42"))
//!     .await?;
//! println!("{verdict:?}");
//!
//! // Waits for nothing: it is queued, and tried until it has its verdict.
//! client.log_safe(Event::new("cache_missed").property("shard", 7))?;
//!
//! client.shutdown().await; // sends what still waits
//! # Ok(())
//! # }
//! ```
//!
//! - [`layer::RequestLayer`] (feature `tower`) records an HTTP service's requests.
//! - [`layer::TelemetryLayer`] (feature `tracing`) records tracing events of one target.
//!
//! # What is guaranteed
//!
//! [`TelemetryClient::log`] returns after the verdict, or an [`Error`]; an event that is given up after
//! [`delivery_timeout`](Builder::delivery_timeout) may have arrived, and can be logged again with its id.
//! [`TelemetryClient::log_safe`] keeps an event until it has a verdict: with a
//! [`queue_folder`](Builder::queue_folder) also through the end of the process, though not through a loss of
//! power. An event may be sent twice; its id makes it count once. The queue is bounded, and when it is full
//! the newest events are refused: what led up to them stays.
//!
//! The path of an event: `event` writes it, `client` has it judged and puts it into the `queue` (and the
//! `journal` on disk), the worker takes batches from there and the transport sends them; what an answer
//! means, [`pharos_model::retry`] says.

mod builder;
mod client;
mod error;
mod event;
mod journal;
mod queue;
mod shared;
mod transport;
mod wire;
mod worker;

pub mod layer;

pub use builder::{Builder, Problem};
pub use client::TelemetryClient;
pub use error::{BuildError, Error, Verdict};
pub use event::Event;
pub use pharos_model::{EventId, pii::Rules, wire::Consent};
pub use shared::Stats;
