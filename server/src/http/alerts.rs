//! `/v1/alerts`: the rules, how they stand, and what changed; rules of one's own.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, Shared, access::Caller, body, error::Error, params::NoParams};
use crate::{
    alerts::{
        rule::{Definition, RULES_MAX, RuleError},
        rules, to_json,
    },
    clock,
    store::{
        alerts::{AlertChange, AlertRow},
        random_id,
    },
};

/// Changes shown.
const HISTORY: u32 = 100;

/// The rules, how they stand, and what changed.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertList {
    rules: Vec<Rule>,
    /// The latest changes of state first, at most 100.
    history: Vec<Change>,
    webhook: WebhookState,
}

/// A rule and how it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertRule)]
pub(super) struct Rule {
    id: String,
    builtin: bool,
    #[serde(flatten)]
    #[schema(inline)]
    definition: Definition,
    /// `ok`, `firing`, or `unknown`: turned off, not looked at yet, or nothing to tell by.
    state: String,
    since: String,
    /// What was measured last.
    value: Option<f64>,
    /// The same in words.
    detail: String,
}

/// A change of a rule's state.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertChange)]
struct Change {
    id: String,
    rule_id: String,
    /// What the rule was called then.
    name: String,
    state: String,
    at: String,
    value: Option<f64>,
    detail: String,
    /// `sent`, `failed` (tried again for a while), `quiet` (to be told when the quiet hours end) or `none`.
    notified: String,
}

/// The webhook that is told.
#[derive(Serialize, ToSchema)]
struct WebhookState {
    configured: bool,
    /// What it answered to the latest alert; `null` if there was none, or no answer.
    last_status: Option<i64>,
}

/// How a test went.
#[derive(Serialize, ToSchema)]
pub(super) struct Tested {
    sent: bool,
    status: Option<u16>,
    detail: String,
}

impl Rule {
    fn new(row: AlertRow, definition: Definition) -> Self {
        let AlertRow { id, builtin, state, since, value, detail, .. } = row;
        Self { id, builtin, definition, state, since: since.to_string(), value, detail }
    }
}

impl From<AlertChange> for Change {
    fn from(change: AlertChange) -> Self {
        let AlertChange { id, rule_id, name, state, at, value, detail, notified, .. } = change;
        Self { id, rule_id, name, state, at: at.to_string(), value, detail, notified }
    }
}

/// The rules with how they stand, and the latest changes.
#[utoipa::path(get, path = "/v1/alerts", tag = "alerts", operation_id = "alerts",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "Built-in rules first", body = AlertList,
        example = json!({ "rules": [{ "id": "no_data", "builtin": true, "name": "No events", "kind": "no_data",
                "severity": "critical", "enabled": true, "event": null, "comparison": null, "threshold": null,
                "window_minutes": 15, "quiet_hours": null, "state": "ok", "since": "2026-11-23T12:00:00.000Z",
                "value": 1200.0, "detail": "1200 events in 15 minutes; 1100 are usual at this hour" }],
            "history": [{ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "rule_id": "no_data", "name": "No events",
                "state": "ok", "at": "2026-11-23T12:00:00.000Z", "value": 1200.0, "detail": "1200 events in 15 minutes",
                "notified": "none" }],
            "webhook": { "configured": true, "last_status": 200 } }))))]
pub(super) async fn list(
    State(app): State<Shared>,
    Caller { project_id }: Caller,
    _: NoParams,
) -> Result<Json<AlertList>, Error> {
    let rules = rules(&*app.store, project_id, clock::now()).await?;
    let history = app.store.alert_history(project_id, HISTORY).await?;
    let last_told = history.iter().find(|change| matches!(change.notified.as_str(), "sent" | "failed"));
    let last_status = last_told.map(|change| change.status).filter(|status| *status > 0);
    Ok(Json(AlertList {
        rules: rules.into_iter().map(|(row, rule)| Rule::new(row, rule)).collect(),
        webhook: WebhookState { configured: app.alerts.has_webhook(), last_status },
        history: history.into_iter().map(Change::from).collect(),
    }))
}

/// Adds a rule of one's own: a number of events in a window, above or below a threshold.
#[utoipa::path(post, path = "/v1/alerts", tag = "alerts", operation_id = "create_alert",
    security(("secret_key" = []), ("session" = [])),
    request_body(content = Object, description = "`severity` (warning), `enabled` (true), `event` (all) and `quiet_hours` \
            (none) may be left out",
        example = json!({ "name": "Sign-ups stopped", "event": "sign_up", "comparison": "below", "threshold": 1,
            "window_minutes": 60, "severity": "critical",
            "quiet_hours": { "start": "22:00", "end": "07:00", "time_zone": "Europe/Berlin" } })),
    responses((status = 201, description = "The rule", body = Rule,
        example = json!({ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "builtin": false, "name": "Sign-ups stopped",
            "kind": "threshold", "severity": "critical", "enabled": true, "event": "sign_up", "comparison": "below",
            "threshold": 1.0, "window_minutes": 60, "quiet_hours": null, "state": "unknown",
            "since": "2026-11-23T12:00:00.000Z", "value": null, "detail": "" }))))]
pub(super) async fn create(
    State(app): State<Shared>,
    Caller { project_id }: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let rule = Definition::own(&read(&app, &headers, body).await?)?;
    let known = app.store.alert_rules(project_id).await?;
    if known.iter().filter(|row| !row.builtin).count() >= RULES_MAX {
        let expected = "at most 100 rules of one's own";
        return Err(Error::InvalidParameter { field: "body".to_owned(), expected });
    }
    let id = random_id().to_string();
    app.store.add_alert_rule(project_id, &id, false, &to_json(&rule), clock::now()).await?;
    Ok((StatusCode::CREATED, Json(find(&app, project_id, &id).await?)).into_response())
}

/// Changes a rule; of a built-in one `enabled`, `threshold`, `window_minutes`, `severity` and `quiet_hours`.
#[utoipa::path(put, path = "/v1/alerts/{id}", tag = "alerts", operation_id = "change_alert",
    security(("secret_key" = []), ("session" = [])), params(("id" = String, Path, description = "The rule")),
    request_body(content = Object, description = "As for a new rule", example = json!({ "threshold": 0.3 })),
    responses((status = 200, description = "The rule", body = Rule,
        example = json!({ "id": "low_event_rate", "builtin": true, "name": "Fewer events than usual",
            "kind": "low_event_rate", "severity": "warning", "enabled": true, "event": null, "comparison": null,
            "threshold": 0.3, "window_minutes": 60, "quiet_hours": null, "state": "unknown",
            "since": "2026-11-23T12:00:00.000Z", "value": null, "detail": "" }))))]
pub(super) async fn change(
    State(app): State<Shared>,
    Caller { project_id }: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Rule>, Error> {
    let body = read(&app, &headers, body).await?;
    let known = find(&app, project_id, &id).await?;
    let rule = if known.builtin { known.definition.changed(&body)? } else { Definition::own(&body)? };
    app.store.define_alert_rule(project_id, &id, &to_json(&rule), clock::now()).await?;
    Ok(Json(find(&app, project_id, &id).await?))
}

/// Removes a rule of one's own. Built-in ones can be turned off.
#[utoipa::path(delete, path = "/v1/alerts/{id}", tag = "alerts", operation_id = "delete_alert",
    security(("secret_key" = []), ("session" = [])), params(("id" = String, Path, description = "The rule")),
    responses((status = 204, description = "It is gone; its history stays")))]
pub(super) async fn delete(
    State(app): State<Shared>,
    Caller { project_id }: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    let deleted = app.store.delete_alert_rule(project_id, &id).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(Error::NotFound) }
}

/// Sends a test notification to the webhook, once.
#[utoipa::path(post, path = "/v1/alerts/test", tag = "alerts", operation_id = "test_alert",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "How it went", body = Tested,
        example = json!({ "sent": true, "status": 200, "detail": "the webhook answered 200" }))))]
pub(super) async fn test(State(app): State<Shared>) -> Json<Tested> {
    Json(match app.alerts.test(clock::now()).await {
        None => Tested {
            sent: false,
            status: None,
            detail: "no webhook is set up: see TELEMETRY_ALERT_WEBHOOK_URL".to_owned(),
        },
        Some(attempt) => Tested { sent: attempt.succeeded(), status: attempt.status, detail: attempt.detail },
    })
}

async fn read(app: &App, headers: &HeaderMap, mut body: Body) -> Result<serde_json::Value, Error> {
    let mut held = app.budget.hold();
    let bytes = body::read(&mut body, headers, &app.limits, &mut held).await?;
    serde_json::from_slice(&bytes).map_err(|_| RuleError { field: "body", expected: "a JSON object" }.into())
}

async fn find(app: &App, project_id: i32, id: &str) -> Result<Rule, Error> {
    let rules = rules(&*app.store, project_id, clock::now()).await?;
    let found = rules.into_iter().find(|(row, _)| row.id == id);
    found.map(|(row, rule)| Rule::new(row, rule)).ok_or(Error::NotFound)
}

impl From<RuleError> for Error {
    fn from(RuleError { field, expected }: RuleError) -> Self {
        Self::InvalidParameter { field: field.to_owned(), expected }
    }
}
