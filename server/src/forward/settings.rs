//! Destinations from settings. One that is half set up stops the start: sending nothing on would be
//! noticed late.

use super::{
    Destination, Destinations, Kind,
    ga4::{Ga4, mapping::Mapping},
    rule::{ConsentRule, Rule},
    webhook::Webhook,
};
use crate::{
    config::parse_bool,
    outbound,
    settings::{SettingError, Values},
};

impl Destinations {
    /// Reads what the settings say of destinations.
    ///
    /// # Errors
    /// The first value that will not do.
    pub(crate) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let mut destinations = Vec::new();
        destinations.extend(ga4(values)?);
        destinations.extend(webhook(values)?);
        Ok(Self(destinations))
    }
}

fn ga4(values: &Values) -> Result<Option<Destination>, SettingError> {
    let measurement_id = values.optional("ga4_measurement_id", |text| {
        let rest = text.strip_prefix("G-")?;
        is_token(rest).then(|| text.to_owned())
    })?;
    let api_secret = values.optional("ga4_api_secret", |text| is_token(text).then(|| text.to_owned()))?;
    // All of it is checked, also where it is turned off.
    let endpoint = values.required("ga4_endpoint", |text| {
        let text = text.strip_suffix('/').unwrap_or(text);
        (outbound::is_url(text) && !text.contains(['?', '#'])).then(|| text.to_owned())
    })?;
    let consent = values.required("ga4_consent", consent)?;
    let rule = values.required("ga4_events", |text| Rule::parse(text, consent))?;
    let mapping = values.required("ga4_dimensions", Mapping::parse)?;
    let debug = values.required("ga4_debug", parse_bool)?;
    let (measurement_id, api_secret) = match (measurement_id, api_secret) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(values.missing("ga4_measurement_id")),
        (Some(_), None) => return Err(values.missing("ga4_api_secret")),
    };
    if !values.required("analytics_enabled", parse_bool)? {
        return Ok(None);
    }
    let kind = Kind::Ga4(Ga4 { measurement_id, api_secret, endpoint, mapping, debug });
    Ok(Some(Destination { rule, kind }))
}

fn webhook(values: &Values) -> Result<Option<Destination>, SettingError> {
    let url =
        values.optional("forward_webhook_url", |text| outbound::is_url(text).then(|| text.to_owned()))?;
    let secret = values
        .optional("forward_webhook_secret", |text| (text.chars().count() >= 16).then(|| text.to_owned()))?;
    let consent = values.required("forward_webhook_consent", consent)?;
    let rule = values.required("forward_webhook_events", |text| Rule::parse(text, consent))?;
    let Some(url) = url else { return Ok(None) };
    let Some(secret) = secret else { return Err(values.missing("forward_webhook_secret")) };
    Ok(Some(Destination { rule, kind: Kind::Webhook(Webhook { url, secret }) }))
}

fn consent(text: &str) -> Option<ConsentRule> {
    match text {
        "required" => Some(ConsentRule::Required),
        "if_asked" => Some(ConsentRule::IfAsked),
        "any" => Some(ConsentRule::Any),
        _ => None,
    }
}

/// Something that needs no escapes in an address.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_set_up_unless_it_is_complete() {
        let ga4 = Values::default().with("ga4_measurement_id", "G-ABC123");
        let error = Destinations::from_values(&ga4).unwrap_err().to_string();
        assert!(error.starts_with("TELEMETRY_GA4_API_SECRET is not set"), "{error}");
        let ga4 = ga4.with("ga4_api_secret", "s3cret-_");
        assert_eq!(Destinations::from_values(&ga4).unwrap().iter().count(), 0, "analytics are off");
        let ga4 = ga4.with("analytics_enabled", "true");
        assert_eq!(Destinations::from_values(&ga4).unwrap().iter().count(), 1);
        let both = ga4
            .with("forward_webhook_url", "https://hooks.example.org/x")
            .with("forward_webhook_secret", "0123456789abcdef");
        assert_eq!(Destinations::from_values(&both).unwrap().iter().count(), 2);
    }

    #[test]
    fn what_will_not_do_is_refused() {
        for (name, value) in [
            ("ga4_measurement_id", "UA-1234"),
            ("ga4_api_secret", "a&b"),
            ("ga4_endpoint", "http://www.google-analytics.com"),
            ("ga4_consent", "maybe"),
            ("ga4_events", "Sign Up"),
            ("ga4_dimensions", "plan:ga_plan"),
            ("ga4_dimensions", "plan:x,tier:x"),
            ("forward_webhook_url", "http://example.org"),
            ("forward_webhook_secret", "short"),
        ] {
            let values = Values::default().with(name, value);
            assert!(Destinations::from_values(&values).is_err(), "{name} {value}");
        }
    }
}
