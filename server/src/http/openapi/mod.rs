//! `GET /openapi.json`: every route of the API, described where its handler is. This file only gathers
//! the descriptions and adds what holds for many routes: who may ask, and how a refusal looks.

pub(super) mod wire;

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, PathItem, Ref, RefOr, ResponseBuilder,
        path::{Operation, ParameterIn},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    access::SESSION_COOKIE, alerts, delivery, demo, error::Error, events, explore, export, forwarders,
    health, key_routes, live, metrics, outcomes, project, quarantine, questions, session, users,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pharos",
        description = "Telemetry a web team can trust. Times are RFC 3339 in UTC with milliseconds; names are \
            snake_case; a refusal is a problem (RFC 9457) with a stable code. Unknown parameters are refused.",
        license(name = "Apache-2.0 OR MIT")
    ),
    paths(
        events::receive,
        events::recent,
        session::sign_in,
        session::describe,
        session::sign_out,
        questions::report,
        questions::metrics,
        questions::dashboard,
        questions::stats,
        explore::breakdown,
        explore::properties,
        explore::funnel,
        explore::retention,
        explore::sessions,
        explore::session,
        outcomes::outcomes,
        delivery::delivery,
        health::project,
        forwarders::forwarders,
        forwarders::failed,
        forwarders::retry,
        live::live,
        export::export,
        alerts::list,
        alerts::create,
        alerts::test,
        alerts::change,
        alerts::delete,
        quarantine::list,
        quarantine::show,
        quarantine::drop_one,
        quarantine::replay,
        key_routes::list,
        key_routes::create,
        key_routes::revoke,
        project::show,
        project::change,
        users::erase,
        users::receipt,
        demo::config,
        demo::received,
        metrics::metrics,
        health::live,
        health::ready,
        document,
    ),
    components(schemas(super::error::Problem)),
    modifiers(&Access, &Refusals),
    tags(
        (name = "events", description = "Sending events, and reading them back"),
        (name = "reports", description = "Questions about what is stored"),
        (name = "alerts", description = "Rules that are watched, and who is told"),
        (name = "quarantine", description = "Refused events that can be repaired"),
        (name = "access", description = "Keys, and what holds for the project"),
        (name = "dashboard", description = "Signing in, and what the pages need"),
        (name = "operations", description = "Is it running, and how well"),
    )
)]
struct Document;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| Document::openapi().to_json().unwrap_or_default());

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "An OpenAPI document", body = Value,
        example = json!({ "openapi": "3.1.0", "info": { "title": "Pharos" }, "paths": {} }))))]
pub(super) async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// Who may ask. Routes name the schemes they take.
struct Access;

impl Modify for Access {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = |description| {
            let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description));
            SecurityScheme::Http(http.build())
        };
        let cookie = ApiKeyValue::with_description(SESSION_COOKIE, "The dashboard's session");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("secret_key", bearer("A secret key (sk_...)"));
        components.add_security_scheme(
            "ingest_key",
            bearer("A public key (pk_...); it may also stand in the body, or in ?key="),
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The refusals that follow from what a route takes: a key, parameters, a path that may lead nowhere.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                for (status, error) in refusals(operation) {
                    let responses = &mut operation.responses.responses;
                    responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(&error)));
                }
            }
        }
    }
}

fn refusals(operation: &Operation) -> Vec<(&'static str, Error)> {
    let mut refusals = vec![("default", Error::StoreUnavailable)];
    if operation.security.as_ref().is_some_and(|schemes| !schemes.is_empty()) {
        refusals.extend([("401", Error::UnknownKey), ("403", Error::ForbiddenKey)]);
    }
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        refusals.push(match parameter.parameter_in {
            ParameterIn::Path => ("404", Error::NotFound),
            _ => {
                let field = parameter.name.clone();
                ("400", Error::InvalidParameter { field, expected: "another value: see the parameter" })
            }
        });
    }
    refusals
}

fn problem(error: &Error) -> openapi::Response {
    let problem = error.problem();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(serde_json::to_value(&problem).ok());
    ResponseBuilder::new()
        .description(problem.title)
        .content("application/problem+json", content.build())
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten()
}

#[cfg(test)]
mod tests;
