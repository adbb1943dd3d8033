//! From an event to an event of the Measurement Protocol, or to the reason why it is none. Nothing is cut,
//! renamed or given another time on the way: what does not fit is not sent.

use std::fmt;

use pharos_model::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::limits::{AGE_MAX, NameError, PARAMS_MAX, VALUE_CHARS_MAX, check_event_name, check_param_name};
use crate::forward::Outgoing;

/// What a mapping must look like, as half a sentence.
pub(crate) const EXPECTED: &str = "properties separated by commas, each as property or property:parameter, or * \
    for every property under its own name; at most 22, with names that GA4 takes";

/// The parameters that every event has: `event_id`, `session_id`, `engagement_time_msec`.
const OWN_PARAMS: usize = 3;

/// Our parameter for the event's id. By it, what was sent twice is found in GA4's export.
const EVENT_ID: &str = "event_id";

/// How far ahead of this machine's clock an event may be: clocks differ.
const AHEAD_MAX_MS: i64 = 15 * 60 * 1000;

/// Which properties become parameters. What is not named is not sent.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    named: Vec<(String, String)>,
    all: bool,
}

/// Why an event is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its name is too long, or does not begin with a letter.
    EventName,
    /// Its name is one of Google's own.
    EventNameReserved,
    /// A parameter's name is not one.
    ParamName,
    /// A parameter's name is one of Google's own.
    ParamNameReserved,
    /// More than 25 parameters.
    TooManyParams,
    /// A text of more than 100 characters.
    ValueTooLong,
    /// A list or an object.
    ValueNotScalar,
    /// It happened more than 72 hours ago.
    TooOld,
    /// It happens only in a while.
    InTheFuture,
}

impl Unfit {
    /// The stable code, as it is counted.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EventName => "event_name_invalid",
            Self::EventNameReserved => "event_name_reserved",
            Self::ParamName => "parameter_name_invalid",
            Self::ParamNameReserved => "parameter_name_reserved",
            Self::TooManyParams => "too_many_parameters",
            Self::ValueTooLong => "value_too_long",
            Self::ValueNotScalar => "value_not_scalar",
            Self::TooOld => "too_old",
            Self::InTheFuture => "in_the_future",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Mapping {
    /// Reads a mapping; `None` for anything that is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut mapping = Self::default();
        for term in text.split(',').map(str::trim) {
            if term == "*" {
                mapping.all = true;
                continue;
            }
            let (property, param) = term.split_once(':').unwrap_or((term, term));
            let is_twice = mapping.named.iter().any(|(_, known)| known == param);
            if property.is_empty() || is_twice || param == EVENT_ID || check_param_name(param).is_err() {
                return None;
            }
            mapping.named.push((property.to_owned(), param.to_owned()));
        }
        (mapping.named.len() + OWN_PARAMS <= PARAMS_MAX).then_some(mapping)
    }

    /// The event as the protocol has it.
    ///
    /// # Errors
    /// Why it cannot be sent.
    pub fn event(&self, event: &Outgoing, now: Timestamp) -> Result<Value, Unfit> {
        check_event_name(&event.event).map_err(|error| match error {
            NameError::Form => Unfit::EventName,
            NameError::Reserved => Unfit::EventNameReserved,
        })?;
        let age_ms = now.unix_ms() - event.timestamp.unix_ms();
        if age_ms > i64::try_from(AGE_MAX.as_millis()).unwrap_or(i64::MAX) {
            return Err(Unfit::TooOld);
        } else if age_ms < -AHEAD_MAX_MS {
            return Err(Unfit::InTheFuture);
        }
        // What is stored is a JSON object; a damaged one has no parameters.
        let properties: Map<String, Value> = serde_json::from_str(&event.properties).unwrap_or_default();
        let mut params = Map::new();
        for (property, param) in &self.named {
            if let Some(value) = properties.get(property) {
                put(&mut params, param, value)?;
            }
        }
        if self.all {
            let is_named = |property: &str| self.named.iter().any(|(named, _)| named == property);
            let own = |property: &str| property == "engagement_time_msec";
            for (property, value) in properties.iter().filter(|(key, _)| !is_named(key) && !own(key)) {
                check_param_name(property).map_err(|error| match error {
                    NameError::Form => Unfit::ParamName,
                    NameError::Reserved => Unfit::ParamNameReserved,
                })?;
                if property == EVENT_ID || params.contains_key(property) {
                    return Err(Unfit::ParamNameReserved);
                }
                put(&mut params, property, value)?;
            }
        }
        if params.len() + OWN_PARAMS > PARAMS_MAX {
            return Err(Unfit::TooManyParams);
        }
        params.insert(EVENT_ID.to_owned(), json!(event.id));
        params.insert("session_id".to_owned(), json!(session_number(event).to_string()));
        // Without a positive time GA4 shows no activity of the user.
        let engagement_ms = properties.get("engagement_time_msec").and_then(Value::as_u64).unwrap_or(1);
        params.insert("engagement_time_msec".to_owned(), json!(engagement_ms));
        let timestamp_micros = event.timestamp.unix_ms().saturating_mul(1000);
        Ok(json!({ "name": event.event, "params": params, "timestamp_micros": timestamp_micros }))
    }
}

fn put(params: &mut Map<String, Value>, param: &str, value: &Value) -> Result<(), Unfit> {
    let value = match value {
        // Not having a value is having no parameter.
        Value::Null => return Ok(()),
        // The protocol knows texts and numbers.
        Value::Bool(yes) => json!(yes.to_string()),
        Value::Number(_) => value.clone(),
        Value::String(text) if text.chars().count() <= VALUE_CHARS_MAX => value.clone(),
        Value::String(_) => return Err(Unfit::ValueTooLong),
        Value::Array(_) | Value::Object(_) => return Err(Unfit::ValueNotScalar),
    };
    params.insert(param.to_owned(), value);
    Ok(())
}

/// Which client GA4 counts an event to: one for each session, in the form its own tag uses. Where there is
/// no session it follows from the user, and else from the event. It cannot be turned back.
pub(super) fn client_id(event: &Outgoing) -> String {
    let digest = digest("client", event);
    let half = |from: usize| u32::from_be_bytes([0, 1, 2, 3].map(|index| digest[from + index])) >> 1;
    format!("{}.{}", half(0), half(4))
}

/// GA4's sessions have numbers.
fn session_number(event: &Outgoing) -> u32 {
    let digest = digest("session", event);
    // Ten digits, as the seconds that the tag uses.
    1_000_000_000 + u32::from_be_bytes([0, 1, 2, 3].map(|index| digest[index])) % 1_000_000_000
}

fn digest(what: &str, event: &Outgoing) -> [u8; 32] {
    let whose = event.session_id.as_deref().or(event.user_id.as_deref()).unwrap_or(&event.id);
    let mut digest = Sha256::new();
    for part in ["pharos ga4", what, &event.project_id.to_string(), whose] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
