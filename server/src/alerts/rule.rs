//! What a rule says, and how it is read from JSON. It measures nothing and tells nobody.

use jiff::{Timestamp as Moment, civil::Time, tz::TimeZone};
use pharos_model::{Timestamp, limits::EVENT_NAME_CHARS_MAX};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Rules of one's own, for each project: all are looked at twice a minute.
pub(crate) const RULES_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 100;
/// Longest window: a week.
const WINDOW_MINUTES_MAX: i64 = 7 * 24 * 60;

/// What a rule watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Fewer events than a share (`threshold`) of what is usual at this hour of the week.
    LowEventRate,
    /// No event at all, where some are usual.
    NoData,
    /// A share (`threshold`) of the events could not be taken or stored.
    HighErrorRate,
    /// More than `threshold` bytes have waited on the local disk for the whole window.
    SpoolGrowing,
    /// A rule of one's own: a number of events above or below `threshold`.
    Threshold,
}

/// How bad it is. It goes into the notification; nothing else depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    Info,
    Warning,
    Critical,
}

/// On which side of the threshold a rule of one's own fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Comparison {
    Above,
    Below,
}

/// Hours in which nobody is told. What is still so when they end is told then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct QuietHours {
    /// Such as `22:00`, by the clocks of the time zone.
    start: String,
    /// May be before the start: the hours then go over midnight.
    end: String,
    /// An IANA name, such as `Europe/Berlin`.
    time_zone: String,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    pub(crate) enabled: bool,
    /// Only events of this name; `null` for all.
    pub(crate) event: Option<String>,
    /// Of rules of one's own.
    pub(crate) comparison: Option<Comparison>,
    /// Events, a share or bytes: see the kind.
    pub(crate) threshold: Option<f64>,
    pub(crate) window_minutes: i64,
    pub(crate) quiet_hours: Option<QuietHours>,
}

/// A field of a rule that will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleError {
    pub(crate) field: &'static str,
    pub(crate) expected: &'static str,
}

/// The rules every project has: their ids, and what they say until somebody changes it.
pub(crate) fn builtin() -> [(&'static str, Definition); 4] {
    let rule = |name: &str, kind, severity, threshold, window_minutes| Definition {
        name: name.to_owned(),
        kind,
        severity,
        enabled: true,
        event: None,
        comparison: None,
        threshold,
        window_minutes,
        quiet_hours: None,
    };
    [
        (
            "low_event_rate",
            rule("Fewer events than usual", Kind::LowEventRate, Severity::Warning, Some(0.5), 60),
        ),
        ("no_data", rule("No events", Kind::NoData, Severity::Critical, None, 15)),
        (
            "high_error_rate",
            rule("Events are not stored", Kind::HighErrorRate, Severity::Critical, Some(0.05), 60),
        ),
        (
            "spool_growing",
            rule("Events wait on the disk", Kind::SpoolGrowing, Severity::Warning, Some(0.0), 5),
        ),
    ]
}

impl Definition {
    /// A rule of one's own.
    pub(crate) fn own(body: &Value) -> Result<Self, RuleError> {
        let fields = Fields::of(
            body,
            &[
                "name",
                "enabled",
                "event",
                "comparison",
                "threshold",
                "window_minutes",
                "severity",
                "quiet_hours",
            ],
        )?;
        let threshold = fields.number("threshold")?.ok_or(THRESHOLD)?;
        Ok(Self {
            name: fields.name()?.ok_or(NAME)?,
            kind: Kind::Threshold,
            severity: fields.one_of("severity", SEVERITY)?.unwrap_or(Severity::Warning),
            enabled: fields.boolean("enabled")?.unwrap_or(true),
            event: fields.event()?,
            comparison: Some(fields.one_of("comparison", COMPARISON)?.ok_or(COMPARISON)?),
            threshold: Some(threshold),
            window_minutes: fields.window()?.ok_or(WINDOW)?,
            quiet_hours: fields.quiet_hours()?,
        })
    }

    /// A built-in rule with some of it changed.
    pub(crate) fn changed(mut self, body: &Value) -> Result<Self, RuleError> {
        let fields =
            Fields::of(body, &["enabled", "threshold", "window_minutes", "severity", "quiet_hours"])?;
        if let Some(enabled) = fields.boolean("enabled")? {
            self.enabled = enabled;
        }
        if let Some(threshold) = fields.number("threshold")? {
            let is_share = matches!(self.kind, Kind::LowEventRate | Kind::HighErrorRate);
            if is_share && threshold > 1.0 {
                return Err(RuleError { field: "threshold", expected: "a share from 0 to 1" });
            }
            self.threshold = self.threshold.and(Some(threshold));
        }
        if let Some(window) = fields.window()? {
            self.window_minutes = window;
        }
        if let Some(severity) = fields.one_of("severity", SEVERITY)? {
            self.severity = severity;
        }
        if body.get("quiet_hours").is_some() {
            self.quiet_hours = fields.quiet_hours()?;
        }
        Ok(self)
    }

    /// Whether nobody is to be told now.
    pub(crate) fn is_quiet(&self, now: Timestamp) -> bool {
        self.quiet_hours.as_ref().is_some_and(|hours| hours.hold(now).unwrap_or(false))
    }
}

impl QuietHours {
    fn hold(&self, now: Timestamp) -> Option<bool> {
        let (start, end) = (parse_time(&self.start)?, parse_time(&self.end)?);
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let now = Moment::from_millisecond(now.unix_ms()).ok()?.to_zoned_datetime(zone).time();
        Some(if start < end { (start..end).contains(&now) } else { now >= start || now < end })
    }
}

fn parse_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    Time::new(two_digits(hour)?, two_digits(minute)?, 0, 0).ok()
}

const NAME: RuleError = RuleError { field: "name", expected: "a name of 1 to 100 characters" };
const SEVERITY: RuleError = RuleError { field: "severity", expected: "info, warning or critical" };
const COMPARISON: RuleError = RuleError { field: "comparison", expected: "above or below" };
const THRESHOLD: RuleError = RuleError { field: "threshold", expected: "a number from 0 on" };
const WINDOW: RuleError =
    RuleError { field: "window_minutes", expected: "a whole number of minutes from 1 to 10080" };
const EVENT: RuleError = RuleError { field: "event", expected: "the name of an event, or null for all" };
const QUIET: RuleError = RuleError {
    field: "quiet_hours",
    expected: "null, or different start and end such as 22:00 and an IANA time_zone such as Europe/Berlin",
};
const BODY: RuleError = RuleError { field: "body", expected: "a JSON object" };
const UNKNOWN: RuleError = RuleError { field: "body", expected: "only the documented fields" };

/// The members of a body, `null` standing for one that is not there.
struct Fields<'a>(&'a serde_json::Map<String, Value>);

impl<'a> Fields<'a> {
    fn of(body: &'a Value, known: &[&str]) -> Result<Self, RuleError> {
        let fields = body.as_object().ok_or(BODY)?;
        let all_known = fields.keys().all(|field| known.contains(&field.as_str()));
        if all_known { Ok(Self(fields)) } else { Err(UNKNOWN) }
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    fn text(&self, field: &str, error: RuleError) -> Result<Option<&'a str>, RuleError> {
        self.get(field).map(|value| value.as_str().ok_or(error)).transpose()
    }

    fn name(&self) -> Result<Option<String>, RuleError> {
        let Some(name) = self.text("name", NAME)? else { return Ok(None) };
        let fits =
            (1..=NAME_CHARS_MAX).contains(&name.trim().chars().count()) && !name.contains(char::is_control);
        if fits { Ok(Some(name.trim().to_owned())) } else { Err(NAME) }
    }

    fn event(&self) -> Result<Option<String>, RuleError> {
        let Some(event) = self.text("event", EVENT)? else { return Ok(None) };
        let is_name = (1..=EVENT_NAME_CHARS_MAX).contains(&event.len())
            && event.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if is_name { Ok(Some(event.to_owned())) } else { Err(EVENT) }
    }

    fn boolean(&self, field: &'static str) -> Result<Option<bool>, RuleError> {
        let error = RuleError { field, expected: "true or false" };
        self.get(field).map(|value| value.as_bool().ok_or(error)).transpose()
    }

    fn number(&self, field: &'static str) -> Result<Option<f64>, RuleError> {
        let number = |value: &Value| value.as_f64().filter(|number| *number >= 0.0);
        self.get(field).map(|value| number(value).ok_or(RuleError { field, ..THRESHOLD })).transpose()
    }

    fn window(&self) -> Result<Option<i64>, RuleError> {
        let minutes = |value: &Value| value.as_i64().filter(|n| (1..=WINDOW_MINUTES_MAX).contains(n));
        self.get("window_minutes").map(|value| minutes(value).ok_or(WINDOW)).transpose()
    }

    fn one_of<T: for<'de> Deserialize<'de>>(
        &self,
        field: &str,
        error: RuleError,
    ) -> Result<Option<T>, RuleError> {
        self.get(field).map(|value| T::deserialize(value).map_err(|_| error)).transpose()
    }

    fn quiet_hours(&self) -> Result<Option<QuietHours>, RuleError> {
        let Some(value) = self.get("quiet_hours") else { return Ok(None) };
        let hours = QuietHours::deserialize(value).map_err(|_| QUIET)?;
        let fits = hours.start != hours.end && hours.hold(Timestamp::from_unix_ms(0)).is_some();
        if fits { Ok(Some(hours)) } else { Err(QUIET) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn own() -> Value {
        json!({ "name": "Sign-ups", "event": "sign_up", "comparison": "below", "threshold": 5, "window_minutes": 60,
                "severity": "info", "quiet_hours": { "start": "22:00", "end": "07:00", "time_zone": "Europe/Berlin" } })
    }

    #[test]
    fn a_rule_comes_back_as_it_was_said() {
        let rule = Definition::own(&own()).unwrap();
        assert_eq!(
            (rule.name.as_str(), rule.kind, rule.severity),
            ("Sign-ups", Kind::Threshold, Severity::Info)
        );
        assert_eq!(rule, serde_json::from_str(&serde_json::to_string(&rule).unwrap()).unwrap());
    }

    #[test]
    fn what_will_not_do_is_named() {
        for (field, value) in [
            ("name", json!("")),
            ("name", json!(7)),
            ("name", Value::Null),
            ("event", json!("Sign Up")),
            ("comparison", json!("near")),
            ("comparison", Value::Null),
            ("threshold", json!(-1)),
            ("threshold", json!("many")),
            ("window_minutes", json!(0)),
            ("window_minutes", json!(10_081)),
            ("window_minutes", json!(1.5)),
            ("severity", json!("bad")),
            ("quiet_hours", json!({ "start": "22:00", "end": "22:00", "time_zone": "UTC" })),
            ("quiet_hours", json!({ "start": "24:00", "end": "07:00", "time_zone": "UTC" })),
            ("quiet_hours", json!({ "start": "22:00", "end": "07:00", "time_zone": "Mars/Olympus" })),
        ] {
            let mut body = own();
            body[field] = value.clone();
            assert_eq!(Definition::own(&body).unwrap_err().field, field, "{value}");
        }
        let mut more = own();
        more["colour"] = json!("red");
        assert_eq!(Definition::own(&more).unwrap_err().field, "body");
    }

    #[test]
    fn quiet_hours_go_by_the_clocks_of_their_zone_and_over_midnight() {
        let rule = Definition::own(&own()).unwrap();
        let quiet = |text: &str| rule.is_quiet(Timestamp::parse_rfc3339(text).unwrap());
        // Berlin is two hours ahead of UTC in summer, one in winter.
        assert!(quiet("2026-07-01T20:00:00Z") && !quiet("2026-07-01T19:59:59Z"));
        assert!(quiet("2026-12-01T21:00:00Z") && !quiet("2026-12-01T20:59:59Z"));
        assert!(quiet("2026-12-01T05:59:00Z") && !quiet("2026-12-01T06:00:00Z"));
    }

    #[test]
    fn of_a_built_in_rule_some_can_be_changed() {
        let (_, rule) = builtin().into_iter().next().unwrap();
        let changed = rule.clone().changed(&json!({ "enabled": false, "threshold": 0.2 })).unwrap();
        assert_eq!((changed.enabled, changed.threshold, changed.window_minutes), (false, Some(0.2), 60));
        assert_eq!(rule.clone().changed(&json!({ "threshold": 2 })).unwrap_err().field, "threshold");
        assert_eq!(rule.changed(&json!({ "name": "mine" })).unwrap_err().field, "body");
    }
}
