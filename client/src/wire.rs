//! What stands on the wire: a batch as it is sent, and what the server says of it.

use std::collections::BTreeMap;

use pharos_model::{Code, Refusal, pii::KindCounts};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    error::{Error, Verdict},
    event,
    queue::Entry,
    transport::Answer,
};

/// A batch, with what it reports beside its events.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Of one consent.
    pub(crate) entries: Vec<Entry>,
    /// Events that were lost, by reason.
    pub(crate) losses: BTreeMap<String, u64>,
    /// What was stripped.
    pub(crate) redacted: KindCounts,
}

#[derive(Serialize)]
struct Envelope<'a> {
    sent_at: String,
    sdk: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<&'a str>,
    dropped: BTreeMap<&'a str, u32>,
    redacted: BTreeMap<&'a str, u32>,
}

#[derive(Deserialize)]
struct Reply {
    verdicts: Vec<Said>,
}

/// What the server says of one event.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    verdict: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    detail: String,
}

/// Why the server refused a batch as a whole.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusing {
    code: String,
}

impl Batch {
    /// The body of its request.
    pub(crate) fn body(&self) -> String {
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let stripped = self.redacted.iter().filter(|(_, count)| *count > 0);
        let envelope = Envelope {
            sent_at: event::now().to_string(),
            sdk: json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") }),
            consent: self.entries.first().and_then(|entry| entry.consent).map(|consent| consent.as_str()),
            dropped: self.losses.iter().map(|(reason, lost)| (&**reason, count(*lost))).collect(),
            redacted: stripped.map(|(kind, count)| (kind.as_str(), count)).collect(),
        };
        let mut body = serde_json::to_string(&envelope).expect("texts and numbers are JSON");
        body.pop();
        body.push_str(r#","events":["#);
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(&entry.text);
        }
        body.push_str("]}");
        body
    }
}

impl Said {
    /// What an answer says of each event, if it names them all: what does not is not our server's.
    pub(crate) fn in_answer(answer: &Answer, events: usize) -> Option<Vec<Self>> {
        let reply: Reply = serde_json::from_slice(&answer.body).ok()?;
        (reply.verdicts.len() == events).then_some(reply.verdicts)
    }

    /// What whoever logged the event is told; `None`: it is to be sent again.
    pub(crate) fn result(self) -> Option<Result<Verdict, Error>> {
        Some(match self.verdict.as_str() {
            "retry" => return None,
            "invalid" => Err(self.invalid()),
            "duplicate" => Ok(Verdict::Duplicate),
            "filtered" => Ok(Verdict::Filtered { reason: self.reason }),
            "quarantined" => Ok(Verdict::Quarantined),
            // A verdict of a later version: the server has dealt with the event.
            _ => Ok(Verdict::Accepted),
        })
    }

    fn invalid(self) -> Error {
        match Code::ALL.iter().find(|code| code.as_str() == self.code) {
            Some(code) => Error::Invalid(Refusal::new(*code, self.field)),
            None => Error::InvalidForServer { code: self.code, field: self.field, detail: self.detail },
        }
    }
}

/// The code of a refused batch.
pub(crate) fn refused_for(answer: &Answer) -> String {
    let refusing: Refusing = serde_json::from_slice(&answer.body).unwrap_or_default();
    if refusing.code.is_empty() { "refused".to_owned() } else { refusing.code }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// An answer may be anybody's.
        #[test]
        fn any_answer_is_read_or_not_believed(body: Vec<u8>, near in r#"[\{\}\[\]",:a-e0-9]{0,60}"#) {
            for body in [body, near.clone().into_bytes(), format!(r#"{{"verdicts":{near}"#).into_bytes()] {
                let answer = Answer { status: 200, body, ..Answer::default() };
                for said in Said::in_answer(&answer, 1).into_iter().flatten() {
                    let _ = said.result();
                }
                prop_assert!(!refused_for(&answer).is_empty());
            }
        }
    }
}
