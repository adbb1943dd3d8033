//! What keys mean, and what a project's rules change.

use pharos_model::pii::{Kind, KindCounts, Redaction, Rules};
use pharos_model::properties;

fn strip_by(rules: &Rules, text: &str) -> (String, Vec<Redaction>) {
    let (mut out, mut report) = (String::new(), Vec::new());
    properties::strip(text, rules, &mut report, &mut out).unwrap();
    (out, report)
}

#[track_caller]
fn becomes(rules: &str, text: &str, wanted: &str) {
    assert_eq!(strip_by(&Rules::parse(rules).unwrap(), text).0, wanted, "{rules} {text}");
}

fn kind_of(key: &str) -> Option<Kind> {
    let (_, report) = strip_by(&Rules::default(), &serde_json::json!({ key: "x" }).to_string());
    report.first().map(|redaction| redaction.kind)
}

#[test]
fn keys_in_any_style() {
    let cases: &[(Kind, &str)] = &[
        (
            Kind::Email,
            "email Email userEmail user_email e-mail e_mail email_address emailAddress contact.email emails EMAIL useremail EMAIL_ADDRESS email2",
        ),
        (
            Kind::Phone,
            "phone phoneNumber phone_number mobile tel telephone home_phone fax phone1 phonenumber contact.phone HomePhoneNumber work-phone",
        ),
        (
            Kind::Name,
            "first_name lastName fullName surname username billing.first_name cardholderName FIRST_NAME givenName",
        ),
        (
            Kind::Address,
            "address billing_address shippingAddress address1 address_line_2 addressLine1 street_address addr addresses zipCode postcode",
        ),
        (Kind::Card, "card_number cardNumber creditCard cc_number cvc CVV2 security_code"),
        (Kind::Iban, "iban IBAN customerIban bank_account accountNumber"),
        (Kind::NationalId, "ssn SSN social_security_number passportNumber tax_id nationalId drivers_license"),
        (Kind::BirthDate, "dob date_of_birth birthDate birthday"),
        (Kind::Ip, "ip ip_address clientIp remote_addr ipv4 ipAddress"),
        (Kind::Mac, "mac_address macAddress"),
        (Kind::Password, "password newPassword passwd pin client_secret"),
        (
            Kind::Token,
            "authorization Authorization cookie set-cookie access_token apiKey x-api-key sessionToken privateKey \
             session_id sessionId JSESSIONID bearertoken \
             service_account_key DD_APP_KEY id_token_hint",
        ),
    ];
    for (kind, keys) in cases {
        for key in keys.split(' ') {
            assert_eq!(kind_of(key), Some(*kind), "{key}");
        }
    }
}

#[test]
fn innocent_neighbours() {
    let keys = "email_opened phone_model address_count name_of_feature microphone headphones hotel event path mobile_menu addressed \
                emailed name product_name file_name page_title ship zip_file syntax_id session_count ga_session_id country_code sort_key tokenizer \
                cookie_consent has_phone isMobile voicemail pinned iphone description company card cards lat lng passenger_count \
                screen_name authored_by keyboard secretary telemetry total_tokens ipsum tip skip password_strength \
                num_phones numEmails min_birth_year field_errors.email errors.phone product_display_name local_storage_key instruction_addr gtm_container";
    for key in keys.split_whitespace() {
        assert_eq!(kind_of(key), None, "{key}");
    }
    assert_eq!(kind_of(""), None);
    assert_eq!(kind_of("ada@example.org"), Some(Kind::Email));
}

#[test]
fn the_default_is_strict() {
    for rules in ["{}", r#"{"kinds":{},"keys":{},"allow":[],"patterns":[]}"#, " { } "] {
        assert_eq!(Rules::parse(rules), Ok(Rules::default()));
    }
}

#[test]
fn a_kind_may_be_kept_removed_masked_or_hashed() {
    let text = r#"{"email":"a@b.de","note":"to a@b.de!"}"#;
    becomes("{}", text, r#"{"note":"to [email]!"}"#);
    becomes(r#"{"kinds":{"email":"strip"}}"#, text, r#"{"note":"to [email]!"}"#);
    becomes(r#"{"kinds":{"email":"remove"}}"#, text, r#"{"note":"to !"}"#);
    becomes(r#"{"kinds":{"email":"mask"}}"#, text, r#"{"email":"[email]","note":"to [email]!"}"#);
    becomes(r#"{"kinds":{"email":"keep"}}"#, text, text);
    // Pinned: printf 'pharos pii 1\0[email]a@b.de' | sha256sum
    becomes(
        r#"{"kinds":{"email":"hash"}}"#,
        text,
        r#"{"email":"[email:8583c11c]","note":"to [email:8583c11c]!"}"#,
    );
    becomes(r#"{"kinds":{"card":"remove"}}"#, r#"{"n":[4111111111111111]}"#, r#"{"n":[null]}"#);
    becomes(r#"{"kinds":{"email":"mask"}}"#, r#"{"email":{"a":[1]}}"#, r#"{"email":"[email]"}"#);
    // What is kept is still not something else.
    becomes(
        r#"{"kinds":{"card":"keep"}}"#,
        r#"{"n":"4111 1111 1111 1111"}"#,
        r#"{"n":"4111 1111 1111 1111"}"#,
    );
}

#[test]
fn coordinates_by_setting() {
    let text = r#"{"lat":52.52,"geo":{"longitude":13.4},"note":"at 52.5200, 13.4050"}"#;
    becomes("{}", text, text);
    becomes(r#"{"kinds":{"coordinates":"strip"}}"#, text, r#"{"geo":{},"note":"at [coordinates]"}"#);
}

#[test]
fn properties_by_name() {
    let text = r#"{"crewCode":"x 1","nick":"y","support":{"email":"a@b.de"},"n":1}"#;
    becomes(
        r#"{"keys":{"crew_code":"remove","nick":"mask"}}"#,
        text,
        r#"{"nick":"[custom]","support":{},"n":1}"#,
    );
    becomes(r#"{"allow":["Email"]}"#, text, text);
    becomes(
        r#"{"keys":{"n":"hash","email":"keep"}}"#,
        r#"{"n":"[custom:0123abcd]"}"#,
        r#"{"n":"[custom:0123abcd]"}"#,
    );
    becomes("{}", r#"{"ok":{"email":"x"}}"#, r#"{"ok":{}}"#);
    let rules = Rules::default().allow_key("email");
    assert_eq!(strip_by(&rules, r#"{"email":"a@b.de"}"#).0, r#"{"email":"a@b.de"}"#);
}

#[test]
fn what_is_allowed_passes_by_itself() {
    let rules = r#"{"allow":["support_email"]}"#;
    // Its own value, and the elements of it; nobody else's.
    for kept in [
        r#"{"support_email":"help@shop.example"}"#,
        r#"{"supportEmail":["a@b.de",["c@d.fr",4111111111111111]]}"#,
        r#"{"team":{"support-email":"a@b.de"}}"#,
    ] {
        becomes(rules, kept, kept);
    }
    becomes(
        rules,
        r#"{"support_email":{"email":"a@b.de","note":"a@b.de","n":[{"to":"a@b.de"}]},"note":"a@b.de"}"#,
        r#"{"support_email":{"note":"[email]","n":[{"to":"[email]"}]},"note":"[email]"}"#,
    );
    // To keep a name is less: what it holds is searched.
    becomes(
        r#"{"keys":{"nickname":"keep"}}"#,
        r#"{"nickname":"ada","nick_name":"ada@example.org"}"#,
        r#"{"nickname":"ada","nick_name":"[email]"}"#,
    );
}

#[test]
fn what_was_stripped_is_counted_by_kind() {
    let text = r#"{"email":"a@b.de","note":"a@b.de, +49 30 1234567","n":{"ssn":1}}"#;
    let (mut out, mut counts) = (String::new(), KindCounts::default());
    properties::strip(text, &Rules::default(), &mut counts, &mut out).unwrap();
    let counted: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [(Kind::Email, 2), (Kind::Phone, 1), (Kind::NationalId, 1)]);
    counts.add(&counts.clone());
    assert_eq!(counts.total(), 8);
}

#[test]
fn patterns_of_the_project() {
    let rules = r#"{"patterns":["EMP-######","??##**"]}"#;
    becomes(
        rules,
        r#"{"note":"by EMP-004217, xEMP-004217 emp-0042171"}"#,
        r#"{"note":"by [custom], xEMP-004217 emp-0042171"}"#,
    );
    becomes(rules, r#"{"note":"ab12c3"}"#, r#"{"note":"[custom]"}"#);
}

#[test]
fn a_mistake_names_its_field() {
    let refused = |rules: &str| Rules::parse(rules).unwrap_err();
    for (rules, field) in [
        ("", ""),
        ("[]", ""),
        ("{} x", ""),
        (r#"{"kind":{}}"#, "kind"),
        (r#"{"kinds":[]}"#, "kinds"),
        (r#"{"kinds":{"emial":"keep"}}"#, "kinds.emial"),
        (r#"{"kinds":{"email":"drop"}}"#, "kinds.email"),
        (r#"{"keys":{"a":1}}"#, "keys.a"),
        (r#"{"allow":"email"}"#, "allow"),
        (r#"{"allow":[1]}"#, "allow"),
        (r##"{"patterns":["#"]}"##, "patterns"),
        (r#"{"allow":["a" "b"]}"#, "allow"),
    ] {
        assert_eq!(refused(rules).field, field, "{rules}");
    }
    assert_eq!(
        refused(r#"{"kinds":{"email":"drop"}}"#).to_string(),
        "in the pii rules, kinds.email: expected one of strip, remove, mask, hash, keep"
    );
}
