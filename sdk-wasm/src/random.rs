//! Random bytes from the browser, drawn ahead: asking for them costs more than an event does.

use wasm_bindgen::prelude::*;

/// Enough for 64 events.
const POOL_BYTES: usize = 640;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill(bytes: &mut [u8]);
}

/// The pool.
pub(crate) struct Random {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

impl Random {
    /// An empty pool.
    pub(crate) fn new() -> Self {
        Self { bytes: [0; POOL_BYTES], used: POOL_BYTES }
    }

    /// Ten bytes never given before.
    pub(crate) fn bytes(&mut self) -> [u8; 10] {
        if self.used + 10 > POOL_BYTES {
            fill(&mut self.bytes);
            self.used = 0;
        }
        let mut taken = [0; 10];
        taken.copy_from_slice(&self.bytes[self.used..self.used + 10]);
        self.used += 10;
        taken
    }
}
