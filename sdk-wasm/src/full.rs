//! What the full build adds for Node: whole events judged as the server judges them, and the verdict of
//! `pharos check`. Text in and out, as everywhere: it is the server's own path, so the two cannot disagree.

use alloc::string::{String, ToString};

use pharos_model::{
    Code, EventId, RawEvent, Refusal, Timestamp, check_line, limits, pii, retry::Backoff, wire::WireEvent,
};
use wasm_bindgen::prelude::*;

use crate::{answered::answered, ids::Ids, noticed::Noticed};

/// Judges and strips the events of one sender, and says what answers to it mean.
#[wasm_bindgen]
pub struct Judge {
    ids: Ids,
    rules: pii::Rules,
    noticed: Noticed,
    backoff: Backoff,
}

#[wasm_bindgen]
impl Judge {
    /// One with the personal-data rules of a project, or the strict ones. The numbers are 64 random bits of
    /// this sender alone.
    ///
    /// # Errors
    /// What is wrong with the rules, for a person.
    #[wasm_bindgen(constructor)]
    pub fn new(random_high: u32, random_low: u32, rules: Option<String>) -> Result<Judge, String> {
        let rules = match rules {
            Some(text) => pii::Rules::parse(&text).map_err(|invalid| invalid.to_string())?,
            None => pii::Rules::default(),
        };
        let sender = u64::from(random_high) << 32 | u64::from(random_low);
        let (noticed, backoff) = (Noticed::default(), Backoff::default());
        Ok(Self { ids: Ids::new(sender.to_be_bytes()), rules, noticed, backoff })
    }

    /// An id for an event made at `now_ms` (since 1970).
    pub fn id(&mut self, now_ms: f64) -> String {
        self.ids.next(now_ms as i64).to_string()
    }

    /// Judges the event in `line`, a JSON object as on the wire, at `now_ms` (since 1970). Returns it stripped,
    /// with its user id hashed.
    ///
    /// # Errors
    /// Why it is none, in three lines: the code, what was expected, and the field.
    pub fn judge(&mut self, line: &str, now_ms: f64) -> Result<String, String> {
        let now_ms = now_ms as i64;
        let judge = pharos_model::Judge {
            received_at: Timestamp::from_unix_ms(now_ms),
            sent_at: None,
            rules: &self.rules,
            fallback_id: EventId::v7(now_ms, [0; 10]),
        };
        self.noticed.begin();
        let judged = RawEvent::read(line.as_bytes())
            .and_then(|raw| raw.judge_reporting(&judge, &mut self.noticed))
            .map(|event| {
                let mut out = String::with_capacity(line.len());
                WireEvent::of(&event).push_to(&mut out);
                out
            });
        match judged {
            // A mask may be longer than what it hides.
            Ok(event) if event.len() > limits::EVENT_BYTES_MAX => {
                Err(told(&Refusal::new(Code::EventTooLarge, "")))
            }
            Ok(event) => {
                self.noticed.keep();
                Ok(event)
            }
            Err(refusal) => Err(told(&refusal)),
        }
    }

    /// How much was stripped since this was last asked, by kind: members of a JSON object.
    pub fn redacted(&mut self) -> String {
        self.noticed.counts()
    }

    /// What an answer means: its status, 0 for none; whether it named every event of the batch; `Retry-After`
    /// in seconds, 0 for none. `random` is uniform in [0, 1). Returns how long to wait before the batch is
    /// sent again in milliseconds; or -1 if its verdicts decide; or -2 if it was refused for good.
    pub fn answered(&mut self, status: u16, named: bool, retry_after_s: u32, random: f64) -> i32 {
        answered(&mut self.backoff, status, named, retry_after_s, random)
    }
}

/// A field may hold any character, so it comes last.
fn told(refusal: &Refusal) -> String {
    [refusal.code.as_str(), refusal.code.expected(), &refusal.field].join("\n")
}

/// The line that `pharos check --rules` prints for `line`, received at `received_at_ms` (since 1970). No
/// line if there are `rules` and they are none.
#[wasm_bindgen]
pub fn check(line: &str, received_at_ms: f64, rules: Option<String>) -> Option<String> {
    let received_at_ms = received_at_ms as i64;
    let rules = rules.map_or(Ok(pii::Rules::default()), |text| pii::Rules::parse(&text)).ok()?;
    let judge = pharos_model::Judge {
        received_at: Timestamp::from_unix_ms(received_at_ms),
        sent_at: None,
        rules: &rules,
        fallback_id: EventId::v7(received_at_ms, [0; 10]),
    };
    Some(check_line(line.as_bytes(), &judge))
}
