//! What the exported functions work on: the client, the wait before the next try, and the two texts.

use alloc::string::String;
use alloc::vec::Vec;

use pharos_model::{pii, retry::Backoff};

use crate::answered::answered;
use crate::client::Client;

/// The core of one page.
pub(crate) struct Core {
    pub(crate) client: Client,
    backoff: Backoff,
    input: Vec<u8>,
    /// The part of the input whose events are not yet written.
    at: usize,
    end: usize,
    pub(crate) output: String,
}

impl Core {
    /// A core with nothing in it. `page` are random bits of this page alone.
    pub(crate) fn new(page: u64) -> Self {
        Self {
            client: Client::new(page.to_be_bytes()),
            backoff: Backoff::default(),
            input: Vec::new(),
            at: 0,
            end: 0,
            output: String::new(),
        }
    }

    /// The input, with room for `bytes`.
    pub(crate) fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.input.len() < bytes {
            self.input.resize(bytes, 0);
        }
        &mut self.input
    }

    /// Writes the events in the input, if it has any `bytes`, or goes on with those that are left of it.
    pub(crate) fn write(&mut self, bytes: usize) {
        if bytes > 0 {
            (self.at, self.end) = (0, bytes);
        }
        self.output.clear();
        let lines = self.input.get(self.at..self.end).unwrap_or_default();
        self.at += self.client.write(lines, &mut self.output);
    }

    /// Writes why the last event was refused, if it was.
    pub(crate) fn refusal(&mut self) {
        self.output.clear();
        if let Some(refusal) = self.client.refusal.take() {
            self.output.push_str(refusal.code.as_str());
            self.output.push(' ');
            self.output.push_str(&refusal.field);
        }
    }

    pub(crate) fn session(&mut self, bytes: usize, next_seq: u32) {
        self.client.set_session(read(&self.input, bytes), next_seq);
    }

    pub(crate) fn identify(&mut self, bytes: usize) {
        self.client.identify(read(&self.input, bytes));
        // The raw id stays nowhere.
        self.input.fill(0);
    }

    pub(crate) fn context(&mut self, bytes: usize) {
        self.output = self.client.context(read(&self.input, bytes));
    }

    /// Sets what is stripped, or writes what is wrong with the rules.
    pub(crate) fn rules(&mut self, bytes: usize) {
        self.output.clear();
        match pii::Rules::parse(read(&self.input, bytes)) {
            Ok(rules) => self.client.set_rules(rules),
            Err(invalid) => {
                self.output.push_str(&invalid.field);
                self.output.push_str(": expected ");
                self.output.push_str(invalid.expected);
            }
        }
    }

    pub(crate) fn redacted(&mut self) {
        self.output = self.client.noticed.counts();
    }

    pub(crate) fn redactions(&mut self) {
        self.output.clear();
        self.output.push_str(self.client.noticed.list());
    }

    /// How long to wait in milliseconds; -1: the verdicts decide; -2: refused for good.
    pub(crate) fn answered(&mut self, status: u16, named: bool, retry_after_s: u32, random: f64) -> i32 {
        answered(&mut self.backoff, status, named, retry_after_s, random)
    }
}

/// The text in the first `bytes` of the input, which the page encoded.
fn read(input: &[u8], bytes: usize) -> &str {
    input.get(..bytes).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
}
