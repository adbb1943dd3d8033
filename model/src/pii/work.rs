//! How much work a string makes: the bytes that the detectors looked at, counted in tests only. Whoever
//! writes a string chooses its bytes, and must not be able to choose how often they are read.

use std::cell::Cell;

use proptest::prelude::*;

use super::{Rules, mask};

std::thread_local! {
    static EXAMINED: Cell<u64> = const { Cell::new(0) };
}

/// Counts `bytes` that were looked at.
pub(super) fn examined(bytes: usize) {
    EXAMINED.set(EXAMINED.get() + bytes as u64);
}

/// Bytes looked at in `unit`, repeated up to a length. An end of its own shuts what the units opened.
fn work(unit: &str, bytes: usize) -> u64 {
    let text = unit.repeat(bytes / unit.len());
    EXAMINED.set(0);
    mask(&text, &Rules::default(), &mut String::new());
    EXAMINED.get()
}

/// A text of twice the length makes twice the work, give or take.
#[track_caller]
fn assert_linear(unit: &str) {
    let (once, twice) = (work(unit, 4096), work(unit, 8192));
    assert!(twice * 10 <= once * 23 + 40_000, "{unit:?}: {once} bytes looked at, of twice the text {twice}");
    assert!(once <= 4096 * 1500, "{unit:?}: {once} bytes looked at");
}

#[test]
fn hostile_strings() {
    for unit in [
        "A1",
        "A1A1",
        "0x",
        "1.",
        "1-",
        "1 ",
        "1",
        "a",
        "aA",
        "@",
        "a@",
        "x@y.zz",
        "x@y.zz%40",
        "%",
        "%25",
        "%40",
        "a:",
        ":",
        "::",
        "a:b@",
        "://",
        "x://a:b@",
        "=",
        "a=",
        "token=",
        "token=a&",
        "token= ",
        "pwd:",
        "pwd: ",
        "\"pin\":",
        "\"pin\":'",
        "\"pin\":\"",
        "[",
        "[email]",
        "[email:0123abcd]",
        "token=[email]",
        "-",
        "--",
        "-----",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "Bearer ",
        "Bearer abcdefghijkl1.",
        "abcdefghijkl.",
        "abcdefghijkl-",
        "eyJhbGciOiJI.",
        "sk_live_",
        "AKIA",
        "(1) ",
        "+1 ",
        "+",
        "00 ",
        "1 x",
        "1 x1",
        "1ext",
        "11-",
        "1111-",
        "aa-",
        "aaaa.",
        "aa:",
        "A 1",
        "12345678 ",
        "call 1",
        "call ",
        "é",
        "１",
        "\u{2011}",
        "1\u{a0}",
        "1.111 ",
        "52.5200,13.4050 ",
        "1.1.1.1 ",
        "2001:db8::",
        "DE89",
        "DE89 3704 ",
        "ab 12 34 56 c",
        "4111 1111 1111 1111 ",
        "4111111111111111",
    ] {
        assert_linear(unit);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn generated_strings(unit in "[aA1f0.:/@%=&?x+ ()\\[\\]\"'_,;\\\\é-]{1,6}") {
        assert_linear(&unit);
    }

    #[test]
    fn generated_of_telling_pieces(
        pieces in prop::collection::vec(
            prop::sample::select(&["1", "a", "A", " ", "-", ".", ":", "@", "/", "token=", "pwd:", "Bearer ", "call ",
                "[ip]", "eyJ", "x@y.zz", "%2", "\"", "12345678", "://"][..]),
            1..6,
        ),
    ) {
        assert_linear(&pieces.concat());
    }
}
