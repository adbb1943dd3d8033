//! Any bytes as the body of `POST /v1/events`, after gzip.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pharos_fuzz::batch(bytes));
