//! Progress of long work, for a person at a terminal; nobody else is shown any.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar up to `length` of `unit`.
pub(crate) fn bar(length: u64, unit: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
