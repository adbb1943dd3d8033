//! What the full build adds for Node: the verdict of `pharos check`, from the same code.

use alloc::string::String;

use pharos_model::{EventId, Judge, Timestamp, check_line, pii};
use wasm_bindgen::prelude::*;

/// The line that `pharos check --rules` prints for `line`, received at `received_at_ms` (since 1970). No
/// line if there are `rules` and they are none.
#[wasm_bindgen]
pub fn check(line: &str, received_at_ms: f64, rules: Option<String>) -> Option<String> {
    let received_at_ms = received_at_ms as i64;
    let rules = rules.map_or(Ok(pii::Rules::default()), |text| pii::Rules::parse(&text)).ok()?;
    let judge = Judge {
        received_at: Timestamp::from_unix_ms(received_at_ms),
        sent_at: None,
        rules: &rules,
        fallback_id: EventId::v7(received_at_ms, [0; 10]),
    };
    Some(check_line(line.as_bytes(), &judge))
}
