//! What waits in a folder outlives the process, also one that is killed.

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use pharos_client::{Event, TelemetryClient};
use serde_json::json;

use support::{KEY, Place, eventually};

/// Names the folder to the process that is to be killed.
const FOLDER: &str = "PHAROS_TEST_QUEUE_FOLDER";

/// What that process does; the test below starts it.
#[tokio::test]
#[ignore = "a part of another test"]
async fn writes_and_waits_to_be_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let client = TelemetryClient::builder("http://127.0.0.1:9", KEY).queue_folder(folder).build().unwrap();
    for i in 0..300 {
        client.log_safe(Event::new("step").property("i", i).property("mail", "ada@example.org")).unwrap();
    }
    println!("written");
    std::future::pending::<()>().await;
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_outlive_a_killed_process_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_and_waits_to_be_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    assert!(stdout.lines().any(|line| line.unwrap().contains("written")));
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    // What a power cut, another program, or somebody with bad intentions may leave there.
    let junk =
        "not JSON\n{\"event\":{\"event\":\"Bad-Name\"}}\n{\"dropped\":{\"queue_full\":3,\"Bad\":1}}\n{\"ha";
    fs::write(folder.path().join("pharos-0-0.jsonl"), junk).unwrap();
    fs::write(folder.path().join("README"), "not ours").unwrap();

    let place = Place::new();
    let server = place.start().await;
    let builder = || place.client(&server).queue_folder(folder.path()).flush_interval(Duration::ZERO);
    let clients = [builder().build().unwrap(), builder().build().unwrap()];
    eventually("all are stored", async || server.events().await.len() == 300).await;
    eventually("the folder is empty", async || files(folder.path()) == ["README"]).await;
    for client in clients {
        assert!(client.shutdown().await);
    }
    let stored = server.events().await;
    let mut numbers: Vec<u64> =
        stored.iter().map(|event| event["properties"]["i"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..300).collect::<Vec<u64>>());
    assert!(stored.iter().all(|event| event["properties"].get("mail").is_none()));
    let dropped = &server.get("/v1/delivery").await["dropped"];
    assert_eq!(
        dropped,
        &json!([{ "reason": "queue_full", "count": 3 }, { "reason": "unreadable", "count": 2 }])
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_client_could_not_send_the_next_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let client = TelemetryClient::builder("http://127.0.0.1:9", KEY)
        .queue_folder(folder.path())
        .queue_events(5)
        .drain_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let kept = (0..8).filter(|&i| client.log_safe(Event::new("step").property("i", i)).is_ok()).count();
    assert_eq!(kept, 5);
    assert!(!client.shutdown().await);
    assert!(!files(folder.path()).is_empty());

    let place = Place::new();
    let server = place.start().await;
    let client =
        place.client(&server).queue_folder(folder.path()).flush_interval(Duration::ZERO).build().unwrap();
    eventually("all are delivered", async || client.stats().delivered == 5).await;
    assert!(client.shutdown().await);
    assert_eq!(server.get("/v1/delivery").await["dropped"], json!([{ "reason": "queue_full", "count": 3 }]));
    assert_eq!(files(folder.path()), Vec::<String>::new());
    server.stop().await;
}
