//! Exports: what is in them, how much memory they take, and how they fail.

use std::{
    io::Read,
    process::{Command, Stdio},
};

use http_body_util::BodyExt;
use pharos_server::config::Database;
use serde_json::{Value, json};

use crate::support::{Backend, Place, event, on_both};

/// Puts `count` events of more than 1.5 KiB into an SQLite store, 1,000 a minute, as if they had been received.
async fn fill(place: &Place, count: u32) {
    place
        .execute(&format!(
            "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {count} - 1) \
             INSERT INTO telemetry_events (id, event, timestamp, properties, source, created_at, project_id) \
             SELECT printf('019ab2c3-0000-7000-8000-%012d', n), 'filled', \
                    strftime('%Y-%m-%dT%H:%M:00.000Z', 'now', '-' || (1 + n / 1000) || ' minutes'), \
                    '{{\"text\":\"' || printf('%.1500c', 't') || '\"}}', 'server', \
                    strftime('%Y-%m-%dT%H:%M:00.000Z', 'now'), 1 FROM n; \
             INSERT INTO rollup_sums (project_id, event, minute, count) \
             SELECT 1, 'filled', timestamp, count(*) FROM telemetry_events WHERE event = 'filled' GROUP BY timestamp"
        ))
        .await;
}

on_both! {
    async fn everything_is_in_it_once_and_in_order(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        let key = [("authorization", bearer.as_str())];
        // More than a page holds, most in one minute.
        for batch in 0..5 {
            let mut events: Vec<Value> = (0..500).map(|_| event("exported")).collect();
            events[0]["session_id"] = json!("=HYPERLINK(\"https://evil.example\")");
            events[1]["properties"] = json!({ "text": "a \"quoted\", line\nand another" });
            events[2]["event"] = json!("other");
            events[3]["seq"] = json!(batch);
            assert_eq!(server.post_events(&events).await.count("accepted"), 500);
        }
        let reply = server.get("/v1/export?format=ndjson", &key).await;
        assert_eq!(reply.header("content-type"), "application/x-ndjson");
        let lines: Vec<Value> =
            reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let order: Vec<_> = lines.iter().map(|event| (text(event, "timestamp"), text(event, "id"))).collect();
        assert!(order.len() == 2500 && order.is_sorted() && order.windows(2).all(|pair| pair[0] != pair[1]));
        for stored in server.recent("?limit=1000").await {
            assert!(lines.contains(&stored), "as it is stored: {stored}");
        }

        let reply = server.get("/v1/export", &key).await;
        assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
        assert!(reply.header("content-disposition").starts_with("attachment; filename=\"pharos-"));
        let mut csv = csv::Reader::from_reader(&reply.body[..]);
        let columns: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
        let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), lines.len());
        for (row, event) in rows.iter().zip(&lines) {
            let cell = |name: &str| &row[columns.iter().position(|column| column == name).unwrap()];
            for name in ["id", "event", "timestamp", "user_id", "source", "created_at"] {
                assert_eq!(cell(name), text(event, name), "{name}");
            }
            assert_eq!(cell("seq"), event["seq"].as_i64().map_or(String::new(), |seq| seq.to_string()));
            assert_eq!(serde_json::from_str::<Value>(cell("properties")).unwrap(), event["properties"]);
            let session = text(event, "session_id");
            let harmless = if session.starts_with('=') { format!("'{session}") } else { session };
            assert_eq!(cell("session_id"), harmless, "no formula");
        }
        let others = server.get("/v1/export?format=ndjson&event=other", &key).await;
        assert_eq!(others.text().lines().count(), 5);
        let nothing = server.get("/v1/export?start=2020-01-01&end=2020-02-01", &key).await;
        assert_eq!(nothing.text().lines().count(), 1, "the header");
        for (query, field) in [("format=xml", "format"), ("start=never", "start"), ("limit=5", "limit")] {
            let reply = server.get(&format!("/v1/export?{query}"), &key).await;
            assert_eq!((reply.problem().0, &reply.json()["field"]), (400, &json!(field)), "{query}");
        }
        let zipped = server.get("/v1/export?format=ndjson", &[key[0], ("accept-encoding", "gzip")]).await;
        assert_eq!(zipped.header("content-encoding"), "gzip");
        let mut unzipped = String::new();
        flate2::read::GzDecoder::new(&zipped.body[..]).read_to_string(&mut unzipped).unwrap();
        assert_eq!(unzipped.lines().count(), 2500);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_on_the_way_does_not_end_well() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    fill(&place, 40_000).await;
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.open("/v1/export?format=ndjson", &[("authorization", &bearer)]).await;
    assert_eq!(reply.status(), 200);
    let mut body = reply.into_body();
    assert!(body.frame().await.unwrap().is_ok(), "it begins");
    place.execute("ALTER TABLE telemetry_events RENAME TO elsewhere").await;
    let ended = loop {
        match body.frame().await {
            Some(Ok(_)) => {}
            ended => break ended,
        }
    };
    assert!(matches!(ended, Some(Err(_))), "broken off, not ended");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_large_export_takes_little_memory() {
    let place = Place::new(Backend::Sqlite).await;
    place.start().await.stop().await;
    fill(&place, 80_000).await;
    let Database::Sqlite(path) = &place.database else { unreachable!() };
    let mut child = Command::new(env!("CARGO_BIN_EXE_pharos"))
        .args(["export", "--format", "ndjson"])
        .env("DATABASE_URL", format!("sqlite://{}", path.display()))
        .env("TELEMETRY_DATA_DIR", place.dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let (mut output, mut bytes, mut lines, mut peak_kib) = (child.stdout.take().unwrap(), 0, 0, 0_u64);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = output.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        bytes += read;
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        peak_kib = peak_kib.max(peak.unwrap_or(0));
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(lines, 80_000);
    assert!(bytes > 120_000_000, "{bytes}");
    assert!(peak_kib > 0 && peak_kib < 96 * 1024, "{peak_kib} KiB for {bytes} bytes");
}
