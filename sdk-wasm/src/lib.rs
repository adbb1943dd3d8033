//! The browser SDK's core: what the TypeScript face (`pkg/src/core.ts`) calls, and nothing else.
//!
//! It judges, strips, hashes, numbers and writes events, and decides what an answer means and when to try
//! again. It touches nothing of the browser: timers, storage, `fetch` and listeners are `pkg/src`'s, because
//! a line of JavaScript calls them in a tenth of the bytes that bindings take, and because all that is decided
//! here can then be tested without a browser.
//!
//! Only numbers cross the boundary. Text goes in through one buffer, which the page fills itself
//! ([`Core::room`]), and comes out of another ([`Core::text`]): nothing is allocated for a call.
//!
//! No standard library in the page: its panic messages and its allocator were a quarter of the file.

#![cfg_attr(all(target_arch = "wasm32", not(test)), no_std)]

extern crate alloc;

mod client;
mod ids;
mod noticed;
mod retry;

#[cfg(feature = "full")]
mod full;

#[cfg(all(test, target_arch = "wasm32"))]
mod browser_tests;

use alloc::string::String;
use alloc::vec::Vec;

use pharos_model::pii;
use wasm_bindgen::prelude::*;

use crate::client::Client;
use crate::retry::{Answered, Backoff};

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
pub struct Core {
    client: Client,
    backoff: Backoff,
    input: Vec<u8>,
    /// The part of the input whose events are not yet written.
    at: usize,
    end: usize,
    output: String,
}

#[wasm_bindgen]
impl Core {
    /// A core with nothing in it. The arguments are 64 random bits of this page alone.
    #[wasm_bindgen(constructor)]
    pub fn new(random_high: u32, random_low: u32) -> Self {
        let page = u64::from(random_high) << 32 | u64::from(random_low);
        Self {
            client: Client::new(page.to_be_bytes()),
            backoff: Backoff::default(),
            input: Vec::new(),
            at: 0,
            end: 0,
            output: String::new(),
        }
    }

    /// Where the page writes the text of its next call, in UTF-8: room for `bytes`, good until the next call
    /// of this.
    pub fn room(&mut self, bytes: usize) -> *mut u8 {
        if self.input.len() < bytes {
            self.input.resize(bytes, 0);
        }
        self.input.as_mut_ptr()
    }

    /// Where the text stands that the last call returned the length of.
    pub fn text(&self) -> *const u8 {
        self.output.as_ptr()
    }

    /// Writes the events in the input, if it has any `bytes`, or goes on with those that are left of it. Stops at
    /// the end, or where it has written enough for a chunk ([`CHUNK_BYTES_FULL`](client::CHUNK_BYTES_FULL)).
    /// Returns the bytes of the text it wrote, elements of a JSON array: 0 at the end.
    ///
    /// Each event is two lines: `TIME NAME`, with when it happened in milliseconds since 1970, and the text of a JSON
    /// object. What broke a rule is left out ([`refused`](Self::refused)).
    pub fn write(&mut self, bytes: usize) -> usize {
        if bytes > 0 {
            (self.at, self.end) = (0, bytes);
        }
        self.output.clear();
        let lines = self.input.get(self.at..self.end).unwrap_or_default();
        self.at += self.client.write(lines, &mut self.output);
        self.output.len()
    }

    /// How many events the last [`write`](Self::write) wrote.
    pub fn events(&self) -> u32 {
        self.client.written
    }

    /// How many events broke a rule since this was last asked.
    pub fn refused(&mut self) -> u32 {
        core::mem::take(&mut self.client.refused)
    }

    /// Why the last event was refused: a code and where in the event. Empty if none was.
    pub fn refusal(&mut self) -> usize {
        self.output.clear();
        if let Some(refusal) = self.client.refusal.take() {
            self.output.push_str(refusal.code.as_str());
            self.output.push(' ');
            self.output.push_str(&refusal.field);
        }
        self.output.len()
    }

    /// Sets the session of the events from here on to the input, and the number of its next event.
    pub fn session(&mut self, bytes: usize, next_seq: u32) {
        self.client.set_session(read(&self.input, bytes).unwrap_or_default(), next_seq);
    }

    /// The number of the session's next event.
    #[wasm_bindgen(js_name = nextSeq)]
    pub fn next_seq(&self) -> u32 {
        self.client.next_seq()
    }

    /// Sends a hash of the raw user id in the input with the events from here on; an empty one forgets.
    pub fn identify(&mut self, bytes: usize) {
        self.client.identify(read(&self.input, bytes).unwrap_or_default());
        // The raw id stays nowhere.
        self.input.fill(0);
    }

    /// The page's facts in the input, a JSON object, stripped of personal data.
    pub fn context(&mut self, bytes: usize) -> usize {
        self.output = self.client.context(read(&self.input, bytes).unwrap_or_default());
        self.output.len()
    }

    /// Sets what is stripped from the rules in the input. Returns 0, or the length of what is wrong with them;
    /// then all is as it was.
    pub fn rules(&mut self, bytes: usize) -> usize {
        self.output.clear();
        match pii::Rules::parse(read(&self.input, bytes).unwrap_or_default()) {
            Ok(rules) => self.client.set_rules(rules),
            Err(invalid) => {
                self.output.push_str(&invalid.field);
                self.output.push_str(": expected ");
                self.output.push_str(invalid.expected);
            }
        }
        self.output.len()
    }

    /// How much was stripped since this was last asked, by kind: members of a JSON object.
    pub fn redacted(&mut self) -> usize {
        self.output = self.client.noticed.counts();
        self.output.len()
    }

    /// Lists what is stripped from each event from here on.
    #[wasm_bindgen(js_name = listRedactions)]
    pub fn list_redactions(&mut self) {
        self.client.noticed.list_all();
    }

    /// What was stripped from the last event: `path kind`, a line each.
    pub fn redactions(&mut self) -> usize {
        self.output.clear();
        self.output.push_str(self.client.noticed.list());
        self.output.len()
    }

    /// What an answer means: its status, 0 for none; whether it named every event of the batch; `Retry-After`
    /// in seconds, 0 for none. `random` is uniform in [0, 1). Returns how long to wait before the batch is
    /// sent again in milliseconds; or -1 if its verdicts decide; or -2 if it was refused for good.
    pub fn answered(&mut self, status: u16, named: bool, retry_after_s: u32, random: f64) -> i32 {
        match self.backoff.answered(status, named, retry_after_s, random) {
            Answered::Verdicts => -1,
            Answered::Refused => -2,
            Answered::Again(wait_ms) => wait_ms as i32,
        }
    }
}

/// The text in the first `bytes` of the input, which the page encoded.
fn read(input: &[u8], bytes: usize) -> Option<&str> {
    core::str::from_utf8(input.get(..bytes)?).ok()
}
