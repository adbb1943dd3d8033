//! Starting, stopping, and a database that comes and goes.

use std::time::Duration;

use futures_util::future::join_all;
use pharos_server::{Left, config::Database};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::support::{Backend, Place, TestServer, event, eventually, on_both};

on_both! {
    async fn a_restart_keeps_keys_events_and_users(backend: Backend) {
        let place = Place::new(backend).await;
        // The pepper of the data directory, this time.
        let mut config = place.config();
        config.secrets.pepper = None;
        let server = TestServer::start(config.clone()).await;
        let (ingest_key, secret_key) = (server.ingest_key.clone(), server.secret_key().to_owned());
        let by_ada = || {
            let mut event = event("visit");
            event["user_id"] = "ada".into();
            event
        };
        assert_eq!(server.post_events(&[by_ada()]).await.verdicts(), ["accepted"]);
        assert_eq!(server.stop().await, Left { connections: 0, requests: 0 });

        let server = TestServer::start(config).await;
        assert_eq!(server.ingest_key, ingest_key);
        assert_eq!((&server.welcome.secret_key, &server.welcome.login_token), (&None, &None), "shown once");
        assert_eq!(server.post_events(&[by_ada()]).await.verdicts(), ["accepted"]);
        let bearer = format!("Bearer {secret_key}");
        let events = server.get("/v1/events", &[("authorization", &bearer)]).await.json();
        let users: Vec<&Value> = events["events"].as_array().unwrap().iter().map(|event| &event["user_id"]).collect();
        assert_eq!(users.len(), 2);
        assert_eq!(users[0], users[1], "the same person");
    }

    async fn keys_given_from_outside_are_used(backend: Backend) {
        let place = Place::new(backend).await;
        let mut config = place.config();
        config.secrets.ingest_key = Some("pk_given_given_given".to_owned());
        config.secrets.secret_key = Some("sk_given_given_given_given_given_given".to_owned());
        for _ in 0..2 {
            let server = TestServer::start(config.clone()).await;
            assert_eq!(server.ingest_key, "pk_given_given_given");
            assert_eq!(server.welcome.secret_key, None, "known already");
            assert_eq!(server.post_events(&[event("given")]).await.verdicts(), ["accepted"]);
            let bearer = [("authorization", "Bearer sk_given_given_given_given_given_given")];
            assert_eq!(server.get("/v1/events", &bearer).await.status, 200);
            server.stop().await;
        }
        let keys = place.column("SELECT kind FROM api_keys ORDER BY kind").await;
        assert_eq!(keys, ["ingest", "secret"]);
    }

    async fn several_nodes_may_start_at_once(backend: Backend) {
        let place = Place::new(backend).await;
        let nodes = join_all((0..4).map(|_| place.start())).await;
        let first: Vec<&TestServer> = nodes.iter().filter(|node| node.welcome.secret_key.is_some()).collect();
        assert_eq!(first.len(), 1, "one of them made the project");
        for node in &nodes {
            assert_eq!(node.ingest_key, nodes[0].ingest_key);
        }
        let shared = event("shared");
        let replies = join_all(nodes.iter().map(|node| node.post_events(std::slice::from_ref(&shared)))).await;
        let accepted: u64 = replies.iter().map(|reply| reply.count("accepted")).sum();
        assert_eq!((accepted, place.ids().await.len()), (1, 1));
    }

    async fn stopping_loses_nothing_that_was_acknowledged(backend: Backend) {
        let place = Place::new(backend).await;
        let server = place.start().await;
        let events: Vec<Value> = (0..400).map(|_| event("last_words")).collect();
        let posts = join_all(events.iter().map(|event| async {
            let batch = server.batch(std::slice::from_ref(event));
            let reply = server.try_send("POST", "/v1/events", &[], batch).await;
            reply.is_some_and(|reply| reply.verdicts() == ["accepted"])
        }));
        let stop = async {
            eventually("some are stored", async || !place.ids().await.is_empty()).await;
            server.begin_stop();
        };
        let (acknowledged, ()) = tokio::join!(posts, stop);
        assert_eq!(server.stopped().await, Left { connections: 0, requests: 0 });
        let stored = place.ids().await;
        let mut answered = 0;
        for (event, acknowledged) in events.iter().zip(acknowledged) {
            if acknowledged {
                answered += 1;
                assert!(stored.iter().any(|id| event["id"] == id.as_str()), "{event}");
            }
        }
        assert!(answered > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_delay_stopping() {
    let place = Place::new(Backend::Sqlite).await;
    let server = place.start().await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    kept.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    kept.read_exact(&mut [0; 12]).await.unwrap();
    let began = Instant::now();
    assert_eq!(server.stop().await, Left { connections: 0, requests: 0 });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop((silent, kept));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_never_answers_stops_the_start_with_one_line() {
    let place = Place::new(Backend::Postgres).await;
    let mut config = place.config();
    let Database::Postgres(url) = &place.database else { panic!("PostgreSQL was asked for") };
    config.database = Database::Postgres(format!("{url}_missing"));
    let Err(error) = TestServer::try_start(config).await else { panic!("it started") };
    let line = error.to_string();
    assert!(line.starts_with("the database at postgres") && line.contains("3D000"), "{line}");
}
