//! `/v1/keys`: the project's keys, for its people to list, make and revoke. A secret key is shown once, in
//! the answer that made it.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pharos_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Shared, access::Caller, error::Error};
use crate::{
    clock,
    scope::{Scope, Scopes},
    setup::{fresh_key, new_key},
    store::{ApiKey, KeyKind, NewKey},
};

/// Characters of a key's name.
const NAME_CHARS_MAX: usize = 100;

/// A key, as its project's people see it.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyShown {
    id: i64,
    /// `ingest` or `secret`.
    kind: &'static str,
    /// What a person calls it; may be empty.
    name: String,
    /// Of an ingest key, which is public, all of it; of a secret one the first characters.
    prefix: String,
    /// Some of `ingest`, `read` and `admin`.
    scopes: Vec<&'static str>,
    created_at: String,
    /// To the minute, at best.
    last_used_at: Option<String>,
    revoked_at: Option<String>,
    /// The key itself: only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// The keys of a project, oldest first, revoked ones included.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyList {
    keys: Vec<KeyShown>,
}

/// The project's keys.
#[utoipa::path(get, path = "/v1/keys", tag = "access", operation_id = "keys",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "The keys", body = KeyList,
        example = json!({ "keys": [{ "id": 2, "kind": "secret", "name": "shop backend", "prefix": "sk_01ab23…",
            "scopes": ["ingest", "read"], "created_at": "2026-11-23T12:00:00.000Z",
            "last_used_at": null, "revoked_at": null }] }))))]
pub(super) async fn list(State(app): State<Shared>, caller: Caller) -> Result<Response, Error> {
    let keys = app.store.keys().await?.into_iter().filter(|key| key.project_id == caller.project_id);
    Ok(Json(KeyList { keys: keys.map(KeyShown::of).collect() }).into_response())
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `ingest` or `secret`.
    kind: String,
    /// At most 100 characters.
    #[serde(default)]
    name: String,
    /// Of a secret key; `ingest` and `read` if it is not there.
    scopes: Option<Vec<String>>,
}

/// Makes a key. A secret one is shown in this answer and never again.
#[utoipa::path(post, path = "/v1/keys", tag = "access", operation_id = "create_key",
    security(("secret_key" = []), ("session" = [])),
    request_body(content = Wanted, example = json!({ "kind": "secret", "name": "shop backend", "scopes": ["ingest"] })),
    responses((status = 201, description = "The key", body = KeyShown,
        example = json!({ "id": 3, "kind": "secret", "name": "shop backend", "prefix": "sk_01ab23…",
            "scopes": ["ingest"], "created_at": "2026-11-23T12:00:00.000Z", "last_used_at": null,
            "revoked_at": null, "key": "sk_..." }))))]
pub(super) async fn create(
    State(app): State<Shared>,
    caller: Caller,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, Error> {
    let wrong = |field: &str, expected| Error::InvalidParameter { field: field.to_owned(), expected };
    let Json(wanted) =
        wanted.map_err(|_| wrong("body", "a JSON object with kind, and if you like name and scopes"))?;
    let kind = KeyKind::parse(&wanted.kind).ok_or_else(|| wrong("kind", "ingest or secret"))?;
    let name = wanted.name.trim();
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(wrong("name", "at most 100 characters, none of them a control character"));
    }
    let scopes = match (kind, wanted.scopes) {
        (KeyKind::Ingest, Some(_)) => {
            return Err(wrong("scopes", "none for an ingest key, which may only write client events"));
        }
        (KeyKind::Ingest, None) => Scopes::from_iter([Scope::Ingest]),
        (KeyKind::Secret, None) => Scopes::USUAL,
        (KeyKind::Secret, Some(names)) => {
            names.join(",").parse().map_err(|expected| wrong("scopes", expected))?
        }
    };
    let key = fresh_key(kind);
    let new = NewKey { scopes, name: name.to_owned(), ..new_key(kind, &key) };
    app.store.create_key(caller.project_id, &new, clock::now()).await?;
    let stored = app.store.keys().await?.into_iter().find(|stored| stored.hash == new.hash);
    let shown = KeyShown { key: Some(key), ..KeyShown::of(stored.ok_or(Error::Internal)?) };
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// Revokes a key. This server stops taking it at once, others on the same database within 10 seconds.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "access", operation_id = "revoke_key",
    security(("secret_key" = []), ("session" = [])),
    params(("id" = String, Path, description = "As the list shows it")),
    responses((status = 204, description = "It is revoked")))]
pub(super) async fn revoke(
    State(app): State<Shared>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Error> {
    let id = id.parse().map_err(|_| Error::NotFound)?;
    if !app.store.revoke_key(caller.project_id, id, clock::now()).await? {
        return Err(Error::NotFound);
    }
    // Other nodes hear of it within seconds; on this one it holds from now on.
    app.keys.refresh().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl KeyShown {
    fn of(key: ApiKey) -> Self {
        Self {
            id: key.id,
            kind: key.kind.as_str(),
            name: key.name,
            prefix: key.shown,
            scopes: key.scopes.each().map(Scope::as_str).collect(),
            created_at: key.created_at.to_string(),
            last_used_at: key.last_used_at.as_ref().map(Timestamp::to_string),
            revoked_at: key.revoked_at.as_ref().map(Timestamp::to_string),
            key: None,
        }
    }
}
