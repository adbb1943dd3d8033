//! A small corpus by another hand than the one the detectors were tuned on (tests/privacy): what is found
//! in it as what, and what comes out as it went in.

use pharos_model::pii::{Redaction, Rules};
use pharos_model::properties;

const CORPUS: &str = include_str!("pii_elsewhere.txt");

/// The properties of a line's text; and what became of them.
fn strip(text: &str) -> (String, String, Vec<Redaction>) {
    let text = text.replace('~', "").replace("\\n", "\n");
    let properties =
        if text.starts_with('{') { text } else { serde_json::json!({ "message": text }).to_string() };
    let (mut out, mut report) = (String::new(), Vec::new());
    properties::strip(&properties, &Rules::default(), &mut report, &mut out).unwrap();
    (properties, out, report)
}

#[test]
fn what_was_planted_is_found_as_what_it_is() {
    let mut others = Vec::new();
    for line in CORPUS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (wanted, text) = line.split_once('|').unwrap();
        let (before, after, report) = strip(text);
        let kinds: Vec<_> = report.iter().map(|redaction| redaction.kind.as_str()).collect();
        let as_wanted = if wanted == "-" { before == after } else { kinds.contains(&wanted) };
        if !as_wanted {
            others.push((line, after));
        }
    }
    assert_eq!(others, []);
}

#[test]
fn names_of_properties() {
    let kept: Vec<_> = KEYS
        .split_whitespace()
        .filter(|key| {
            let properties = serde_json::json!({ "user": { *key: "x" } }).to_string();
            strip(&properties).1 != r#"{"user":{}}"#
        })
        .collect();
    assert_eq!(kept, [""; 0]);
}

const KEYS: &str = "
    email Email EMAIL e_mail eMail E-Mail userEmail user_email user-email UserEmail customerEmail
    primary_email emailAddress email_address EmailAddress contactEmail login_email recoveryEmail mail
    userMail email1 alt_email emailAddr email_addr emails phone Phone phoneNumber phone_number
    phone-number PhoneNumber mobile mobilePhone mobile_number cellphone cell_phone telephone tel fax
    homePhone work_phone contactPhone phone_no whatsapp msisdn telNo phoneNo first_name firstName
    FirstName firstname last_name lastName lastname fullName full_name surname given_name family_name
    middle_name maidenName username userName user_name customerName customer_name nickname displayName
    name_first name_last contactName billingName recipient_name address Address billingAddress
    billing_address shipping_address shippingAddress homeAddress street street_address streetAddress
    addressLine1 address_line_1 address1 postcode post_code postalCode zip zipCode zip_code houseNumber
    mailing_address deliveryAddress user_address ssn SSN socialSecurityNumber social_security_number
    social_security nationalId national_id passport passportNumber passport_number taxId tax_id
    drivers_license driverLicense driving_licence_number nationalInsuranceNumber aadhaar pan_number cpf
    password Password passwd pwd userPassword user_password newPassword passphrase pin secret
    clientSecret client_secret passcode current_password password_confirmation passwordHash token
    accessToken access_token refresh_token authToken auth_token apiKey api_key apikey API_KEY x-api-key
    authorization Authorization bearer jwt sessionToken session_token csrfToken cookie Cookie set-cookie
    privateKey private_key secretKey secret_key access_key id_token authorizationHeader iban IBAN
    bankAccount bank_account accountNumber account_number bank_account_number sortCode routing_number
    swift_iban cardNumber card_number creditCard credit_card creditCardNumber credit_card_number
    ccNumber cc_number cvv CVV cvc cardCvv card_cvc securityCode card_expiry debitCardNumber dob DOB
    dateOfBirth date_of_birth birthDate birth_date birthday birthdate userDob bornOn ip ipAddress
    ip_address clientIp client_ip remoteAddr remote_addr userIp x-forwarded-for x_real_ip ipv4 ipv6
    ip_addr macAddress mac_address hw_address contraseña Prénom endereço NUMÉRO_TÉLÉPHONE Führerscheinnummer
    straße Anschrift kontoinhaber benutzername nombreDeUsuario pasaporte otpCode totp seed_phrase nameOnCard
    direcciónEnvío cuentaBancaria bankverbindung rua calle customerphone workphone fechaNacimiento
    imeiNumber smsCode parolaChiave volledigeNaam acctNumber oneTimeCode nameOfCustomer writeKey _csrf claveApi
";
