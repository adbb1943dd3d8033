//! `/metrics` as Prometheus meets it.

use pharos_server::config::MetricsAccess;
use serde_json::json;

use crate::support::{Backend, Place, TestServer, event, on_both};

/// The value of one line.
fn value(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|shown| shown.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{line} in {text}")).parse().unwrap()
}

on_both! {
    async fn what_happened_is_counted(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let metrics = async || server.get("/metrics", &[("authorization", &bearer)]).await;
        let mut personal = event("sign_up");
        personal["properties"] = json!({ "note": "write to ada@example.org" });
        let again = event("again");
        server.post_events(&[event("a"), again.clone(), personal, json!(7)]).await;
        server.post_events(&[again]).await;
        server.get("/v1/no_such_route_x", &[]).await;

        let reply = metrics().await;
        assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        let text = reply.text();
        for (outcome, count) in [("accepted", 3.0), ("duplicate", 1.0), ("invalid", 1.0), ("refused", 0.0)] {
            assert_eq!(value(&text, &format!("pharos_events_total{{outcome=\"{outcome}\"}}")), count, "{outcome}");
        }
        let sent = "{method=\"POST\",route=\"/v1/events\"";
        assert_eq!(value(&text, &format!("pharos_http_requests_total{sent},status=\"2xx\"}}")), 2.0);
        assert_eq!(value(&text, &format!("pharos_http_request_duration_seconds_count{sent}}}")), 2.0);
        assert_eq!(value(&text, "pharos_http_requests_total{method=\"other\",route=\"other\",status=\"4xx\"}"), 1.0);
        assert_eq!(value(&text, "pharos_flush_rows_sum"), 4.0, "rows, the duplicate included");
        assert_eq!(value(&text, "pharos_redactions_total{kind=\"email\"}"), 1.0);
        assert_eq!(value(&text, "pharos_store_up"), 1.0);
        assert_eq!(value(&text, "pharos_spool_bytes"), 0.0);
        assert!(value(&text, "pharos_compaction_behind_seconds") < 60.0);
        for absent in ["sign_up", "no_such_route_x", &server.ingest_key, "ada"] {
            assert!(!text.contains(absent), "{absent} is no label: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_says_who_may_read() {
    for (access, plain, passed_on, keyed) in [
        (MetricsAccess::Off, 404, 404, 404),
        (MetricsAccess::Loopback, 200, 401, 200),
        (MetricsAccess::Key, 401, 401, 200),
        (MetricsAccess::Open, 200, 200, 200),
    ] {
        let place = Place::new(Backend::Sqlite).await;
        let mut config = place.config();
        config.metrics = access;
        let server = TestServer::start(config).await;
        let bearer = format!("Bearer {}", server.secret_key());
        let status = async |headers: &[(&str, &str)]| server.get("/metrics", headers).await.status;
        assert_eq!(status(&[]).await, plain, "{access:?}");
        assert_eq!(status(&[("x-forwarded-for", "198.51.100.1")]).await, passed_on, "{access:?}");
        assert_eq!(status(&[("authorization", &bearer)]).await, keyed, "{access:?}");
    }
}
