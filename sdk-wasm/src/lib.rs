//! The browser SDK's core: what the TypeScript face (`pkg/src`) calls, and nothing else.
//!
//! It judges, strips, hashes, numbers, queues and decides what is tried again. It touches nothing
//! of the browser but random bytes: timers, `fetch`, beacons and listeners are `pkg/src`'s, because
//! a line of JavaScript calls them in a tenth of the bytes that bindings take, and because all that
//! is decided here can then be tested without a browser. Text goes in, text goes out; no value
//! crosses as an object.
//!
//! An event's way: [`Pharos::track_event`] -> the model judges and strips -> `queue` ->
//! [`Pharos::batch`] -> (the page sends) -> [`Pharos::answered`] -> `retry`.
//!
//! No standard library in the page: its panic messages and its allocator were a quarter of the file.

#![cfg_attr(all(target_arch = "wasm32", not(test)), no_std)]

extern crate alloc;

mod client;
mod queue;
mod random;
mod retry;

#[cfg(feature = "full")]
mod full;

#[cfg(all(test, target_arch = "wasm32"))]
mod browser_tests;

use alloc::string::String;

use wasm_bindgen::prelude::*;

use crate::client::{Answered, Client, Tracked};
use crate::random::Random;

#[cfg(feature = "full")]
pub use full::check;

#[cfg(all(target_arch = "wasm32", feature = "page"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// A panic is a fault of ours: it stops the SDK, which the face reports, and carries no text.
#[cfg(all(target_arch = "wasm32", feature = "page"))]
#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The core of one page's client.
#[wasm_bindgen]
pub struct Pharos {
    client: Client,
    random: Random,
}

#[wasm_bindgen]
impl Pharos {
    /// A core with nothing in it. `next_seq` is the number of the session's next event;
    /// `batch_events`, at least 1, is what makes a batch complete.
    #[wasm_bindgen(constructor)]
    pub fn new(session_id: String, next_seq: u32, batch_events: u32) -> Self {
        let client = Client::new(session_id, next_seq, batch_events.max(1) as usize);
        Self { client, random: Random::new() }
    }

    /// Queues one event that happened at `now_ms` (since 1970). `properties` is the text of a JSON
    /// object. Returns what [`waiting`](Self::waiting) does, or -1 if the event is invalid, or -2
    /// if the queue is full.
    #[wasm_bindgen(js_name = trackEvent)]
    pub fn track_event(&mut self, name: &str, properties: &str, now_ms: f64) -> i32 {
        match self.client.track(name, properties, now_ms as i64, self.random.bytes()) {
            Tracked::Queued => self.waiting(),
            Tracked::Invalid => -1,
            Tracked::QueueFull => -2,
        }
    }

    /// Why the last invalid event was: a code, and where in the event.
    pub fn refusal(&self) -> String {
        self.client.refusal()
    }

    /// 0 if no event waits, 1 if some do, 2 if a batch is complete.
    pub fn waiting(&self) -> i32 {
        self.client.waiting() as i32
    }

    /// Hashes a raw user id and sends the hash with later events; an empty one forgets.
    pub fn identify(&mut self, id: &str) {
        self.client.identify(id);
    }

    /// The number of the session's next event.
    #[wasm_bindgen(js_name = nextSeq)]
    pub fn next_seq(&self) -> u32 {
        self.client.next_seq()
    }

    /// Facts about the page, a JSON object, stripped of personal data.
    pub fn context(&self, facts: &str) -> String {
        self.client.context(facts)
    }

    /// The events of the next batch on a way, 0 being `fetch` and 1 the beacon, as elements of a
    /// JSON array of at most `bytes_max` bytes. None if a batch is out on that way, or nothing
    /// waits that fits.
    pub fn batch(&mut self, way: u32, bytes_max: u32) -> Option<String> {
        self.client.batch(way.into(), bytes_max as usize)
    }

    /// The batch on a way has left for good, as far as anybody can know.
    pub fn gone(&mut self, way: u32) {
        self.client.gone(way.into());
    }

    /// The batch on a way did not leave: its events wait again, before all others.
    pub fn back(&mut self, way: u32) {
        self.client.back(way.into());
    }

    /// What was answered to the batch sent by `fetch`: the status, 0 for none; `Retry-After` in
    /// seconds, 0 for none; and for each event in order 1 if its verdict was `retry`. `random` is
    /// uniform in [0, 1). Returns how long to wait before the next try in milliseconds; or -1 if
    /// all events are done with; or -1-n if the n events of the batch were refused for good.
    pub fn answered(&mut self, status: u16, retry_after_s: u32, retries: &[u8], random: f64) -> i32 {
        match self.client.answered(status, retry_after_s, retries, random) {
            Answered::Again(wait_ms) => wait_ms as i32,
            Answered::Done => -1,
            Answered::Refused(events) => -1 - events as i32,
        }
    }
}
