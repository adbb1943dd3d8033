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
use serde::Deserialize;
use serde_json::json;

use super::{Shared, auth, error::Error};
use crate::{
    clock,
    identity::{hash_token, new_token},
};

/// How long a person stays signed in.
const SESSION_S: i64 = 14 * 24 * 3600;

#[derive(Deserialize)]
pub(super) struct Login {
    token: String,
}

/// `{"token": "..."}` in, a cookie out. Being JSON, it cannot be sent by another site's form.
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
pub(super) async fn describe(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Error> {
    if !auth::is_signed_in(&headers, &*app.store).await? {
        return Err(Error::NotSignedIn);
    }
    Ok(Json(json!({ "ingest_key": app.keys.first_ingest_key() })).into_response())
}

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
