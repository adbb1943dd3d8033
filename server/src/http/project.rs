//! `/v1/project`: what holds for the caller's project. What it leaves open, the server's settings say.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use pharos_model::pii::Rules;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    Shared,
    access::Caller,
    error::{Error, Problem},
};
use crate::{
    origin::{self, Origins},
    policy::{Policy, RULES_BYTES_MAX},
    store::Project,
};

/// Characters of a project's name.
const NAME_CHARS_MAX: usize = 100;

/// A project, and what of the server's settings holds for it.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectShown {
    id: i32,
    name: String,
    created_at: String,
    /// Pages that may send events with its public keys; an empty list: any.
    allowed_origins: Vec<String>,
    /// Its own rules, as docs/privacy.md describes them; `null`: the server's hold.
    #[schema(value_type = Option<Object>)]
    pii_rules: Option<Box<RawValue>>,
    /// What is done where Global Privacy Control is on: `site`, `drop`, `anonymous` or `ignore`.
    gpc: &'static str,
    /// Days that events are kept; `null`: for ever.
    retention_days: Option<u32>,
    /// Days that refused events are kept; `null`: for ever.
    quarantine_days: Option<u32>,
}

/// What holds for the project.
#[utoipa::path(get, path = "/v1/project", tag = "access", operation_id = "project",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "The project", body = ProjectShown,
        example = json!({ "id": 1, "name": "default", "created_at": "2026-11-23T12:00:00.000Z",
            "allowed_origins": ["https://shop.example"], "pii_rules": { "kinds": { "ip": "keep" } }, "gpc": "site",
            "retention_days": 90, "quarantine_days": 30 }))))]
pub(super) async fn show(State(app): State<Shared>, caller: Caller) -> Result<Response, Error> {
    let project = find(&app, caller).await?;
    describe(&app, &project)
}

/// Changes to a project: a field that is not given stays, one that is null is left to the server's settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    /// 1 to 100 characters.
    name: Option<String>,
    /// At most 64; an empty list allows any.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    allowed_origins: Option<Option<Vec<String>>>,
    /// As written, for what is wrong in them is said by who reads them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    pii_rules: Option<Option<Box<RawValue>>>,
}

/// Tells a field that is null from one that is not there.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes what holds for the project. A field that is not there stays as it is; `null` leaves it to the
/// server's settings.
#[utoipa::path(put, path = "/v1/project", tag = "access", operation_id = "change_project",
    security(("secret_key" = []), ("session" = [])),
    request_body(content = Changes, example = json!({ "allowed_origins": ["https://*.shop.example"], "pii_rules": null })),
    responses((status = 200, description = "The project", body = ProjectShown,
            example = json!({ "id": 1, "name": "default", "created_at": "2026-11-23T12:00:00.000Z",
                "allowed_origins": ["https://*.shop.example"], "pii_rules": null, "gpc": "site",
                "retention_days": 90, "quarantine_days": 30 })),
        (status = 400, description = "A field is wrong", body = Problem<'static>,
            content_type = "application/problem+json",
            example = json!({ "type": "urn:pharos:problem:invalid_parameter", "title": "A parameter is wrong",
                "status": 400, "code": "invalid_parameter", "field": "pii_rules.kinds.emial",
                "detail": "expected the name of a kind, such as email" }))))]
pub(super) async fn change(
    State(app): State<Shared>,
    caller: Caller,
    body: Bytes,
) -> Result<Response, Error> {
    let wrong = |field: String, expected| Error::InvalidParameter { field, expected };
    let changes: Changes = serde_json::from_slice(&body).map_err(|_| {
        wrong("body".to_owned(), "a JSON object with any of name, allowed_origins (an array) and pii_rules")
    })?;
    let mut project = find(&app, caller).await?;
    if let Some(name) = changes.name {
        let name = name.trim();
        if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(wrong("name".to_owned(), "1 to 100 characters, none of them a control character"));
        }
        project.name = name.to_owned();
    }
    if let Some(list) = changes.allowed_origins {
        project.allowed_origins = match list {
            None => None,
            Some(list) => {
                let origins = Origins::parse(list.iter().map(String::as_str))
                    .map_err(|index| wrong(format!("allowed_origins.{index}"), origin::EXPECTED))?;
                serde_json::to_string(&origins.texts()).ok()
            }
        };
    }
    if let Some(rules) = changes.pii_rules {
        project.pii_rules = match rules {
            None => None,
            Some(text) if text.get().len() > RULES_BYTES_MAX => {
                return Err(wrong("pii_rules".to_owned(), "at most 65536 bytes"));
            }
            Some(text) => {
                Rules::parse(text.get()).map_err(|error| {
                    let dot = if error.field.is_empty() { "" } else { "." };
                    wrong(format!("pii_rules{dot}{}", error.field), error.expected)
                })?;
                Some(text.get().to_owned())
            }
        };
    }
    if !app.store.change_project(&project).await? {
        return Err(Error::NotFound);
    }
    // Other nodes hear of it within seconds; on this one it holds from now on.
    app.keys.refresh().await?;
    describe(&app, &project)
}

async fn find(app: &Shared, caller: Caller) -> Result<Project, Error> {
    let projects = app.store.projects().await?;
    projects.into_iter().find(|project| project.id == caller.project_id).ok_or(Error::NotFound)
}

fn describe(app: &Shared, project: &Project) -> Result<Response, Error> {
    let policy = Policy::of(project, app.keys.defaults());
    // What is stored was checked to be JSON.
    let pii_rules = project.pii_rules.clone().and_then(|text| RawValue::from_string(text).ok());
    Ok(Json(ProjectShown {
        id: project.id,
        name: project.name.clone(),
        created_at: project.created_at.to_string(),
        allowed_origins: policy.origins.texts(),
        pii_rules,
        gpc: app.told.gpc.as_str(),
        retention_days: app.told.retention_days,
        quarantine_days: app.told.quarantine_days,
    })
    .into_response())
}
