//! The browser SDK's core: what the TypeScript face (`pkg/src/core.ts`) calls, and nothing else.
//!
//! It judges, strips, hashes, numbers and writes events, and decides what an answer means and when to try
//! again. It touches nothing of the browser: timers, storage, `fetch` and listeners are `pkg/src`'s, because
//! a line of JavaScript calls them in a tenth of the bytes that bindings take, and because all that is decided
//! here can then be tested without a browser.
//!
//! Only numbers cross the boundary. Text goes in through one buffer, which the page fills itself
//! ([`room`]), and comes out of another ([`text`]): nothing is allocated for a call.
//!
//! There is one core an instance of the wasm, and functions instead of a class: what wasm-bindgen wraps around each
//! method of a class was a tenth of the file.
//!
//! No standard library in the page: its panic messages and its allocator were a quarter of the file.

#![cfg_attr(all(target_arch = "wasm32", not(test)), no_std)]

extern crate alloc;

mod answered;
mod client;
mod ids;
mod noticed;
mod page;

#[cfg(feature = "full")]
mod full;

#[cfg(all(test, target_arch = "wasm32"))]
mod browser_tests;

use spin::Mutex;
use wasm_bindgen::prelude::*;

use crate::page::Core;

#[cfg(feature = "full")]
pub use full::{Judge, check};

#[cfg(all(target_arch = "wasm32", feature = "page"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// A panic is a fault of ours: it stops the SDK, which the face reports, and carries no text.
#[cfg(all(target_arch = "wasm32", feature = "page"))]
#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

static CORE: Mutex<Option<Core>> = Mutex::new(None);

/// Calls `work` with the core. There is one thread, so nobody waits for the lock: it is held only if a call before has
/// trapped, and then this one does too.
fn with<R>(work: impl FnOnce(&mut Core) -> R) -> R {
    let mut core = CORE.try_lock().expect("no call is within another");
    work(core.as_mut().expect("start comes first"))
}

/// As [`with`], for what writes text. Returns its bytes.
fn writing(work: impl FnOnce(&mut Core)) -> usize {
    with(|core| {
        work(core);
        core.output.len()
    })
}

/// Begins anew, with nothing in it. The arguments are 64 random bits of this page alone.
#[wasm_bindgen]
pub fn start(random_high: u32, random_low: u32) {
    let page = u64::from(random_high) << 32 | u64::from(random_low);
    *CORE.lock() = Some(Core::new(page));
}

/// Where the page writes the text of its next call, in UTF-8: room for `bytes`, good until the next call
/// of this.
#[wasm_bindgen]
pub fn room(bytes: usize) -> *mut u8 {
    with(|core| core.room(bytes).as_mut_ptr())
}

/// Where the text stands that the last call returned the length of.
#[wasm_bindgen]
pub fn text() -> *const u8 {
    with(|core| core.output.as_ptr())
}

/// Writes the events in the input, if it has any `bytes`, or goes on with those that are left of it. Stops at
/// the end, or where it has written enough for a chunk ([`CHUNK_BYTES_FULL`](client::CHUNK_BYTES_FULL)).
/// Returns the bytes of the text it wrote, elements of a JSON array: 0 at the end.
///
/// Each event is two lines: `TIME NAME`, with when it happened in milliseconds since 1970, and the text of a JSON
/// object. What broke a rule is left out ([`refused`]).
#[wasm_bindgen]
pub fn write(bytes: usize) -> usize {
    writing(|core| core.write(bytes))
}

/// How many events the last [`write()`] wrote.
#[wasm_bindgen]
pub fn events() -> u32 {
    with(|core| core.client.written)
}

/// How many events broke a rule since this was last asked.
#[wasm_bindgen]
pub fn refused() -> u32 {
    with(|core| core::mem::take(&mut core.client.refused))
}

/// Why the last event was refused: a code and where in the event. Empty if it was not.
#[wasm_bindgen]
pub fn refusal() -> usize {
    writing(Core::refusal)
}

/// Sets the session of the events from here on to the input, and the number of its next event.
#[wasm_bindgen]
pub fn session(bytes: usize, next_seq: u32) {
    with(|core| core.session(bytes, next_seq));
}

/// The number of the session's next event.
#[wasm_bindgen]
pub fn next_seq() -> u32 {
    with(|core| core.client.next_seq())
}

/// Sends a hash of the raw user id in the input with the events from here on; an empty one forgets.
#[wasm_bindgen]
pub fn identify(bytes: usize) {
    with(|core| core.identify(bytes));
}

/// The page's facts in the input, a JSON object, stripped of personal data.
#[wasm_bindgen]
pub fn context(bytes: usize) -> usize {
    writing(|core| core.context(bytes))
}

/// Sets what is stripped from the rules in the input. Returns 0, or the length of what is wrong with them;
/// then all is as it was.
#[wasm_bindgen]
pub fn rules(bytes: usize) -> usize {
    writing(|core| core.rules(bytes))
}

/// How much was stripped since this was last asked, by kind: members of a JSON object.
#[wasm_bindgen]
pub fn redacted() -> usize {
    writing(Core::redacted)
}

/// Lists what is stripped from each event from here on.
#[wasm_bindgen]
pub fn list_redactions() {
    with(|core| core.client.noticed.list_all());
}

/// What was stripped from the last event: `path kind`, a line each.
#[wasm_bindgen]
pub fn redactions() -> usize {
    writing(Core::redactions)
}

/// What an answer means: its status, 0 for none; whether it named every event of the batch; `Retry-After`
/// in seconds, 0 for none. `random` is uniform in [0, 1). Returns how long to wait before the batch is
/// sent again in milliseconds; or -1 if its verdicts decide; or -2 if it was refused for good.
#[wasm_bindgen]
pub fn answered(status: u16, named: bool, retry_after_s: u32, random: f64) -> i32 {
    with(|core| core.answered(status, named, retry_after_s, random))
}
