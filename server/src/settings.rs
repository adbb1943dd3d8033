//! The table of settings: one line each with its name, default and meaning. Flags, environment,
//! settings file, `--help` and error lines are all made from it. What the values mean as types is
//! decided in `config.rs`; nothing else reads the environment.

use std::{collections::HashMap, fmt, path::Path};

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

use crate::forward::{ga4::mapping, rule};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Name in the settings file; with `-` for `_` it is the flag.
    pub name: &'static str,
    /// Name in the environment.
    pub env: &'static str,
    /// Value when nothing is given.
    pub default: Option<&'static str>,
    /// What a value must look like, as half a sentence.
    pub expected: &'static str,
    /// What it does, with its unit.
    pub help: &'static str,
    /// Whether a value is never printed.
    pub secret: bool,
}

const fn setting(
    name: &'static str,
    env: &'static str,
    default: Option<&'static str>,
    expected: &'static str,
    help: &'static str,
) -> Setting {
    Setting { name, env, default, expected, help, secret: false }
}

const fn secret(mut setting: Setting) -> Setting {
    setting.secret = true;
    setting
}

/// Every setting, in the order `--help` shows them.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("database_url", "DATABASE_URL", None,
        "postgres://user:password@host:5432/database or sqlite:///absolute/path/to/file.db",
        "Where events are stored. Unset: an SQLite file in the data directory"),
    setting("listen", "TELEMETRY_LISTEN", Some("127.0.0.1:8787"),
        "an address and a port, such as 127.0.0.1:8787 or 0.0.0.0:8787 (port 0 takes a free one)",
        "Address and port to listen on"),
    setting("data_dir", "TELEMETRY_DATA_DIR", Some(".pharos"),
        "a directory that can be created or written",
        "Directory for the SQLite file and the pepper"),
    setting("public_url", "TELEMETRY_PUBLIC_URL", None,
        "http:// or https:// and a host, without a path, such as https://telemetry.example.org",
        "Address people open, when a proxy stands in front; https makes the session cookie Secure"),
    setting("enabled", "TELEMETRY_ENABLED", Some("true"),
        "true or false",
        "false answers every event `filtered` with reason `disabled` and stores nothing"),
    setting("batch_size", "TELEMETRY_BATCH_SIZE", Some("100"),
        "a whole number from 1 to 500",
        "Events the SDK gathers before it sends, handed to the demo page"),
    setting("flush_interval", "TELEMETRY_FLUSH_INTERVAL", Some("5000"),
        "a whole number of milliseconds from 100 to 600000",
        "Milliseconds after which the SDK sends what it has, handed to the demo page"),
    setting("retention_days", "TELEMETRY_RETENTION_DAYS", Some("90"),
        "a whole number of days from 0 to 36500",
        "Days that events are kept; 0 keeps them for ever"),
    setting("quarantine_days", "TELEMETRY_QUARANTINE_DAYS", Some("30"),
        "a whole number of days from 0 to 36500",
        "Days that refused events are kept for repair after they were last seen; 0 keeps them for ever"),
    setting("analytics_enabled", "TELEMETRY_ANALYTICS_ENABLED", Some("false"),
        "true or false",
        "Whether events may be sent on to Google Analytics once it is set up"),
    setting("ga4_measurement_id", "TELEMETRY_GA4_MEASUREMENT_ID", None,
        "G- and letters or digits, as the web stream shows it",
        "The web stream of Google Analytics 4 that events are sent on to"),
    secret(setting("ga4_api_secret", "TELEMETRY_GA4_API_SECRET", None,
        "letters, digits, - or _, as the web stream shows it",
        "The stream's secret for the Measurement Protocol")),
    setting("ga4_endpoint", "TELEMETRY_GA4_ENDPOINT", Some("https://www.google-analytics.com"),
        "an address that begins with https://, such as https://region1.google-analytics.com",
        "Where the Measurement Protocol is spoken, without its path"),
    setting("ga4_events", "TELEMETRY_GA4_EVENTS", Some("source:server"),
        rule::EXPECTED,
        "Which events go to Google Analytics"),
    setting("ga4_consent", "TELEMETRY_GA4_CONSENT", Some("required"),
        "required, if_asked or any",
        "Whose events: who granted consent, also who was not asked, or everyone's"),
    setting("ga4_dimensions", "TELEMETRY_GA4_DIMENSIONS", Some("hd_action_key"),
        mapping::EXPECTED,
        "Which properties go along, and as which parameters"),
    setting("ga4_debug", "TELEMETRY_GA4_DEBUG", Some("false"),
        "true or false",
        "Asks Google's validation server about each event before it is sent"),
    setting("forward_timeout", "TELEMETRY_FORWARD_TIMEOUT", Some("10000"),
        "a whole number of milliseconds from 100 to 15000",
        "Milliseconds that Google Analytics and the webhook have to answer a request"),
    setting("forward_webhook_url", "TELEMETRY_FORWARD_WEBHOOK_URL", None,
        "an address that begins with https:// (http:// on this machine)",
        "Where batches of events are posted as they are stored"),
    secret(setting("forward_webhook_secret", "TELEMETRY_FORWARD_WEBHOOK_SECRET", None,
        "at least 16 characters",
        "What those batches are signed with")),
    setting("forward_webhook_events", "TELEMETRY_FORWARD_WEBHOOK_EVENTS", Some("*"),
        rule::EXPECTED,
        "Which events go to the webhook"),
    setting("forward_webhook_consent", "TELEMETRY_FORWARD_WEBHOOK_CONSENT", Some("if_asked"),
        "required, if_asked or any",
        "Whose events: who granted consent, also who was not asked, or everyone's"),
    secret(setting("ingest_key", "TELEMETRY_INGEST_KEY", None,
        "pk_ and 16 to 100 letters, digits, - or _",
        "A public key of the first project, instead of a generated one")),
    secret(setting("secret_key", "TELEMETRY_SECRET_KEY", None,
        "sk_ and 32 to 100 letters, digits, - or _",
        "A secret key of the first project, instead of a generated one")),
    secret(setting("pepper", "TELEMETRY_PEPPER", None,
        "at least 32 characters, the same on every node",
        "Secret that user ids are keyed with. Unset: made once and kept in the data directory")),
    secret(setting("old_peppers", "TELEMETRY_OLD_PEPPERS", None,
        "peppers of at least 32 characters, separated by commas, the last one first",
        "With TELEMETRY_PEPPER: those before it, so that older events of a person are found to be erased")),
    setting("ip", "TELEMETRY_IP", Some("truncate"),
        "truncate or drop",
        "What is kept of an address: its /24 (IPv6: /48), or nothing"),
    setting("gpc", "TELEMETRY_GPC", Some("site"),
        "site, drop, anonymous or ignore",
        "Events of browsers with Global Privacy Control: what the site says (if nothing: drop), or always the same"),
    setting("pii_rules", "TELEMETRY_PII_RULES", None,
        "JSON as in docs/privacy.md, or the path of a file with it",
        "What counts as personal data in projects without rules of their own. Unset: the strict rules"),
    setting("allowed_origins", "TELEMETRY_ALLOWED_ORIGINS", None,
        "any, or origins separated by commas, such as https://shop.example,https://*.shop.example",
        "Pages that may send events with a public key, for projects without a list of their own. Unset: any"),
    setting("rate_address_requests", "TELEMETRY_RATE_ADDRESS_REQUESTS", Some("500"),
        "a whole number from 0 to 1000000000",
        "Requests a second from one address, IPv6 from one /64; loopback is free, 0 is no limit"),
    setting("rate_address_events", "TELEMETRY_RATE_ADDRESS_EVENTS", Some("5000"),
        "a whole number from 0 to 1000000000",
        "Events a second from one address, IPv6 from one /64; loopback is free, 0 is no limit"),
    setting("rate_key_requests", "TELEMETRY_RATE_KEY_REQUESTS", Some("0"),
        "a whole number from 0 to 1000000000",
        "Requests a second with one key; 0 is no limit"),
    setting("rate_key_events", "TELEMETRY_RATE_KEY_EVENTS", Some("0"),
        "a whole number from 0 to 1000000000",
        "Events a second with one key; 0 is no limit"),
    setting("script_path", "TELEMETRY_SCRIPT_PATH", Some("/t.js"),
        "a path that ends in .js, such as /t.js or /js/shop.js, and does not begin like another address here",
        "Where pages get the <script> tag's file from"),
    setting("demo", "TELEMETRY_DEMO", Some("true"),
        "true or false",
        "Serves the demo shop. Turn it off in production: it hands out the ingest key"),
    setting("trusted_proxy", "TELEMETRY_TRUSTED_PROXY", Some("off"),
        "off, or addresses and networks separated by commas, such as 10.0.0.0/8,127.0.0.1",
        "Proxies whose X-Forwarded-For is believed"),
    secret(setting("alert_webhook_url", "TELEMETRY_ALERT_WEBHOOK_URL", None,
        "http:// or https:// and an address",
        "Where changes of alerts are told. Unset: nowhere")),
    secret(setting("alert_webhook_secret", "TELEMETRY_ALERT_WEBHOOK_SECRET", None,
        "at least 16 characters, when TELEMETRY_ALERT_WEBHOOK_URL is set",
        "What notifications are signed with")),
    setting("metrics", "TELEMETRY_METRICS", Some("key"),
        "off, loopback, key or open",
        "Who may read /metrics: nobody, this machine or a secret key, a secret key, or everyone"),
    setting("log", "TELEMETRY_LOG", Some("info"),
        "error, warn, info, debug or trace",
        "How much is logged, to standard error"),
    setting("log_format", "TELEMETRY_LOG_FORMAT", Some("text"),
        "text or json",
        "Form of the log lines"),
    setting("header_timeout", "TELEMETRY_HEADER_TIMEOUT", Some("30000"),
        "a whole number of milliseconds from 100 to 600000",
        "Milliseconds a connection may take to send a request's headers, idle time included"),
    setting("body_timeout", "TELEMETRY_BODY_TIMEOUT", Some("20000"),
        "a whole number of milliseconds from 100 to 600000",
        "Milliseconds a request may take to send its body; a quarter of it may pass in silence"),
    setting("connections_max", "TELEMETRY_CONNECTIONS_MAX", Some("4096"),
        "a whole number from 1 to 1000000",
        "Open connections; further ones are closed at once"),
    setting("queue_bytes", "TELEMETRY_QUEUE_BYTES", Some("67108864"),
        "a whole number of bytes from 16777216 to 4294967295",
        "Bytes of requests held in memory; past it requests are answered 503"),
    setting("store_timeout", "TELEMETRY_STORE_TIMEOUT", Some("5000"),
        "a whole number of milliseconds from 100 to 600000",
        "Milliseconds an attempt to write or read may take; then events go to the spool"),
    setting("store_connections", "TELEMETRY_STORE_CONNECTIONS", Some("8"),
        "a whole number from 1 to 1000",
        "Database connections for reading; the writers have their own"),
    setting("spool_bytes", "TELEMETRY_SPOOL_BYTES", Some("1073741824"),
        "a whole number of bytes, at least 1048576 (1 MiB)",
        "Bytes of events kept on the local disk while the database is away; past it requests are answered 503"),
    setting("ready_timeout", "TELEMETRY_READY_TIMEOUT", Some("10000"),
        "a whole number of milliseconds from 100 to 600000",
        "Milliseconds without a successful write, while events arrive, after which /health/ready is red"),
    setting("shutdown_timeout", "TELEMETRY_SHUTDOWN_TIMEOUT", Some("20000"),
        "a whole number of milliseconds from 100 to 600000",
        "Milliseconds a stopping server takes to finish requests and write what it holds"),
];

/// The values given, by flag, environment or file, in this order of precedence.
#[derive(Debug, Default, Clone)]
pub struct Values {
    given: HashMap<&'static str, Given>,
}

#[derive(Debug, Clone)]
struct Given {
    value: String,
    /// The name the person used: a flag, a variable, or a key of the file.
    origin: String,
}

/// A value that stops the start. Its text is the one line a person needs.
#[derive(Debug, thiserror::Error)]
#[error("{origin}{given}: expected {expected}")]
pub struct SettingError {
    origin: String,
    given: String,
    expected: String,
}

impl SettingError {
    fn plain(origin: impl fmt::Display, expected: impl fmt::Display) -> Self {
        Self { origin: origin.to_string(), given: String::new(), expected: expected.to_string() }
    }
}

impl Values {
    /// Adds a flag for every setting, each of which also reads its variable.
    pub fn add_flags(mut command: Command) -> Command {
        for setting in SETTINGS {
            let default = setting.default.map_or(String::new(), |text| format!(" [default: {text}]"));
            command = command.arg(
                Arg::new(setting.name)
                    .long(setting.name.replace('_', "-"))
                    .env(setting.env)
                    .hide_env_values(true)
                    .value_name("VALUE")
                    .global(true)
                    .help_heading("Settings")
                    .help(format!("{}{default}", setting.help)),
            );
        }
        command
    }

    /// Collects what was given; `file` holds what neither a flag nor the environment names.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, or names an unknown setting.
    pub fn collect(matches: &ArgMatches, file: Option<&Path>) -> Result<Self, SettingError> {
        let mut values = Self::default();
        if let Some(path) = file {
            values.read_file(path)?;
        }
        for setting in SETTINGS {
            let Some(value) = matches.get_one::<String>(setting.name) else { continue };
            let origin = match matches.value_source(setting.name) {
                Some(ValueSource::EnvVariable) => setting.env.to_owned(),
                _ => format!("--{}", setting.name.replace('_', "-")),
            };
            values.set(setting.name, value.clone(), origin);
        }
        Ok(values)
    }

    /// Gives a setting a value, as the environment would. For callers that start a server themselves.
    ///
    /// # Panics
    /// When there is no setting of this name: a mistake in the caller's code.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        let setting = setting.unwrap_or_else(|| panic!("no setting is called {name}"));
        self.set(setting.name, value.into(), setting.env.to_owned());
        self
    }

    fn set(&mut self, name: &'static str, value: String, origin: String) {
        // An empty variable means unset: compose files and shells produce them.
        if !value.is_empty() {
            self.given.insert(name, Given { value, origin });
        }
    }

    fn read_file(&mut self, path: &Path) -> Result<(), SettingError> {
        let file = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            SettingError::plain(format!("--config {file}"), format!("a readable file ({error})"))
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            SettingError::plain(format!("--config {file}"), format!("a TOML file ({})", error.message()))
        })?;
        for (key, value) in table {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
                let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
                return Err(SettingError::plain(
                    format!("{key} in {file}"),
                    format!("one of {}", names.join(", ")),
                ));
            };
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(yes) => yes.to_string(),
                // No setting is any of the others; its own check will say what it wants.
                other => other.type_str().to_owned(),
            };
            self.set(setting.name, value, format!("{key} in {file}"));
        }
        Ok(())
    }

    /// Reads an optional setting; `parse` answers `None` for a value that will not do.
    pub(crate) fn optional<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        self.checked(name, |value| parse(value).ok_or_else(|| find(name).expected.to_owned()))
    }

    /// Reads an optional setting; `parse` says what it expected of a value that will not do.
    pub(crate) fn checked<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        let setting = find(name);
        let given = self.given.get(name);
        let Some(value) = given.map(|given| given.value.as_str()).or(setting.default) else {
            return Ok(None);
        };
        parse(value).map(Some).map_err(|expected| SettingError {
            origin: given.map_or(setting.env, |given| given.origin.as_str()).to_owned(),
            given: format!(" is {}", shown(setting, value)),
            expected,
        })
    }

    /// Reads a setting that has a default.
    pub(crate) fn required<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SettingError> {
        let value = self.optional(name, parse)?;
        value.ok_or_else(|| SettingError::plain(find(name).env, find(name).expected))
    }

    /// The error of a setting that another one needs.
    pub(crate) fn missing(&self, name: &'static str) -> SettingError {
        SettingError::plain(format!("{} is not set", find(name).env), find(name).expected)
    }
}

fn find(name: &str) -> &'static Setting {
    SETTINGS.iter().find(|setting| setting.name == name).expect("settings are read by names of the table")
}

/// A value as it may be printed: secrets never, passwords in addresses masked.
fn shown(setting: &Setting, value: &str) -> String {
    if setting.secret {
        return format!("set ({} characters, not shown)", value.chars().count());
    }
    format!("\"{}\"", mask_password(value))
}

/// Replaces the password of an address by `***`, also where the address is malformed.
pub fn mask_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((credentials, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = credentials.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        assert_eq!(mask_password("postgres://ada:s3c@ret@db:5432/x"), "postgres://ada:***@db:5432/x");
        assert_eq!(mask_password("postgres://db/x"), "postgres://db/x");
        assert_eq!(mask_password("not an address"), "not an address");
    }

    #[test]
    fn a_refused_secret_is_not_printed() {
        let values = Values::default().with("pepper", "hunter2");
        let error = values.optional("pepper", |_| None::<()>).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.starts_with("TELEMETRY_PEPPER is set (7 characters, not shown): expected"), "{error}");
    }

    #[test]
    fn the_example_file_names_every_setting_with_its_default() {
        let example = include_str!("../config.example.toml");
        for setting in SETTINGS {
            let line = example.lines().find(|line| {
                line.trim_start_matches("# ").split_once(" = ").is_some_and(|(name, _)| name == setting.name)
            });
            let line = line.unwrap_or_else(|| panic!("config.example.toml does not name {}", setting.name));
            if let Some(default) = setting.default {
                let (_, value) = line.split_once(" = ").expect("the line was found by its equals sign");
                assert_eq!(value.trim_matches('"'), default, "{}", setting.name);
            }
            assert!(example.contains(setting.env), "config.example.toml does not name {}", setting.env);
        }
    }
}
