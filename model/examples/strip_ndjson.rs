//! Reads NDJSON of `{"properties":{...},...}` on stdin and writes, a line for each, the properties as
//! they are stripped (`null` where they are refused). tests/privacy/evaluate.py judges the outcome.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use pharos_model::pii::Rules;
use pharos_model::properties;
use serde_json::value::RawValue;

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut stripped = String::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let fields: HashMap<String, &RawValue> = serde_json::from_str(&line)?;
        let Some(properties) = fields.get("properties") else { continue };
        stripped.clear();
        if properties::strip(properties.get(), &Rules::default(), &mut (), &mut stripped).is_err() {
            stripped.push_str("null");
        }
        stripped.push('\n');
        out.write_all(stripped.as_bytes())?;
    }
    Ok(())
}
