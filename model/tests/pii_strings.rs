//! Personal data in strings: what is found, and what is left alone.

use pharos_model::pii::{Rules, mask};

/// The text with masks, or itself.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    if mask(text, &Rules::default(), &mut masked) { masked } else { text.to_owned() }
}

#[track_caller]
fn check(text: &str, wanted: &str) {
    assert_eq!(masked(text), wanted, "{text}");
}

/// What became of those of `texts` that did not become `wanted`.
fn others<'t>(texts: &[&'t str], wanted: impl Fn(&'t str) -> &'t str) -> Vec<(&'t str, String)> {
    texts.iter().map(|text| (*text, masked(text))).filter(|(text, masked)| masked != wanted(text)).collect()
}

#[track_caller]
fn kept(texts: &[&str]) {
    assert_eq!(others(texts, |text| text), []);
}

#[track_caller]
fn gone(mask: &'static str, texts: &[&'static str]) {
    assert_eq!(others(texts, |_| mask), []);
}

#[test]
fn emails() {
    check("write to ada@example.org, please", "write to [email], please");
    check("<Ada.Lovelace+news@mail.example.co.uk>.", "<[email]>.");
    check("/reset?mailto=ada%40example.org&step=2", "/reset?mailto=[email]&step=2");
    check("a@b.de;c@d.fr", "[email];[email]");
    check("mailto:jürgen@müller.example", "mailto:[email]");
    check("'ada@example.org'", "'[email]'");
    check("https://ada@example.org/x", "https://[email]/x");
    check("x=ada%2540example.org", "x=[email]");
    check("x=j%C3%BCrgen%40m%C3%BCller.example&y", "x=[email]&y");
    check("ａｄａ＠example.org", "[email]");
    check("an ada@example.org。请", "an [email]。请");
    check("o'brien@example.ie a@xn--80ak6aa92e.xn--p1ai", "[email] [email]");
    check("почта@пример.рф", "[email]");
    check("/u/ada@example.org.html", "/u/[email].html");
    kept(&[
        "logo@2x.png",
        "icon@3x.webp",
        "pkg@1.2.3",
        "@ada",
        "a@b",
        "a@",
        "user@localhost",
        "50%40",
        "@media (min-width: 3em)",
        "sprite@hover.svg",
        "lodash@4.17.21/lodash.min.js",
        "100% @ home",
        "https://m.example/@ada/1",
    ]);
}

#[test]
fn phones() {
    check("call +49 30 1234567 now", "call [phone] now");
    check("tel=%2B4915112345678&x=1", "tel=[phone]&x=1");
    check("x=%2B49%2030%201234567&x=1", "x=[phone]&x=1");
    check("(555) 123-4567 or 555.123.4567", "[phone] or [phone]");
    check("please call 5551234567 today", "please call [phone] today");
    check("https://wa.me/4915122872825?text=Hi", "https://wa.me/[phone]?text=Hi");
    check("phone | order\n123074403 | 123074404", "phone | order\n[phone] | 123074404");
    check("请打电话 135 2856 3758, Τηλ. 21 2399 7246", "请打电话 [phone], Τηλ. [phone]");
    check("my number is 612 345 678", "my number is [phone]");
    check("order 5551234567, call 5551234568", "order 5551234567, call [phone]");
    check("Ph: 49917886", "Ph: [phone]");
    check("/u/%2B351912345678/profile", "/u/[phone]/profile");
    check("/d/%28030%29%2073628193/edit#0049%2040%2029210391", "/d/[phone]/edit#[phone]");
    check("제 전화번호는 21 342 5234, Rückruf: 21 342 0765", "제 전화번호는 [phone], Rückruf: [phone]");
    check("Landline: 5551234567, Téléphone : 123456789", "Landline: [phone], Téléphone : [phone]");
    check("Телефон: 9161234567", "Телефон: [phone]");
    check("Chiamatemi al 933905687, bel me op 777801477", "Chiamatemi al [phone], bel me op [phone]");
    check("/tel/045796092/edit", "/tel/[phone]/edit");
    check("電話090-1234-5678まで", "電話[phone]まで");
    gone(
        "[phone]",
        &[
            "+1 (555) 123-4567",
            "555-123-4567",
            "06 12 34 56 78",
            "020 7946 0958",
            "07911123456",
            "0049 30 1234567",
            "030/1234567",
            "(11) 91234-5678",
            "11 91234-5678",
            "+49 (0) 30 1234567",
            "001-555-123-4567x12345",
            "555-123-4567 ext. 12",
            "8 (912) 345-67-89",
            "138-0013-8000",
            "+33 1 23 45 67 89",
            "06\u{a0}12\u{a0}34\u{a0}56\u{a0}78",
            "(+372) 56789012",
            "+(370) 41605162",
            "０９０－１２３４－５６７８",
            "41 60 51 62",
            "+44(0)1632 960001",
            "(0212) 345 67 89",
            "50 95 04 18",
            "604 434 076",
            "22/262-5521",
            "07282/49549208",
            "168.223.9324",
            "310 526 79 54",
            "13122676120",
            "00421 2 39153042",
            "8 456 270 25 50",
        ],
    );
    kept(&[
        "2026-11-23",
        "01.02.2026",
        "08.12.2026 10:30",
        "2026-11-23T19:55:08.120Z",
        "2026-11-23 19:55:08",
        "10:15:00",
        "1.2.3",
        "order 1234567",
        "5551234567",
        "019ab2c3-d4e5-7f60-8123-456789abcdef",
        "550e8400-e29b-41d4-a716-446655440000",
        "$1,234,567.89",
        "sku-0001-2222-3333",
        "1440x900",
        "100 200 300",
        "1795463708120",
        "1795463708",
        "0.0612345678",
        "00001234567",
        "3.14159265358979",
        "1 234 567",
        "123 456 789",
        "€604 434 076,50",
        "0 0 1440 900",
        "10 20 30 40 50",
        "12 345 678",
        "978-3-16-148410-0",
        "ISBN 0-306-40615-2",
        "order 0612345678",
        "112-3456789-1234567",
        "585-3055010-9709442",
        "order 13122676120",
        "12345678901",
        "ORD-2026-0001234",
        "5,00 EUR / 12 345 678",
        "1..10000000",
        "in 2026, 10-1500 units",
        "21-19 18-21 21-15",
        "Artikel-Nr. 403 182 11",
        "part number 0675-036-601",
        "#0612345678",
        "(01)23418381184333(17)260131(10)A1549",
        "(01)00160876899849(17)260131",
        "(999) 999-9999",
        "12/5845/7953",
        "04 26 25 46 18 37",
        "855 556 1421 1696",
        "99 746 1824 968",
        "container 693861418875444",
        "type=\"text\" value=\"7615189686940\"",
        "3423 4784 2692",
    ]);
}

#[test]
fn cards() {
    check("paid with 4111 1111 1111 1111 today", "paid with [card] today");
    check("card=5500005555555559&cvc=1", "card=[card]&cvc=[card]");
    check("4111 1111 1111 1111 12/27", "[card] 12/27");
    check("ref 12 4111111111111111", "ref 12 [card]");
    check("q=4111+1111+1111+1111&p=2", "q=[card]&p=2");
    gone(
        "[card]",
        &[
            "4111-1111-1111-1111",
            "3782 822463 10005",
            "378282246310005",
            "6011111111111117",
            "3530111333300000",
            "30569309025904",
            "2223003122003222",
            "6759649826438453",
            "4111.1111.1111.1111",
            "6304 0766 5627 8336 61",
        ],
    );
    check("카드번호 630407665627833661", "카드번호 [card]");
    kept(&[
        "630407665627833661",
        "4111 1111 1111 1112",
        "1234567890123456",
        "0.4111111111111111",
        "a4111111111111111",
        "41111111111111111111111111",
        "4006381333931",
        "1795463708120000",
        // No issuer has so many digits.
        "449320602025802",
        "gid://shop/Product/4960923071550",
    ]);
}

#[test]
fn accounts() {
    check("IBAN DE89 3704 0044 0532 0130 00 and so on", "IBAN [iban] and so on");
    check("to=GB82WEST12345698765432&x", "to=[iban]&x");
    gone(
        "[iban]",
        &[
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO93 8601 1117 947",
            "nl91abna0417164300",
            "MT84-MALT-0110-0001-2345-MTLC-AST0-01S",
            "mt84malt011000012345mtlcast001s",
            "lu83 7998 f34n sdd4 75hu",
        ],
    );
    kept(&[
        "DE88 3704 0044 0532 0130 00",
        "AB12CDEF34567890123",
        "DE89370400440532013000X",
        "Pedido SO56609075 entregado el 2/13/2022",
    ]);
}

#[test]
fn national_ids() {
    check("SSN 078-05-1120.", "SSN [national_id].");
    check("BSN: 214035797", "BSN: [national_id]");
    check("her PESEL is 77082414171", "her PESEL is [national_id]");
    check("Aadhaar no. 2345 6789 0124", "Aadhaar no. [national_id]");
    check("tax id 52586915003, order 77082414171", "tax id [national_id], order 77082414171");
    check("passport C01X00T478 of", "passport [national_id] of");
    check(
        "passport number is CP628297, Ausweis L3J2PK174",
        "passport number is [national_id], Ausweis [national_id]",
    );
    check("784-1965-1857408-0 69415-0180965-8 62.11.15-944-82", "[national_id] [national_id] [national_id]");
    check("AVS 756 8792 1821 42", "AVS [national_id]");
    check("4.755.259-1, GHA-763629391-3; 4RE3-T79-JP82", "[national_id], [national_id]; [national_id]");
    check(
        "cprNr=2904563679, <ppsNumber>9070608BA</ppsNumber>",
        "cprNr=[national_id], <ppsNumber>[national_id]</ppsNumber>",
    );
    check(
        "an item: South African ID number: 9909265359086",
        "an item: South African ID number: [national_id]",
    );
    check(
        "updated Medicare no. to 5140328561, 주민번호: 4101012290851",
        "updated Medicare no. to [national_id], 주민번호: [national_id]",
    );
    check("cartão de cidadão n.º 230313945VD3", "cartão de cidadão n.º [national_id]");
    check(
        "my taiwan id is J237495776, паспорт серии 4611 859154",
        "my taiwan id is [national_id], паспорт серии [national_id]",
    );
    check("id,bsn,status\n4711,307203384,new", "id,bsn,status\n4711,[national_id],new");
    check(
        "status | oib\nnew | 06941521835\nold | 6941521",
        "status | oib\nnew | [national_id]\nold | [national_id]",
    );
    check("taxpayer id: 99110805122", "taxpayer id: [national_id]");
    check("ID number C258320321", "ID number [national_id]");
    check("«Personnummer is 196702109759»", "«Personnummer is [national_id]»");
    check("SVNR: 7462 280643, IdNr. 76 238 957 149", "SVNR: [national_id], IdNr. [national_id]");
    check("?id_no=D202117586, my ID no. is 7483920", "?id_no=[national_id], my ID no. is [national_id]");
    check("RUN: 12228132-9, UID: 4623-9463-2476", "RUN: [national_id], UID: [national_id]");
    for said in
        ["SIN", "SNILS", "ЕГН:", "Teudat Zehut", "rodné číslo", "РНОКПП", "マイナンバー:", "személyi szám"]
    {
        check(&format!("{said} 123456789018"), &format!("{said} [national_id]"));
    }
    check("personal identity code V178543262", "personal identity code [national_id]");
    gone(
        "[national_id]",
        &[
            "219 09 9999",
            "AB123456C",
            "AB 12 34 56 C",
            "12345678Z",
            "12345678-Z",
            "X1234567L",
            "1 72 02 32 013 121 26",
            "RSSMRA85T10A562S",
            "123.456.789-09",
            "12.345.678-5",
            "756.2140.3579.85",
            "7562140357985",
            "20-12345678-6",
            "ABCPE1234F",
            "77082414171",
            "961108-5821",
            "910411-1777631",
            "131052-308T",
            "955503/4632",
            "85.07.30-033.28",
            "11010519491231002X",
            "1-5302-34799-29-7",
            "112-233-445 95",
            "410724199705084264",
            "37605030299",
            "28504161233",
            "01013099997",
            "93051822361",
            "00012511148",
            "0101006500006",
            "2980312440129",
            "8733-3113879-8",
            "620009-2818962",
            "Z-1234567R",
            "S1234567D",
            "A123456789",
            "A123456(3)",
            "VECJ880326QK1",
            "880326-08-5678",
        ],
    );
    check("SSN V-22506935, ok", "SSN [national_id], ok");
    check("passport AB-1234567", "passport [national_id]");
    kept(&[
        "37605030298",
        "order 37605030299",
        "93051822362",
        "2980312440128",
        // Milliseconds since 1970 with the check digit of somebody born in Romania.
        "1760101010001",
        "part V-22506935",
        "123456782",
        "12345678A",
        "AB123456Z",
        "order 214035797",
        "ABCDE1234F",
        "20261123-0001",
        "261123-0002",
        "item 11122233344",
        "national RETURN2024",
        "personal plan v2beta1234",
        "cache-control: public, max-age=19756210",
        "Contract 2023-11027747 renewed",
        "692 93 1042 1472",
        "bsn,order\n1,307203384",
        "rfc CVE-2023-39908",
        "S1234567E",
        "120247198902134513",
        "Sin resultados para 768-2198154-4401501",
        "A123456788",
        "990326-08-56789",
    ]);
}

#[test]
fn network_addresses() {
    check("from 203.0.113.7:8080", "from [ip]:8080");
    check("http://203.0.113.7/x", "http://[ip]/x");
    check("host [2001:db8::ff00:42:8329]:443", "host [[ip]]:443");
    check("server 4.12.0.3", "server [ip]");
    check("路由器MAC地址：00:25:90:E0:F6:3E", "路由器MAC地址：[mac]");
    check("/geo/203.0.113.7/map", "/geo/[ip]/map");
    check("/api/v1/find?peer=213.238.187.216", "/api/v1/find?peer=[ip]");
    check("/api/v1/addr/28.44.181.25?x=1", "/api/v1/addr/[ip]?x=1");
    check("client:2a01:cb00:cbc9:3437:b538:8096:ec4a:17c2 |", "client:[ip] |");
    check("mac:001a.2be7.3b76, mac:00:1a:2b:3c:4d:5e", "mac:[mac], mac:[mac]");
    gone(
        "[ip]",
        &[
            "192.168.100.200",
            "8.134.4.4",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "fe80::1ff:fe23:4567:890a",
            "2001:db8::1",
        ],
    );
    gone("[mac]", &["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "aa:bb:cc:dd:ee:ff"]);
    kept(&[
        "Chrome/120.0.0.0 Safari/537.36",
        "version 10.15.7.1",
        "1.2.3.4",
        "127.0.0.1:3000",
        "255.255.240.0",
        "v10.2.3.4",
        "1.2.3.4.5",
        "256.1.1.1",
        "a::before",
        "std::add",
        "::1",
        "10:15:00",
        "12:30",
        "x::y",
        "26-11-23-19-55-08",
        "00:1A:2B:3C:4D",
        "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD",
        "Chrome 120.0.0.0 on Windows",
        "lib/10.15.7.1/x.js",
        "updated to 4.12.0.3",
    ]);
}

#[test]
fn tokens() {
    let jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    check(&format!("auth {jwt}!"), "auth [token]!");
    check("Authorization: Bearer abcdef-123456", "Authorization: Bearer [token]");
    check("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic [token]");
    // Put together here, so that nothing that searches repositories takes them for real.
    for (prefix, rest) in [
        ("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
        ("xoxb-", "2345678901-abcdefGHIJKL"),
        ("AKIA", "IOSFODNN7EXAMPLE"),
        ("AIza", "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"),
        ("glpat-", "x9Yz8W7v6U5t4S3r2Q1p"),
        ("npm_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
        ("glsa_", "WzI25Pfz3V40lpCuMJ3UzrLYCByzd9dx_01e89813"),
        ("rzp_live_", "HrCnOBEGbmYtWP"),
        ("dapi", "083a4fce34d2064719bb7493ec7b842b"),
        ("pscale_tkn_", "xFmbdZxtNOAFYQmBhxtMbBUpPQUd2rsTDdEctPABKwY"),
        ("SG.", "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmbihYzrnopKc1s5cr"),
        ("key-", "3ax6xnjp29jd6fds4gc373sgvjxteol0".replace(|c: char| !c.is_ascii_hexdigit(), "7").as_str()),
        ("pat", "Qx3bQvEhVAsZtR.4b1f0a7d9c2e8f36a5d4c3b2a1908f7e6d5c4b3a29180f7e6d5c4b3a29180f7e"),
        ("", "a1B2c3D4e5F6g7.atlasv1.hQyXz0aB3cD5eF7gH9iJ1kL3mN5oP7qR9sT1uV3wX5yZ7aB9cD1eF3gH5i"),
        ("", "8a35f7d1c0b24e69a8c7d6e5f4b3a291-us14"),
        ("sdk-", "550e8400-e29b-41d4-a716-446655440000"),
        ("110201543:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"),
        ("", "MTA1Mjc0OTQ2NzYyMzE0NTQ4Nw.GXhqQz.5cA7mN0pQrStUvWxYz1aB2cD3eF4gH5iJ6kL7m"),
        ("secret_", "b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5Q6r7S8t9U0v1W"),
        ("acme_live_", "b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5Q6"),
    ] {
        check(&format!("key {prefix}{rest}, ok"), "key [token], ok");
    }
    let bot = "AALlN7R3TQ8CqRJsziy-GZlzbRApqz_TOKV";
    check(&format!("Bearer 4164695274:{bot}' failed"), "Bearer [token]' failed");
    // Without a form of their own, by the name that stands before them.
    for (name, secret) in [
        ("algolia admin api key=", "94524259656a501084cd83b6e294769b"),
        ("datadog app key: ", "ff20fb1fab8696c92338886f6f7ee3e992026880"),
        ("const AWS_SECRET_ACCESS_KEY = ", "488MYE0KkDpTjaj/ckM4V20JAr6t4Kq3xSJj+dmy"),
        ("DD_APP_KEY = ", "86217a01f1756ad705211f0bca97a06fdd8a7551"),
        ("PAGERDUTY_TOKEN is ", "y_hju5bk_AfVkJoQzI13"),
        (
            "azure storage key is ",
            "BH/VeQ3k2bgrqghKS4UT9i/9zRsNHl4UcKIoKZzF7NOx1sa5pf/iqIIfybiXj5kr7wZWxo3Eoin68y/GbivsYC==",
        ),
        ("cloudflare token ", "vbwos3FuzrX3p4ZkLYsN42An372zhlsT8FN428O0"),
        ("Authorization: SSWS ", "00vlZVs-XK0xpYFLWr2EeBmBxl70XEoPimrzgETt0B"),
        ("service api key ", "550e8400-e29b-41d4-a716-446655440000"),
        ("/view/admin_api_key/", "021d2ff1c011067215f1c07b65c0e6fe"),
        ("", "45fa586192d8d1f92c6a2149ebcc6111-03a8eff2-fb8da9c8"),
        ("", "f57060243239c04744e7708bf07b600ce51fNRAL"),
        ("", "cs_3627ff18c7310706081e311041a56aeed48be022"),
        ("", "pat-eu1-a8fcd346-d1b1-41bf-a566-934e7648dcb2"),
    ] {
        check(&format!("{name}{secret} x"), &format!("{name}[token] x"));
    }
    let hook = ["https://hooks.slack.com/", "services/T0ABCDEF1/B0ABCDEF1/a1B2c3D4e5F6g7H8i9J0k1L2"].concat();
    check(&hook, "https://hooks.slack.com/services/[token]");
    let pem = ["-----BEGIN RSA PRIVATE ", "KEY-----\nMIIEowIBAAKCAQEA75\n-----END RSA PRIVATE ", "KEY-----"]
        .concat();
    check(&format!("a {pem} b"), "a [private_key] b");
    check(&pem[..60], "[private_key]");
    check(&pem.replace(' ', "+"), "[private_key]");
    kept(&[
        "bearer of bad news",
        "Basic authentication",
        "Basic subscription",
        "sk-folding-cube-container",
        "pt.Wikipedia_Artigo_2024",
        "oy2dy4nggqxn07gzyiivga",
        "OAmhZVn0P30JJ0PAjcu6cGMMjxM1Qtj0sskzB3gU_OHerDQvMDp2==",
        "npm_config_registry_url",
        "main.8f3a9c1b2d4e5f60718293a4b5c6d7e8.js",
        "eyJust a word",
        "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA75Zm3R\n",
        "github_pat_documentation_page",
        "sk_landing_page_2024_QX1",
        "secret_santa_landing_page",
        "key-features-2024-Q1-overview-of-it",
        "price_1MoBy5LkdIwHu7ixZhnattbh",
        "d41d8cd98f00b204e9800998ecf8427e-us",
        "v1.0-rc1-20240518123456",
        "multipart/form-data; boundary=----WebKitFormBoundary2wol1sN25JhwEVqd",
        "cache key 8f3a9c1b2d4e5f60718293a4b5c6d7e8",
        "primary key 550e8400-e29b-41d4-a716-446655440000",
        "the token is not valid since 2024-10-12",
        "if (token === undefined)",
        "feature-SomeVeryLongNameOfAComponent2024",
    ]);
}

#[test]
fn what_urls_carry() {
    check("https://ada:pw@example.org/x", "https://[password]@example.org/x");
    check("postgres://u:p@localhost:5432/db", "postgres://[password]@localhost:5432/db");
    check("redis://:a%20b%2Fc@localhost:6379", "redis://[password]@localhost:6379");
    check(
        "/go?to=https%3A%2F%2Fu%3Ap%40h%2Fx&hmac=abc",
        "/go?to=https%3A%2F%2F[password]%40h%2Fx&hmac=[token]",
    );
    check("/cb?code=abc&state=CA#access_token=x.y&n=1", "/cb?code=[token]&state=CA#access_token=[token]&n=1");
    check("/login?next=%2Fcb%3Ftoken%3Dabc%26page%3D2", "/login?next=%2Fcb%3Ftoken%3D[token]%26page%3D2");
    check("/x?first_name=Ada&user%5Bemail%5D=a", "/x?first_name=[name]&user%5Bemail%5D=[email]");
    check("?X-Amz-Signature=abc&q=shoes", "?X-Amz-Signature=[token]&q=shoes");
    check(r#"{"user":"x","password":"hunter2","n":1}"#, r#"{"user":"x","password":"[password]","n":1}"#);
    check("failed: password=hunter2, retry", "failed: password=[password], retry");
    check("?token=a%20ada@example.org&x", "?token=[token]&x");
    check("?lang=de&_csrf=J5H5CGGL&oobCode=x1", "?lang=de&_csrf=[token]&oobCode=[token]");
    check(r#"const API_TOKEN = "TF6h7lpCktXL";"#, r#"const API_TOKEN = "[token]";"#);
    check("theme=dark; session=abc; x=1", "theme=dark; session=[token]; x=1");
    kept(&[
        "?q=shoes&page=2&sort_key=price&promo_code=SAVE20&country_code=DE",
        "status code=200",
        "key=value",
        "a == b",
        "https://example.org:8080/a@b/c",
        "password: too short",
        "{\"has_email\":true,\"email\": false,\"phone\":null}",
        "/docs#session-handling",
        "?token=&code=",
        "address=0x7ffe",
        // Numbers of campaigns have eleven digits, as identity and telephone numbers do.
        "?utm_source=google&utm_campaign=77082414171&utm_content=18594874336",
        "/campaigns/77082414171?ad=18594874336",
    ]);
}

#[test]
fn side_by_side() {
    check("ada@example.org +49 30 1234567 4111111111111111", "[email] [phone] [card]");
}

#[test]
fn what_is_nobodys_survives() {
    kept(&[
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPod; U; CPU iPhone OS 3_2 like Mac OS X; da-DK) Version/3.0.5 Mobile/8B119 Safari/6531.13.5",
        "/c/national-remember-43659902?page=2",
        "RR123456785CN",
        "main > section:nth-child(4) button.cta-abcdef",
        "#ff00aa",
        "rgba(255, 255, 255, 0.5)",
        "1,299.00 €",
        "$ 1 299 000.00",
        "/static/js/2.d41d8cd98f00b204e9800998ecf8427e.chunk.js",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "usb-c hub 7-in-1 4k@60hz",
        "SKU-8842-XL",
        "INV-2026-000451",
        "room 101 200-300",
        "3.2.1-beta.4+20261123",
        "9781861972712",
        "1795463708120",
        "2026-W48-1",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        "M12 2C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 10-10",
        "0x1f98431c8ad98523631ae4a59f267346ea31f984",
        "GTM-5XK2J9",
        "iPhone 15 Pro Max 256GB",
        "52.520008, 13.404954",
    ]);
}
