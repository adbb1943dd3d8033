//! Stripping an event of about a kilobyte, beside reading and writing the same text with serde_json.
//! `cargo bench -p pharos-model`

use divan::{Bencher, black_box};
use pharos_model::pii::Rules;
use pharos_model::properties;

/// An event of a busy page, with nothing personal in it: the usual case.
const CLEAN: &str = r##"{"path":"/app/projects/settings/members","title":"Getting started","referrer":"https://search.example.com/?q=telemetry","viewport":"1440x900","duration_ms":53012,"element":"main > section:nth-child(4) button.cta-abcdef","experiment":{"name":"pricing_v4","variant":"treatment"},"value":123.45,"note":"The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the lazy dog. The quick brown fox jumps over it.","summary":"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua","url":"https://shop.example/products/usb-c-hub?utm_source=newsletter&utm_medium=web&utm_campaign=2026-11-23&ref=a1b2c3d4","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.8078.79 Safari/537.36","order":"ORD-2026-0001234","trace":"4bf92f3577b34da6a3ce929d0e0e4736","colour":"#ff00aa","items":["SKU-8842-XL","SKU-1031-S"],"at":"2026-11-23T19:55:08.120Z"}"##;

/// The same length, with something personal in every string.
const PERSONAL: &str = r#"{"email":"ada@example.org","note":"write to ada@example.org or call +49 30 1234567, paid with 4111 1111 1111 1111","url":"https://ada:secret@shop.example/cb?code=abcdef&token=0123456789&email=ada%40example.org&page=2","contact":{"phone":"+1 555 123 4567","first_name":"Ada","address":{"street":"12 Main St","city":"London"}},"comment":"IBAN DE89 3704 0044 0532 0130 00 and SSN 078-05-1120 from 203.0.113.7","items":["ada@example.org","+49 30 1234567","2001:db8::ff00:42:8329","00:1a:2b:3c:4d:5e"],"header":"Authorization: Bearer abcdefghijklmnop-0123456789","text":"The quick brown fox jumps over the lazy dog, ada@example.org. The quick brown fox jumps over the lazy dog, (555) 123-4567. The quick brown fox jumps over the lazy dog 06 12 34 56 78 and over 5500 0055 5555 5559 again","log":"password=hunter2 session=abc my number is 612 345 678, her PESEL is 77082414171, order 5551234567"}"#;

#[derive(Debug, Clone, Copy)]
enum Text {
    Clean,
    Personal,
}

impl Text {
    fn as_str(self) -> &'static str {
        match self {
            Self::Clean => CLEAN,
            Self::Personal => PERSONAL,
        }
    }
}

fn main() {
    divan::main();
}

#[divan::bench(args = [Text::Clean, Text::Personal])]
fn strip(bencher: Bencher<'_, '_>, text: Text) {
    let text = text.as_str();
    let rules = Rules::default();
    let mut out = String::with_capacity(2 * text.len());
    bencher.bench_local(|| {
        out.clear();
        properties::strip(black_box(text), &rules, &mut (), &mut out).expect("a valid event");
        out.len()
    });
}

/// The baseline: a tree of values, and back.
#[divan::bench(args = [Text::Clean, Text::Personal])]
fn serde_json_read_and_write(bencher: Bencher<'_, '_>, text: Text) {
    let text = text.as_str();
    bencher.bench_local(|| {
        let value: serde_json::Value = serde_json::from_str(black_box(text)).expect("valid JSON");
        value.to_string().len()
    });
}
