//! A `tracing` layer: events of one target are logged as telemetry.

use std::fmt;

use serde_json::Value;
use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use super::{is_quiet, quietly};
use crate::{client::TelemetryClient, event::Event};

/// The target of events that are telemetry, unless told otherwise.
const TARGET: &str = "telemetry";

/// The client's own target, and the beginning of its modules'.
const OWN_TARGET: &str = "pharos_client";

/// Logs tracing events of one target ([`log_safe`](TelemetryClient::log_safe)). Their field `event` is the
/// event's name, `user_id` and `session_id` are what they say, every other field is a property. The message
/// and the fields of spans stay here. An event of the target without a field `event` is left alone, as is all that
/// the client itself traces.
///
/// ```no_run
/// use pharos_client::{TelemetryClient, layer::TelemetryLayer};
/// use tracing_subscriber::prelude::*;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = TelemetryClient::from_env().build()?;
/// tracing_subscriber::registry().with(TelemetryLayer::new(client.clone())).init();
///
/// tracing::info!(target: "telemetry", event = "order_paid", total = 99.5, user_id = "user-42");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TelemetryLayer {
    client: TelemetryClient,
    target: String,
}

impl TelemetryLayer {
    /// A layer for the target `telemetry`.
    pub fn new(client: TelemetryClient) -> Self {
        Self { client, target: TARGET.to_owned() }
    }

    /// The same for another target.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }
}

impl<S: Subscriber> Layer<S> for TelemetryLayer {
    fn on_event(&self, traced: &tracing::Event<'_>, _: Context<'_, S>) {
        let target = traced.metadata().target();
        if target != self.target || target.starts_with(OWN_TARGET) || is_quiet() {
            return;
        }
        let mut fields = Fields { event: Event::new(""), has_name: false };
        traced.record(&mut fields);
        if fields.has_name {
            // Why it is not queued is counted, and told to `on_problem`.
            let _ = quietly(|| self.client.log_safe(fields.event));
        }
    }
}

struct Fields {
    event: Event,
    has_name: bool,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let (name, value) = (field.name(), value.into());
        match (name, value) {
            ("message", _) => {}
            ("event", Value::String(text)) => {
                self.event.name = text;
                self.has_name = true;
            }
            ("user_id", value) => self.event.user_id = Some(text(value)),
            ("session_id", value) => self.event.session_id = Some(text(value)),
            (name, value) => {
                self.event.properties.insert(name.to_owned(), value);
            }
        }
    }
}

/// An id, whatever its type.
fn text(value: Value) -> String {
    if let Value::String(text) = value { text } else { value.to_string() }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    /// What is written with `%` or `?`, and numbers of 128 bits, are texts.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
