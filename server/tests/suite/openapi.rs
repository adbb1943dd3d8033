//! What the server answers, held against what `/openapi.json` says it answers.

use serde_json::{Value, json};

use crate::support::{Backend, Place, Reply, TestServer, event};

/// The document of a running server.
struct Document(Value);

impl Document {
    async fn of(server: &TestServer) -> Self {
        let reply = server.get("/openapi.json", &[]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        Self(reply.json())
    }

    /// Fails unless `reply` is one that is described for `route`, such as `GET /v1/events`.
    fn check(&self, route: &str, reply: &Reply) {
        let (method, path) = route.split_once(' ').unwrap();
        let responses = &self.0["paths"][path][method.to_lowercase()]["responses"];
        let status = reply.status.to_string();
        let described = responses.get(&status).unwrap_or(&responses["default"]);
        assert!(described.is_object(), "{route} {status} is described");
        let kind = reply.header("content-type").split(';').next().unwrap();
        let Some(content) = described["content"].get(kind) else {
            assert!(reply.body.is_empty(), "{route} {status}: {kind} is described");
            return;
        };
        let components = &self.0["components"];
        let schema = json!({ "$ref": "#/root", "root": content["schema"], "components": components });
        if !reply.header("content-type").ends_with("json") {
            return;
        }
        let body = reply.json();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{route} {status}: {wrong:?} in {body}");
        let known = self.known_members(&content["schema"]);
        for member in body.as_object().unwrap().keys() {
            assert!(known.contains(member), "{route} {status}: {member} is described: {known:?}");
        }
    }

    /// The members an object of this schema may have.
    fn known_members(&self, schema: &Value) -> Vec<String> {
        let name = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
        let schema = name.map_or(schema, |pointer| self.0.pointer(pointer).unwrap());
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let of_parts = parts.flat_map(|part| self.known_members(part));
        let own = schema["properties"].as_object().into_iter().flat_map(|members| members.keys().cloned());
        own.chain(of_parts).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_described() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let document = Document::of(&server).await;
    let mut long = event("sign_up");
    long["properties"] = json!({ "note": "n".repeat(3000) });
    let events = [event("sign_up"), long, json!(7)];
    let reply = server.post_events(&events).await;
    assert_eq!(reply.verdicts().len(), 3);
    document.check("POST /v1/events", &reply);
    document.check("POST /v1/events", &server.post("{}").await);

    let secret = format!("Bearer {}", server.secret_key());
    let read = async |path: &str| server.get(path, &[("authorization", &secret)]).await;
    let kept = read("/v1/quarantine").await;
    let kept_id = kept.json()["quarantine"][0]["id"].as_str().unwrap().to_owned();
    document.check("GET /v1/quarantine", &kept);
    document.check("GET /v1/quarantine/{id}", &read(&format!("/v1/quarantine/{kept_id}")).await);
    document.check("GET /v1/quarantine/{id}", &read("/v1/quarantine/none").await);
    for (route, path) in [
        ("GET /v1/events", "/v1/events"),
        ("GET /v1/events", "/v1/events?limit=0"),
        ("GET /v1/report", "/v1/report"),
        ("GET /v1/metrics", "/v1/metrics"),
        ("GET /v1/dashboard", "/v1/dashboard"),
        ("GET /v1/events/stats", "/v1/events/stats"),
        ("GET /v1/events/stats", "/v1/events/stats?start=never"),
        ("GET /v1/breakdown", "/v1/breakdown?event=sign_up&property=price"),
        ("GET /v1/properties", "/v1/properties?event=sign_up"),
        ("GET /v1/funnel", "/v1/funnel?steps=sign_up,sign_up"),
        ("GET /v1/retention", "/v1/retention"),
        ("GET /v1/sessions", "/v1/sessions"),
        ("GET /v1/sessions/{id}", "/v1/sessions/none"),
        ("GET /v1/outcomes", "/v1/outcomes"),
        ("GET /v1/session", "/v1/session"),
        ("GET /demo/config.json", "/demo/config.json"),
        ("GET /demo/received", "/demo/received?session_id=s"),
        ("GET /v1/delivery", "/v1/delivery"),
        ("GET /v1/delivery", "/v1/delivery?start=2026-01-01T00:00:00Z&end=2025-01-01T00:00:00Z"),
        ("GET /v1/health", "/v1/health"),
        ("GET /v1/forwarders", "/v1/forwarders"),
        ("GET /v1/forwarders", "/v1/forwarders?limit=1"),
        ("GET /v1/forwarders/failed", "/v1/forwarders/failed"),
        ("GET /v1/forwarders/failed", "/v1/forwarders/failed?limit=0"),
        ("GET /metrics", "/metrics"),
        ("GET /health/live", "/health/live"),
        ("GET /health/ready", "/health/ready"),
    ] {
        document.check(route, &read(path).await);
        document.check(route, &server.get(path, &[]).await);
    }
    let replay = format!("/v1/quarantine/{kept_id}/replay");
    let change = json!({ "properties": { "note": "short" } }).to_string();
    let reply = server.send("POST", &replay, &[("authorization", &secret)], change).await;
    assert_eq!(reply.json()["verdict"], "accepted");
    document.check("POST /v1/quarantine/{id}/replay", &reply);
    let reply =
        server.send("DELETE", &format!("/v1/quarantine/{kept_id}"), &[("authorization", &secret)], "").await;
    document.check("DELETE /v1/quarantine/{id}", &reply);

    let json = [("content-type", "application/json")];
    let token = server.welcome.login_token.clone().unwrap();
    let signed_in = server.send("POST", "/v1/session", &json, json!({ "token": token }).to_string()).await;
    document.check("POST /v1/session", &signed_in);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap();
    let session = server.get("/v1/session", &[("cookie", cookie)]).await;
    assert_eq!(session.json()["ingest_key"], server.ingest_key);
    document.check("GET /v1/session", &session);
}
