//! Signing in to the dashboard: a link that works once becomes a session cookie. The link's token
//! stands after the `#` of `/login`, which browsers do not send, so that no proxy's log ever holds it;
//! the page there hands it over.

use std::time::Duration;

use axum::{
    Extension, Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use pharos_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Shared, access,
    error::{Error, Problem},
    peer::Peer,
};
use crate::{
    clock,
    identity::{hash_token, new_token},
    rate_limit::{Charge, Rate, What, Who},
};

/// How long a person stays signed in.
const SESSION_S: i64 = 14 * 24 * 3600;

/// Links that do not work, from one address. A token cannot be guessed at any rate; this keeps those who
/// try from keeping the database busy.
const FAILED_SIGN_INS: Rate =
    Rate { count: 1, period: Duration::from_secs(3), window: Duration::from_secs(60) };

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
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    login: Result<Json<Login>, JsonRejection>,
) -> Result<Response, Error> {
    // Taken before it is known whether the link works, and given back if it does.
    let ip = peer.client_ip(&headers, &app.trusted_proxies);
    let attempt =
        Charge { who: Who::Address(ip), what: What::FailedSignIns, count: 1, rate: FAILED_SIGN_INS };
    app.rate_limits.take(&[attempt])?;
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
    app.rate_limits.give_back(&attempt);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&session, SESSION_S, &app))]).into_response())
}

/// What a person signed in may know of their project.
#[utoipa::path(get, path = "/v1/session", tag = "dashboard", operation_id = "session", security(("session" = [])),
    responses((status = 200, description = "Somebody is signed in", body = Session,
        example = json!({ "ingest_key": "pk_..." }))))]
pub(super) async fn describe(State(app): State<Shared>) -> Result<Response, Error> {
    Ok(Json(Session { ingest_key: app.keys.first_ingest_key() }).into_response())
}

/// Signs out.
///
/// Like every request by cookie that changes something, it needs the header `X-Pharos-Csrf: 1`.
#[utoipa::path(delete, path = "/v1/session", tag = "dashboard", security(("session" = [])),
    responses((status = 204, description = "Signed out; `Set-Cookie` removes the session")))]
pub(super) async fn sign_out(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(session) = access::session(&headers) {
        app.store.end_session(&hash_token(session)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &app))]).into_response())
}

fn cookie(value: &str, max_age_s: i64, app: &Shared) -> String {
    let name = access::SESSION_COOKIE;
    let secure = if app.secure_cookie { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
}
