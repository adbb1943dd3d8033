//! The web pages and the SDK, embedded in the binary. Serves files and nothing else.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::Error;

/// Built by `make www`.
#[derive(RustEmbed)]
#[folder = "../www/dist"]
struct Pages;

/// Built by `make sdk`.
#[derive(RustEmbed)]
#[folder = "../pkg/dist"]
struct Sdk;

/// Addresses of the dashboard's views: the page is the same, its script shows what the address says.
/// The same list as `www/src/dashboard/views.ts`.
pub(super) const VIEWS: [&str; 14] = [
    "/login",
    "/start",
    "/live",
    "/events",
    "/sessions",
    "/trends",
    "/breakdown",
    "/funnel",
    "/retention",
    "/outcomes",
    "/quarantine",
    "/forwarding",
    "/alerts",
    "/settings",
];

/// Files whose names hold a hash of their content never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Others are asked for each time; their tag makes the answer short.
const REVALIDATE: &str = "no-cache";

const NOT_BUILT: &str = "The web pages are not part of this build of pharos.\n\
    Run `make build` in the source tree, which builds the SDK and the pages before the server.\n\
    Receiving events (POST /v1/events) works without them.\n";

pub(super) async fn dashboard(headers: HeaderMap) -> Response {
    page("index.html", &headers)
}

pub(super) async fn demo(headers: HeaderMap) -> Response {
    page("demo/index.html", &headers)
}

pub(super) async fn demo_without_slash() -> Redirect {
    Redirect::permanent("/demo/")
}

/// Scripts, styles and pictures of the pages: Vite puts a hash into their names.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let file = Pages::get(&format!("assets/{path}")).ok_or(Error::NotFound)?;
    Ok(serve(&file, &headers, IMMUTABLE))
}

pub(super) async fn icon(headers: HeaderMap) -> Result<Response, Error> {
    let file = Pages::get("favicon.svg").ok_or(Error::NotFound)?;
    Ok(serve(&file, &headers, REVALIDATE))
}

pub(super) async fn sdk(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let file = Sdk::get(&path).ok_or(Error::NotFound)?;
    Ok(serve(&file, &headers, REVALIDATE))
}

/// The `<script>` tag's file, which loads the rest.
pub(super) async fn script(headers: HeaderMap) -> Result<Response, Error> {
    let file = Sdk::get("tag.js").ok_or(Error::NotFound)?;
    Ok(serve(&file, &headers, REVALIDATE))
}

fn page(name: &str, headers: &HeaderMap) -> Response {
    match Pages::get(name) {
        Some(file) => serve(&file, headers, REVALIDATE),
        None => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response(),
    }
}

fn serve(file: &EmbeddedFile, headers: &HeaderMap, caching: &'static str) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // Compression on the way may have made the tag a weak one.
    let is_known =
        known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));

    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = match file.metadata.mimetype() {
            // Without it a browser may take the text for another encoding.
            kind if kind.starts_with("text/") => format!("{kind}; charset=utf-8"),
            kind => kind.to_owned(),
        };
        ([(header::CONTENT_TYPE, kind)], file.data.to_vec()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
