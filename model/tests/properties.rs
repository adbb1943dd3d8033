//! Properties: what is refused and where, what is stripped, and laws that hold for any input.

use pharos_model::pii::{Kind, Redaction, Rules};
use pharos_model::{Code, properties};
use proptest::prelude::*;
use serde_json::{Value, json};

fn strip(text: &str) -> Result<String, (Code, String)> {
    let mut out = String::from("before");
    let result = properties::strip(text, &Rules::default(), &mut (), &mut out);
    let written = out.strip_prefix("before").expect("what was there stays").to_owned();
    match result {
        Ok(()) => Ok(written),
        Err(refusal) => {
            assert_eq!(written, "", "nothing is written of a refused event");
            Err((refusal.code, refusal.field))
        }
    }
}

#[track_caller]
fn becomes(text: &str, wanted: &str) {
    assert_eq!(strip(text).as_deref(), Ok(wanted), "{text}");
}

#[track_caller]
fn refused(text: &str, code: Code, field: &str) {
    assert_eq!(strip(text), Err((code, field.to_owned())), "{}", &text[..text.len().min(200)]);
}

#[test]
fn what_is_not_personal_stays_as_it_was_written() {
    becomes("{}", "{}");
    becomes(
        " { \"a\" : [ 1 , -2.50 , true , null , \"x\" ] , \"b\" : { } }\n",
        r#"{"a":[1,-2.50,true,null,"x"],"b":{}}"#,
    );
    becomes(r#"{"a":"caf\u00e9 \/ \"q\" é😀"}"#, r#"{"a":"caf\u00e9 \/ \"q\" é😀"}"#);
    becomes(r#"{"email" : true, "has_phone": false }"#, r#"{"email":true,"has_phone":false}"#);
    becomes(r#"{"cut":"\ud83d"}"#, r#"{"cut":"�"}"#);
    becomes(r#"{"\udc00":1}"#, r#"{"�":1}"#);
}

#[test]
fn personal_members_are_removed_at_any_depth() {
    becomes(r#"{"email":"x","plan":"pro"}"#, r#"{"plan":"pro"}"#);
    becomes(r#"{"plan":"pro","userEmail":"x"}"#, r#"{"plan":"pro"}"#);
    becomes(r#"{"a":{"phone":1,"b":[{"billing_address":{"street":"x"}},2]}}"#, r#"{"a":{"b":[{},2]}}"#);
    becomes(r#"{"email":[{"x":1},"y"],"phone":null,"address":"x"}"#, "{}");
    becomes(r#"{"email":true,"has_phone":"yes"}"#, r#"{"email":true,"has_phone":"yes"}"#);
    becomes(
        r#"{"card":{"number":"1"},"users":[{"user":{"email":1,"plan":"pro"}}]}"#,
        r#"{"card":{},"users":[{"user":{"plan":"pro"}}]}"#,
    );
    becomes(
        r#"{"list":[4111111111111111,4111111111111112,-1.5,1795463708120]}"#,
        r#"{"list":["[card]",4111111111111112,-1.5,1795463708120]}"#,
    );
    // A number that nobody says is somebody's is a number; a name may say so.
    let counted = r#"{"bytes":637465722329,"ns":19856253991,"list":[26835932234]}"#;
    becomes(counted, counted);
    becomes(r#"{"call_me_at":19856253991,"ok":1}"#, r#"{"call_me_at":"[phone]","ok":1}"#);
    becomes(r#"{"\u0065mail":"x"}"#, "{}");
    becomes(r#"{"ada@example.org":3,"ok":1}"#, r#"{"ok":1}"#);
}

#[test]
fn personal_strings_are_masked() {
    becomes(r#"{"note":"ask ada@example.org"}"#, r#"{"note":"ask [email]"}"#);
    becomes(r#"{"note":"ask ada\u0040example.org \"now\""}"#, r#"{"note":"ask [email] \"now\""}"#);
    becomes(r#"{"list":["+49 30 1234567",["4111111111111111"]]}"#, r#"{"list":["[phone]",["[card]"]]}"#);
    becomes(
        r#"{"url":"https:\/\/x.example\/?e=ada%40example.org&n=1"}"#,
        r#"{"url":"https://x.example/?e=[email]&n=1"}"#,
    );
}

#[test]
fn masks_that_are_longer_pass_the_limits_again() {
    let once = strip(&json!({ "s": "a@b.de,".repeat(292) }).to_string()).unwrap();
    assert_eq!(once, json!({ "s": "[email],".repeat(256) }).to_string());
    assert_eq!(strip(&once), Ok(once.clone()));

    let addresses = "a@b.de,".repeat(280);
    let many: Vec<_> = (0..16).map(|_| addresses.as_str()).collect();
    refused(&json!({ "s": many }).to_string(), Code::EventTooLarge, "properties");
}

#[test]
fn the_report_names_path_and_kind_and_no_value() {
    let text = r#"{"contact":{"email":{"note":"b@c.de"}},"list":["x",{"note":"a@b.de, +49 30 1234567"}],"a@b.de":1}"#;
    let mut report: Vec<Redaction> = Vec::new();
    properties::strip(text, &Rules::default(), &mut report, &mut String::new()).unwrap();
    let found: Vec<_> = report.iter().map(|r| (r.path.as_str(), r.kind.as_str())).collect();
    let wanted = [
        ("properties.contact.email", "email"),
        ("properties.list.1.note", "email"),
        ("properties.list.1.note", "phone"),
        ("properties.[email]", "email"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn limits_are_refused_one_past_the_edge() {
    let object = |members: usize| {
        json!((0..members).map(|i| (format!("k{i}"), json!(i))).collect::<serde_json::Map<_, _>>())
    };
    assert!(strip(&object(64).to_string()).is_ok());
    refused(&object(65).to_string(), Code::TooManyProperties, "properties");
    refused(&json!({ "a": object(65) }).to_string(), Code::TooManyProperties, "properties.a");

    assert!(strip(r#"{"a":{"b":{"c":{"d":{}}}}}"#).is_ok());
    refused(r#"{"a":{"b":{"c":{"d":{"e":{}}}}}}"#, Code::TooDeep, "properties.a.b.c.d.e");
    refused(r#"{"a":[[[[[]]]]]}"#, Code::TooDeep, "properties.a.0.0.0.0");
    refused(&format!("{{\"a\":{}1", "[".repeat(30_000)), Code::TooDeep, "properties.a.0.0.0.0");

    let key = |chars: usize| json!({ "é".repeat(chars): 1 }).to_string();
    assert!(strip(&key(64)).is_ok());
    refused(&key(65), Code::KeyTooLong, "properties");

    let string = |chars: usize| json!({ "s": "é".repeat(chars) }).to_string();
    assert!(strip(&string(2048)).is_ok());
    refused(&string(2049), Code::StringTooLong, "properties.s");

    refused(r#"{"n":[1,1e309]}"#, Code::NumberOutOfRange, "properties.n.1");
    refused(r#"{"s":"a\u0000b"}"#, Code::NulCharacter, "properties.s");
    refused(r#"{"a\u0000":1}"#, Code::NulCharacter, "properties");
    refused(r#"{"a":1,"b":{"a":1},"\u0061":2}"#, Code::DuplicateKey, "properties");
    refused(&format!("{{\"s\":\"{}\"}}", "x".repeat(32 * 1024)), Code::EventTooLarge, "properties");
    refused("[]", Code::WrongType, "properties");
    refused("\"x\"", Code::WrongType, "properties");
    for broken in [
        "",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{}{}",
        "{'a':1}",
        "{\"a\":01}",
        "{a:1}",
    ] {
        assert_eq!(strip(broken).unwrap_err().0, Code::InvalidJson, "{broken}");
    }
    refused("{\"a\":[1,}", Code::InvalidJson, "properties.a.1");
}

/// JSON values as events have them, with a fair share of strings that the detectors look at.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(key(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::hash_map(key(), value(), 0..8).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,8}",
        "\\PC{0,12}",
        "(user|billing|has|)(_|\\.|)(email|Email|phone|address|mail|password|token|ip|lat)(_|)(line|opened|1|)",
        "(note|card|order|callback)",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        r#"[a-c@.%40+ ()/\-0-9\[\]"'é]{0,40}"#,
        r#"[a-f0-9:.\-%=&?;#/@\[\]_ ]{0,40}"#,
        r"[2-7]( ?[0-9]{4}[-+ ]?){3}[0-9]{1,4}x?",
        personal(),
        prop::collection::vec(piece(), 1..5).prop_map(|pieces| pieces.concat()),
    ]
}

fn personal() -> impl Strategy<Value = String> {
    "([a-z=&'. ]{0,4}([a-z0-9.]{1,6}(@|%40)[a-z]{1,5}\\.[a-z]{2,3}|(\\+|0|%2B|\\()[0-9]{2,4}[ ./)-]{1,2}[0-9]{3,4}[ -]?[0-9]{4}|4111 ?1111 ?1111 ?1111|[0-9]{6,20})){1,4}[a-z@0-9]{0,3}"
}

/// What detectors look for, what they leave, and what they look around for, in any order.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "[email]",
        "[phone:0123abcd]",
        "[em",
        "ail]",
        "[",
        "]",
        "%",
        "%25",
        "%5B",
        "%40",
        "@",
        "://",
        "?",
        "&",
        "=",
        "#",
        ";",
        " ",
        "\"",
        "'",
        "\\",
        ":",
        "::",
        "token=",
        "code",
        "password: ",
        "\"password\":\"",
        "call ",
        "order ",
        "ssn ",
        "card ",
        "Bearer ",
        "Basic ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END ",
        "-----",
        "eyJhbGciOiJIUzI1NiJ9",
        ".",
        "+",
        "x",
        "ext 12",
        "\u{a0}",
        "\u{200b}",
        "０",
        "٣",
        "é",
        "ada@example.org",
        "4111111111111111",
        "+49 30 1234567",
        "06 12 34 56 78",
        "DE89370400440532013000",
        "078-05-1120",
        "QQ 12 34 56 C",
        "12345678Z",
        "203.0.113.7",
        "2001:db8::1",
        "00:1a:2b:3c:4d:5e",
        "550e8400-e29b-41d4-a716-446655440000",
        "2026-11-23",
        "52.5200, 13.4050",
    ];
    prop_oneof![
        prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        "[0-9a-zA-Z]{1,5}",
        "[0-9]{1,9}"
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let action = || prop::sample::select(&["strip", "remove", "mask", "hash", "keep"][..]);
    let kinds = prop::collection::hash_map(prop::sample::select(Kind::ALL), action(), 0..6);
    (kinds, action(), action()).prop_map(|(kinds, note, email)| {
        let kinds: serde_json::Map<_, _> = kinds.into_iter().map(|(kind, action)| (kind.as_str().to_owned(), json!(action))).collect();
        let rules = json!({ "kinds": kinds, "keys": { "note": note, "email": email }, "allow": ["callback"], "patterns": ["##-??"] });
        Rules::parse(&rules.to_string()).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn space_between_tokens_changes_nothing(properties in object()) {
        let pretty = serde_json::to_string_pretty(&properties).unwrap();
        prop_assert_eq!(strip(&pretty), strip(&properties.to_string()));
    }

    #[test]
    fn stripping_twice_is_stripping_once(properties in object()) {
        if let Ok(once) = strip(&properties.to_string()) {
            prop_assert_eq!(strip(&once), Ok(once.clone()));
            let mut report: Vec<Redaction> = Vec::new();
            properties::strip(&once, &Rules::default(), &mut report, &mut String::new()).unwrap();
            prop_assert_eq!(report, vec![]);
        }
    }

    #[test]
    fn stripping_twice_is_stripping_once_by_any_rules(properties in object(), rules in rules()) {
        let strip = |text: &str, report: &mut Vec<Redaction>| {
            let mut out = String::new();
            properties::strip(text, &rules, report, &mut out).map(|()| out)
        };
        if let Ok(once) = strip(&properties.to_string(), &mut Vec::new()) {
            let mut report = Vec::new();
            prop_assert_eq!(strip(&once, &mut report), Ok(once.clone()));
            prop_assert_eq!(report, vec![]);
        }
    }

    #[test]
    fn masking_any_text_twice_is_masking_it_once(text in text()) {
        let mut once = String::new();
        if pharos_model::pii::mask(&text, &Rules::default(), &mut once) {
            let mut twice = String::new();
            prop_assert!(!pharos_model::pii::mask(&once, &Rules::default(), &mut twice), "{} {} {}", text, once, twice);
        }
    }

    #[test]
    fn what_is_written_is_json_and_never_gains_members(properties in object()) {
        if let Ok(once) = strip(&properties.to_string()) {
            let after: Value = serde_json::from_str(&once).unwrap();
            let (before, after) = (properties.as_object().unwrap(), after.as_object().unwrap().clone());
            prop_assert!(after.keys().all(|key| before.contains_key(key)));
        }
    }

    #[test]
    fn accepts_nothing_that_serde_json_refuses(text in r#"\{("[a-c]{0,2}" ?: ?([\[\]{},:0-9.eE+\-"truefalsn\\u ]{0,10}|"[^"\\]{0,5}"),?){0,4}\}"#) {
        if strip(&text).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Map<String, Value>>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = pharos_model::pii::mask(&text, &Rules::default(), &mut String::new());
        let _ = strip(&text);
        let _ = strip(&format!("{{\"a\":\"{text}\"}}"));
    }
}
