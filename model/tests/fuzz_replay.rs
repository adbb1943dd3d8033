//! What the fuzzers start from and what they found, held to the fuzzers' laws: they stay covered
//! where there is no fuzzer.

use std::{fs, panic, path::Path};

#[path = "../../fuzz/src/lib.rs"]
pub mod laws;

#[track_caller]
fn replay(target: &str, law: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let mut count = 0;
    for kept in ["seeds", "corpus"] {
        for entry in fs::read_dir(fuzz.join(kept).join(target)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(panic::catch_unwind(|| law(&bytes)).is_ok(), "{} breaks a law", path.display());
            count += 1;
        }
    }
    assert!(count > 50, "only {count} inputs for {target}");
}

#[test]
fn events_keep_the_laws() {
    replay("event", laws::event);
}

#[test]
fn batches_keep_the_laws() {
    replay("batch", laws::batch);
}
