//! Stripping an event of about a kilobyte, beside reading and writing the same text with serde_json.
//! `cargo bench -p pharos-model`; `node tests/privacy/speed.mjs` does the same in the wasm.

use divan::{Bencher, black_box};
use pharos_model::pii::Rules;
use pharos_model::properties;

/// An event of a busy page, with nothing personal in it: the usual case.
const CLEAN: &str = include_str!("clean.txt");

/// The same length, with something personal in every string.
const PERSONAL: &str = include_str!("personal.txt");

#[derive(Debug, Clone, Copy)]
enum Text {
    Clean,
    Personal,
}

impl Text {
    fn as_str(self) -> &'static str {
        match self {
            Self::Clean => CLEAN,
            Self::Personal => PERSONAL,
        }
    }
}

fn main() {
    divan::main();
}

#[divan::bench(args = [Text::Clean, Text::Personal])]
fn strip(bencher: Bencher<'_, '_>, text: Text) {
    let text = text.as_str();
    let rules = Rules::default();
    let mut out = String::with_capacity(2 * text.len());
    bencher.bench_local(|| {
        out.clear();
        properties::strip(black_box(text), &rules, &mut (), &mut out).expect("a valid event");
        out.len()
    });
}

/// The baseline: a tree of values, and back.
#[divan::bench(args = [Text::Clean, Text::Personal])]
fn serde_json_read_and_write(bencher: Bencher<'_, '_>, text: Text) {
    let text = text.as_str();
    bencher.bench_local(|| {
        let value: serde_json::Value = serde_json::from_str(black_box(text)).expect("valid JSON");
        value.to_string().len()
    });
}
