//! What a request as a whole is refused with: the one place that chooses a status. Events are refused
//! one by one in the reply's verdicts instead; see `pharos_model::Code`.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pharos_model::{limits, wire::EnvelopeError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ingest::{
        IngestError,
        budget::Full,
        replay::{ChangesError, ReplayError},
    },
    query::heavy::HeavyError,
    rate_limit::TooSoon,
    store::StoreError,
};

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    InvalidJson { offset: usize },
    InvalidEnvelope { field: &'static str, expected: &'static str },
    InvalidGzip,
    InvalidParameter { field: String, expected: &'static str },
    MissingKey,
    UnknownKey,
    NotSignedIn,
    InvalidLoginLink,
    ForbiddenKey,
    ForbiddenOrigin,
    SecretKeyInUrl,
    Csrf,
    RateLimited(Duration),
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    BatchTooLarge,
    DecompressedTooLarge,
    TooManyEvents,
    UnsupportedMediaType,
    UnsupportedEncoding,
    Interrupted,
    Overloaded,
    StoreUnavailable,
    Internal,
}

/// Seconds after which a refused sender should try again. The database is given longer: a restart
/// takes a while, and everybody comes back at once.
const RETRY_OVERLOADED_S: &str = "2";
const RETRY_STORE_S: &str = "5";

impl Error {
    /// Status, stable code and title.
    const fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidJson { .. } => (StatusCode::BAD_REQUEST, "invalid_json", "The body is not JSON"),
            Self::InvalidEnvelope { .. } => {
                (StatusCode::BAD_REQUEST, "invalid_envelope", "A field of the batch is wrong")
            }
            Self::InvalidGzip => (StatusCode::BAD_REQUEST, "invalid_gzip", "The body is not gzip"),
            Self::InvalidParameter { .. } => {
                (StatusCode::BAD_REQUEST, "invalid_parameter", "A parameter is wrong")
            }
            Self::Interrupted => (StatusCode::BAD_REQUEST, "interrupted", "The body ended early"),
            Self::MissingKey => (StatusCode::UNAUTHORIZED, "missing_key", "No key was given"),
            Self::UnknownKey => (StatusCode::UNAUTHORIZED, "unknown_key", "The key is not known"),
            Self::NotSignedIn => (StatusCode::UNAUTHORIZED, "not_signed_in", "Nobody is signed in"),
            Self::InvalidLoginLink => {
                (StatusCode::UNAUTHORIZED, "invalid_login_link", "The sign-in link is not valid")
            }
            Self::ForbiddenKey => (StatusCode::FORBIDDEN, "forbidden_key", "The key may not do this"),
            Self::ForbiddenOrigin => {
                (StatusCode::FORBIDDEN, "forbidden_origin", "Pages of this origin may not send events")
            }
            Self::SecretKeyInUrl => {
                (StatusCode::BAD_REQUEST, "secret_key_in_url", "A secret key stands in the address")
            }
            Self::Csrf => (StatusCode::FORBIDDEN, "csrf", "The request may come from another site"),
            Self::RateLimited(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too much was sent in too little time")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing here"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here")
            }
            Self::RequestTimeout => {
                (StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body took too long to arrive")
            }
            Self::BatchTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", "The body is too large")
            }
            Self::DecompressedTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "decompressed_too_large",
                "The decompressed body is too large",
            ),
            Self::TooManyEvents => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_many_events", "The batch has too many events")
            }
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The content type is not supported",
            ),
            Self::UnsupportedEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_encoding",
                "The content encoding is not supported",
            ),
            Self::Overloaded => {
                (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The server has too much to do")
            }
            Self::StoreUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "The database cannot be reached")
            }
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server has made a mistake")
            }
        }
    }

    /// What was wrong and what to do about it.
    fn detail(&self) -> String {
        match self {
            Self::InvalidJson { offset } => {
                format!("expected a JSON object; it stops being one at byte {offset}")
            }
            Self::InvalidEnvelope { expected, .. } | Self::InvalidParameter { expected, .. } => {
                format!("expected {expected}")
            }
            Self::InvalidGzip => "expected a complete gzip stream and nothing after it".to_owned(),
            Self::Interrupted => "the connection failed before the body was complete".to_owned(),
            Self::MissingKey => {
                "expected a key in the field key, in ?key= or as Authorization: Bearer".to_owned()
            }
            Self::UnknownKey => "expected a key of `pharos keys list` that is not revoked".to_owned(),
            Self::NotSignedIn => "open the link that `pharos login-link` prints".to_owned(),
            Self::InvalidLoginLink => {
                "links work once, for 15 minutes; `pharos login-link` makes another".to_owned()
            }
            Self::ForbiddenKey => {
                "expected a secret key (sk_...) with the scope for it; `pharos keys list` shows scopes"
                    .to_owned()
            }
            Self::ForbiddenOrigin => {
                "expected an origin of the project's list; `pharos project set --origins` changes it"
                    .to_owned()
            }
            Self::SecretKeyInUrl => {
                "send it as Authorization: Bearer, and make another one: addresses are logged on their way"
                    .to_owned()
            }
            Self::Csrf => {
                "expected the header X-Pharos-Csrf: 1, which only pages of this server can send".to_owned()
            }
            Self::RateLimited(_) => "nothing was taken; send it again after Retry-After seconds".to_owned(),
            Self::NotFound => "no such address".to_owned(),
            Self::MethodNotAllowed => "the header Allow names the methods".to_owned(),
            Self::RequestTimeout => "send the body faster, or in smaller parts".to_owned(),
            Self::BatchTooLarge => format!("expected at most {} bytes", limits::BATCH_BYTES_MAX),
            Self::DecompressedTooLarge => {
                format!("expected at most {} bytes after decompression", limits::BATCH_DECOMPRESSED_BYTES_MAX)
            }
            Self::TooManyEvents => format!("expected at most {} events", limits::BATCH_EVENTS_MAX),
            Self::UnsupportedMediaType => "expected application/json or text/plain".to_owned(),
            Self::UnsupportedEncoding => "expected gzip or none".to_owned(),
            Self::Overloaded | Self::StoreUnavailable => {
                "nothing was acknowledged; send it again after Retry-After seconds".to_owned()
            }
            Self::Internal => "the header x-request-id finds it in the log".to_owned(),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::InvalidEnvelope { field, .. } => Some(field),
            Self::InvalidParameter { field, .. } => Some(field),
            _ => None,
        }
    }

    /// What the sender is told.
    pub(super) fn problem(&self) -> Problem<'_> {
        let (status, code, title) = self.kind();
        Problem {
            r#type: format!("urn:pharos:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: self.detail(),
            field: self.field(),
        }
    }
}

/// A refusal, as in RFC 9457.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    /// `urn:pharos:problem:` and the code.
    r#type: String,
    pub(super) title: &'a str,
    status: u16,
    /// Stable: programs may rely on it.
    code: &'a str,
    /// What was wrong, and what to do about it.
    detail: String,
    /// The field or parameter that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = (self.kind().0, axum::Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let more = match self {
            Self::Overloaded => Some((header::RETRY_AFTER, HeaderValue::from_static(RETRY_OVERLOADED_S))),
            Self::StoreUnavailable => Some((header::RETRY_AFTER, HeaderValue::from_static(RETRY_STORE_S))),
            // Whole seconds are all the header has: the first of them that is late enough.
            Self::RateLimited(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Some((header::RETRY_AFTER, HeaderValue::from(seconds)))
            }
            Self::MissingKey | Self::UnknownKey => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            _ => None,
        };
        if let Some((name, value)) = more {
            headers.insert(name, value);
        }
        response
    }
}

impl From<EnvelopeError> for Error {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::InvalidJson { offset } => Self::InvalidJson { offset },
            EnvelopeError::Invalid { field, expected } => Self::InvalidEnvelope { field, expected },
            EnvelopeError::TooManyEvents => Self::TooManyEvents,
        }
    }
}

impl From<TooSoon> for Error {
    fn from(TooSoon(wait): TooSoon) -> Self {
        Self::RateLimited(wait)
    }
}

impl From<Full> for Error {
    fn from(_: Full) -> Self {
        Self::Overloaded
    }
}

impl From<IngestError> for Error {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Full(_) => Self::Overloaded,
            // The writer has logged why.
            IngestError::Unavailable(_) => Self::StoreUnavailable,
        }
    }
}

impl From<ChangesError> for Error {
    fn from(error: ChangesError) -> Self {
        let field = match error {
            ChangesError::NotAnObject => "body".to_owned(),
            ChangesError::Field(field) => field,
        };
        let expected = "no body, or a JSON object with fields to change: event, timestamp, properties, \
                        user_id, session_id, seq";
        Self::InvalidParameter { field, expected }
    }
}

impl From<ReplayError> for Error {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Ingest(error) => error.into(),
            ReplayError::Store(error) => error.into(),
        }
    }
}

impl From<HeavyError> for Error {
    fn from(error: HeavyError) -> Self {
        match error {
            HeavyError::Busy => Self::Overloaded,
            HeavyError::TooMany => Self::InvalidParameter {
                field: "start".to_owned(),
                expected: "a shorter range: this one holds millions of events",
            },
            HeavyError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed a request");
        match error {
            StoreError::Unavailable(_) | StoreError::Forbidden(_) => Self::StoreUnavailable,
            StoreError::BadData(_) => Self::Internal,
        }
    }
}
