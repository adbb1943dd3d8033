//! Signing in to the dashboard: a link that works once becomes a session cookie. The link's token
//! stands after the `#` of `/login`, which browsers do not send, so that no proxy's log ever holds it;
//! the page there hands it over.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use pharos_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Shared, auth,
    error::{Error, Problem},
};
use crate::{
    clock,
    identity::{hash_token, new_token},
};

/// How long a person stays signed in.
const SESSION_S: i64 = 14 * 24 * 3600;

/// What signs in.
#[derive(Deserialize, ToSchema)]
pub(super) struct Login {
    /// What stands after the `#` of a sign-in link.
    token: String,
}

/// A session, as its person sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// A public key of the project; `null` if none is in use.
    ingest_key: Option<String>,
}

/// Signs in to the dashboard: the token of a sign-in link in, a session cookie out.
///
/// Links work once, for 15 minutes. Being JSON, the body cannot be sent by another site's form.
#[utoipa::path(post, path = "/v1/session", tag = "dashboard",
    request_body(content = Login, example = json!({ "token": "the part of the link after #" })),
    responses((status = 204, description = "Signed in; `Set-Cookie` holds the session"),
        (status = 401, description = "The link is not valid", body = Problem<'static>,
            content_type = "application/problem+json",
            example = json!({ "type": "urn:pharos:problem:invalid_login_link",
                "title": "The sign-in link is not valid", "status": 401, "code": "invalid_login_link",
                "detail": "links work once, for 15 minutes; `pharos login-link` makes another" }))))]
pub(super) async fn sign_in(
    State(app): State<Shared>,
    login: Result<Json<Login>, JsonRejection>,
) -> Result<Response, Error> {
    let Json(login) = login.map_err(|_| Error::InvalidLoginLink)?;
    let (session, now) = (new_token(), clock::now());
    let expires_at = Timestamp::from_unix_ms(now.unix_ms() + SESSION_S * 1000);
    let redeemed = app
        .store
        .redeem_login_link(&hash_token(&login.token), &hash_token(&session), now, expires_at)
        .await?;
    if !redeemed {
        return Err(Error::InvalidLoginLink);
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&session, SESSION_S, &app))]).into_response())
}

/// What a person signed in may know of their project.
#[utoipa::path(get, path = "/v1/session", tag = "dashboard", operation_id = "session", security(("session" = [])),
    responses((status = 200, description = "Somebody is signed in", body = Session,
        example = json!({ "ingest_key": "pk_..." }))))]
pub(super) async fn describe(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Error> {
    if !auth::is_signed_in(&headers, &*app.store).await? {
        return Err(Error::NotSignedIn);
    }
    Ok(Json(Session { ingest_key: app.keys.first_ingest_key() }).into_response())
}

/// Signs out. Who is not signed in is so afterwards too.
#[utoipa::path(delete, path = "/v1/session", tag = "dashboard",
    responses((status = 204, description = "Signed out; `Set-Cookie` removes the session")))]
pub(super) async fn sign_out(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(session) = auth::session(&headers) {
        app.store.end_session(&hash_token(session)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &app))]).into_response())
}

fn cookie(value: &str, max_age_s: i64, app: &Shared) -> String {
    let name = auth::SESSION_COOKIE;
    let secure = if app.secure_cookie { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}
