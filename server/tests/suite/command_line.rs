//! The binary, as a person in a terminal meets it.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// `pharos` in an empty directory, without the settings of whoever runs the tests.
fn pharos(dir: &TempDir, args: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pharos"));
    command.env_clear().current_dir(dir.path()).args(args).envs(settings.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(dir: &TempDir, args: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = pharos(dir, args, settings).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A serving process, ended when dropped, and its open standard output.
pub(crate) struct Serving(
    Child,
    #[expect(dead_code, reason = "a closed one ends who writes to it")] ChildStdout,
);

impl Serving {
    pub(crate) fn start(dir: &TempDir, settings: &[(&str, &str)]) -> (Self, String) {
        let mut child = pharos(dir, &[], settings).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("ingest key") {
            assert_ne!(output.read_line(&mut welcome).unwrap(), 0, "it says its addresses");
        }
        (Self(child, output.into_inner()), welcome)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bad_setting_stops_the_start_with_one_line() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("bad.toml"), "listne = \"127.0.0.1:1\"\n").unwrap();
    std::fs::write(dir.path().join("worse.toml"), "batch_size = 1000\n").unwrap();
    for (args, settings, line) in [
        (
            &["serve"][..],
            &[("TELEMETRY_LISTEN", "8787")][..],
            "pharos: TELEMETRY_LISTEN is \"8787\": expected an address",
        ),
        (&["--ip", "full"], &[], "pharos: --ip is \"full\": expected truncate or drop"),
        (&["serve", "--ip", "full"], &[], "pharos: --ip is \"full\": expected truncate or drop"),
        (
            &[],
            &[("DATABASE_URL", "mysql://u:hunter2@h/d")],
            "pharos: DATABASE_URL is \"mysql://u:***@h/d\": expected",
        ),
        (
            &[],
            &[("TELEMETRY_PEPPER", "hunter2")],
            "pharos: TELEMETRY_PEPPER is set (7 characters, not shown): expected",
        ),
        (&["--config", "bad.toml"], &[], "pharos: listne in bad.toml: expected one of database_url, listen"),
        (
            &["--config", "worse.toml"],
            &[],
            "pharos: batch_size in worse.toml is \"1000\": expected a whole number",
        ),
        (&["--config", "missing.toml"], &[], "pharos: --config missing.toml: expected a readable file"),
    ] {
        let (code, stdout, stderr) = run(&dir, args, settings);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.starts_with(line), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn the_environment_comes_before_the_file() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("file.toml"), "ip = \"full\"\n").unwrap();
    let (code, _, stderr) = run(&dir, &["migrate", "--config", "file.toml"], &[("TELEMETRY_IP", "drop")]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn a_taken_port_is_said_in_one_line() {
    let dir = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let (code, _, stderr) = run(&dir, &[], &[("TELEMETRY_LISTEN", &listen)]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("port {port}")) && stderr.contains("TELEMETRY_LISTEN="), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn the_first_start_prints_what_a_person_needs() {
    let dir = TempDir::new().unwrap();
    let settings = [("TELEMETRY_LISTEN", "127.0.0.1:0")];
    let (serving, welcome) = Serving::start(&dir, &settings);
    for part in
        ["dashboard   http://127.0.0.1:", "/login#", "demo        http://127.0.0.1:", "ingest key  pk_"]
    {
        assert!(welcome.contains(part), "{part} in {welcome}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| dir.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(".pharos"), mode(".pharos/pepper")), (0o700, 0o600));
    }
    // Other commands work beside the running server.
    let (code, link, stderr) = run(&dir, &["login-link"], &settings);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(link.contains("/login#"), "{link}");
    let (_, key, _) = run(&dir, &["keys", "create", "secret"], &settings);
    assert!(key.starts_with("sk_"), "{key}");
    let (_, list, _) = run(&dir, &["keys", "list"], &settings);
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(!list.contains(key.trim()), "a secret key is not shown again: {list}");
    let (_, revoked, _) = run(&dir, &["keys", "revoke", "3"], &settings);
    assert!(revoked.contains("key 3 is revoked"), "{revoked}");
    let (code, _, stderr) = run(&dir, &["keys", "revoke", "3"], &settings);
    assert_eq!((code, stderr.contains("no key 3")), (Some(1), true), "{stderr}");
    drop(serving);

    let (_serving, welcome) = Serving::start(&dir, &settings);
    assert!(welcome.contains("pharos login-link") && !welcome.contains("login#"), "{welcome}");
    assert!(!welcome.contains("sk_"), "{welcome}");
}

#[test]
fn check_says_of_each_line_what_the_server_would_do() {
    let dir = TempDir::new().unwrap();
    let mut child = pharos(&dir, &["check"], &[]).stdin(Stdio::piped()).spawn().unwrap();
    let time = crate::support::rfc3339_now();
    let mut input = child.stdin.take().unwrap();
    writeln!(
        input,
        r#"{{"event":"sign_up","timestamp":"{time}","properties":{{"email":"a@b.org","plan":"pro"}}}}"#
    )
    .unwrap();
    writeln!(input).unwrap();
    writeln!(input, "nonsense").unwrap();
    write!(input, r#"{{"event":"Sign-Up","timestamp":"{time}"}}"#).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines: Vec<Value> = output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["verdict"], "accepted");
    assert_eq!(lines[0]["redactions"][0]["kind"], "email");
    assert!(!lines[0].to_string().contains("a@b.org"));
    assert_eq!(
        (lines[1]["verdict"].as_str(), lines[1]["code"].as_str()),
        (Some("invalid"), Some("invalid_json"))
    );
    assert_eq!(lines[2]["code"], "invalid_event_name");
    assert!(!dir.path().join(".pharos").exists(), "checking leaves nothing behind");
}

#[test]
fn help_names_every_command_and_setting() {
    let dir = TempDir::new().unwrap();
    let (code, help, _) = run(&dir, &["--help"], &[("TELEMETRY_PEPPER", "a secret that help must not show")]);
    assert_eq!(code, Some(0));
    for name in ["serve", "login-link", "keys", "quarantine", "migrate", "check", "--config"] {
        assert!(help.contains(name), "{name}");
    }
    for setting in pharos_server::settings::SETTINGS {
        assert!(help.contains(setting.env), "{}", setting.env);
    }
    assert!(!help.contains("must not show"));
}
