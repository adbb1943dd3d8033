//! The questions that read events, held against what was written.

use pharos_model::{EventId, Source, Timestamp, UserHash};
use pharos_server::{
    clock,
    identity::{Pepper, random_bytes},
    setup,
    store::{Flush, Mark, Row},
};
use serde_json::{Value, json};

use crate::support::{Backend, Place, TestServer, on_both};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// `who` did `event` so many minutes after a start three days ago.
fn did(who: &str, event: &str, minutes: i64, properties: &Value) -> Row {
    let start_ms = (clock::now().unix_ms() - 3 * DAY_MS).div_euclid(DAY_MS) * DAY_MS;
    let at = Timestamp::from_unix_ms(start_ms + minutes * MINUTE_MS);
    let pepper = Pepper::new("a pepper for tests, long enough to pass");
    Row {
        id: EventId::v7(at.unix_ms(), random_bytes()),
        project_id: 1,
        event: event.to_owned(),
        timestamp: at,
        properties: properties.to_string(),
        user_id: (who != "nobody").then(|| pepper.user_id(&UserHash::of(who))),
        session_id: Some(format!("session of {who}")),
        source: Source::Client,
        seq: None,
        context: "{}".into(),
        created_at: at,
    }
}

async fn serve(place: &Place, rows: &[Row]) -> TestServer {
    let store = setup::open_store(&place.config()).await.unwrap();
    store.write(Flush { mark: Mark::new(), rows, outcomes: &[], quarantine: &[] }).await.unwrap();
    store.close().await;
    place.start().await
}

async fn ask(server: &TestServer, path: &str) -> Value {
    let bearer = format!("Bearer {}", server.secret_key());
    let reply = server.get(path, &[("authorization", &bearer)]).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

on_both! {
    async fn a_breakdown_counts_the_values_of_a_property(backend: Backend) {
        let buy = |who, plan: Value, shop: &str| did(who, "buy", 1, &json!({ "plan": plan, "shop": shop }));
        let rows = [
            buy("ada", json!("pro"), "web"),
            buy("ada", json!("pro"), "web"),
            buy("bob", json!("pro"), "app"),
            buy("bob", json!(7), "web"),
            buy("nobody", json!(true), "web"),
            buy("eve", json!(null), "web"),
            did("eve", "buy", 1, &json!({ "shop": "say \"hi\"" })),
            did("ada", "look", 1, &json!({ "plan": "other" })),
        ];
        let place = Place::new(backend).await;
        let server = serve(&place, &rows).await;
        let all = ask(&server, "/v1/breakdown?event=buy&property=plan").await;
        assert_eq!(all["values"], json!([
            { "value": "pro", "count": 3, "unique_users": 2 },
            { "value": "7", "count": 1, "unique_users": 1 },
            { "value": "true", "count": 1, "unique_users": 0 },
        ]));
        let numbers = |answer: &Value| ["total", "unique_users", "other_count", "missing_count"].map(|name| answer[name].as_i64().unwrap());
        assert_eq!(numbers(&all), [7, 3, 0, 2]);
        let one = ask(&server, "/v1/breakdown?event=buy&property=plan&limit=1").await;
        assert_eq!((one["values"].as_array().unwrap().len(), numbers(&one)), (1, [7, 3, 2, 2]));
        let filtered = ask(&server, "/v1/breakdown?event=buy&property=plan&where=shop:web&where=plan:pro").await;
        assert_eq!(numbers(&filtered), [2, 1, 0, 0]);
        let quoted = ask(&server, "/v1/breakdown?event=buy&property=shop&where=shop:say%20%22hi%22").await;
        assert_eq!(numbers(&quoted), [1, 1, 0, 0]);
        let nothing = ask(&server, "/v1/breakdown?event=none&property=plan").await;
        assert_eq!((numbers(&nothing), &nothing["values"]), ([0, 0, 0, 0], &json!([])));
        let names = ask(&server, "/v1/properties?event=buy").await;
        assert_eq!(names, json!({ "properties": [{ "name": "shop", "count": 7 }, { "name": "plan", "count": 6 }] }));
    }

    async fn a_funnel_counts_steps_in_order_and_in_time(backend: Backend) {
        let none = json!({});
        let rows = [
            did("ada", "view", 0, &none),
            did("ada", "cart", 2, &none),
            did("ada", "pay", 5, &none),
            did("bob", "view", 0, &none),
            did("bob", "cart", 4, &none),
            did("bob", "pay", 90, &none),
            did("cid", "cart", 0, &none),
            did("cid", "view", 1, &none),
            did("nobody", "view", 0, &none),
        ];
        let place = Place::new(backend).await;
        let server = serve(&place, &rows).await;
        let funnel = ask(&server, "/v1/funnel?steps=view,cart,pay&window_seconds=3600").await;
        assert_eq!(funnel["steps"], json!([
            { "event": "view", "count": 3, "rate": 1.0, "step_rate": 1.0, "median_seconds": null },
            { "event": "cart", "count": 2, "rate": 0.6667, "step_rate": 0.6667, "median_seconds": 240.0 },
            { "event": "pay", "count": 1, "rate": 0.3333, "step_rate": 0.5, "median_seconds": 180.0 },
        ]));
        let by_session = ask(&server, "/v1/funnel?steps=view,cart&by=session").await;
        assert_eq!(by_session["steps"][0]["count"], 4);
        let nothing = ask(&server, "/v1/funnel?steps=never,ever").await;
        assert_eq!((&nothing["steps"][0]["count"], &nothing["steps"][0]["rate"]), (&json!(0), &Value::Null));
    }

    async fn retention_follows_each_days_new_users(backend: Backend) {
        let none = json!({});
        let day = DAY_MS / MINUTE_MS;
        let rows = [
            did("ada", "view", 0, &none),
            did("ada", "view", day, &none),
            did("ada", "pay", 2 * day, &none),
            did("bob", "view", day - 1, &none),
            did("cid", "view", day, &none),
            did("cid", "view", 2 * day, &none),
            did("nobody", "view", 0, &none),
        ];
        let place = Place::new(backend).await;
        let server = serve(&place, &rows).await;
        let start = rows[0].timestamp.to_string();
        let end = Timestamp::from_unix_ms(rows[0].timestamp.unix_ms() + 3 * DAY_MS).to_string();
        let path = format!("/v1/retention?period=day&start={start}&end={end}");
        let retention = ask(&server, &path).await;
        let returned: Vec<&Value> = retention["cohorts"].as_array().unwrap().iter().map(|cohort| &cohort["returned"]).collect();
        assert_eq!(returned, [&json!([2, 1, 1]), &json!([1, 1]), &json!([0])]);
        let paid = ask(&server, &format!("{path}&event=pay")).await;
        assert_eq!(paid["cohorts"][2]["size"], 1);
        // In Kolkata the day begins at 18:30, so that Bob and Ada come on two days.
        let there = ask(&server, &format!("{path}&time_zone=Asia/Kolkata")).await;
        assert_eq!(there["cohorts"][0]["size"], 1, "{there}");
    }

    async fn sessions_are_listed_and_shown_in_order(backend: Backend) {
        let none = json!({});
        let rows = [
            did("ada", "leave", 9, &none),
            did("ada", "arrive", 2, &none),
            did("bob", "arrive", 20, &none),
        ];
        let place = Place::new(backend).await;
        let server = serve(&place, &rows).await;
        let list = ask(&server, "/v1/sessions").await;
        let list = list["sessions"].as_array().unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!((&list[0]["session_id"], &list[0]["count"]), (&json!("session of bob"), &json!(1)));
        assert_eq!((&list[1]["first_event"], &list[1]["last_event"]), (&json!("arrive"), &json!("leave")));
        assert_eq!((&list[1]["started_at"], &list[1]["ended_at"]), (&json!(rows[1].timestamp.to_string()), &json!(rows[0].timestamp.to_string())));
        let one = ask(&server, "/v1/sessions/session%20of%20ada").await;
        let names: Vec<&Value> = one["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
        assert_eq!(names, ["arrive", "leave"]);
        assert_eq!((&one["count"], &one["truncated"], &one["started_at"]), (&json!(2), &json!(false), &list[1]["started_at"]));
        let bearer = format!("Bearer {}", server.secret_key());
        let reply = server.get("/v1/sessions/none", &[("authorization", &bearer)]).await;
        assert_eq!(reply.problem(), (404, "not_found".to_owned()));
    }

    async fn events_are_found_by_user_however_the_id_is_written(backend: Backend) {
        let rows = [did("ada", "a", 0, &json!({})), did("bob", "b", 0, &json!({}))];
        let place = Place::new(backend).await;
        let server = serve(&place, &rows).await;
        let stored = rows[0].user_id.unwrap().to_string();
        for id in ["ada", &UserHash::of("ada").to_string(), &stored] {
            let found = server.recent(&format!("?user_id={id}")).await;
            assert_eq!(found.len(), 1, "{id}");
            assert_eq!(found[0]["event"], "a", "{id}");
        }
        assert!(server.recent("?user_id=eve").await.is_empty());
    }

    async fn wrong_parameters_of_them_are_named(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let bearer = format!("Bearer {}", server.secret_key());
        for (path, field) in [
            ("/v1/breakdown?property=x", "event"),
            ("/v1/breakdown?event=x", "property"),
            ("/v1/breakdown?event=x&property=y&where=z", "where"),
            ("/v1/breakdown?event=x&property=y&limit=0", "limit"),
            ("/v1/breakdown?event=x&property=y&where=a:1&where=a:2&where=a:3&where=a:4&where=a:5", "where"),
            ("/v1/properties", "event"),
            ("/v1/funnel", "steps"),
            ("/v1/funnel?steps=one", "steps"),
            ("/v1/funnel?steps=a,,b", "steps"),
            ("/v1/funnel?steps=a,b,c,d,e,f,g,h,i", "steps"),
            ("/v1/funnel?steps=a,b&by=city", "by"),
            ("/v1/funnel?steps=a,b&window_seconds=0", "window_seconds"),
            ("/v1/retention?period=month", "period"),
            ("/v1/retention?period=day&start=2026-01-01&end=2026-06-01", "period"),
            ("/v1/sessions?limit=501", "limit"),
            ("/v1/sessions/x?y=1", "y"),
        ] {
            let reply = server.get(path, &[("authorization", &bearer)]).await;
            assert_eq!(reply.problem(), (400, "invalid_parameter".to_owned()), "{path}");
            assert_eq!(reply.json()["field"], field, "{path}");
        }
    }
}
