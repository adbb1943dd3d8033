//! Keys that say their value is personal. A key is split into words (`billingAddress`,
//! `billing_address`, `billing.address`: the same two) and what it *ends* with decides: an
//! `email_address` is an address, an `address_count` is a count. The objects around it count as its
//! first words, so that the `number` in `card` is a `card_number`.

use super::Kind;
use super::scan::{before, class, is};

/// Names of what is personal, as the end of a key. `_` stands where words may be written apart or as
/// one (`e_mail`); `*` before a name says that it tells even as the end of a longer word
/// (`useremail`), which `phone` does not (`microphone`). The longest ending decides. Trailing digits
/// are not part of a key (`address1`), and marks between words are not part of a name. `city` and `country` are not here: they say little of one.
const NAMES: &[(Meaning, &str)] = &[
    (Personal(Kind::Email), "*e_mail *e_mails mail mails *e_mail_address *e_mail_addresses correo courriel"),
    (
        Personal(Kind::Phone),
        "phone phones *tele_phone *cell_phone *mobile_phone mobile tel fax fax_number cell_number *phone_number \
         *phone_numbers *phone_no *mobile_number *mobile_no tel_number contact_number whats_app msisdn *telefon \
         *telefono *telefone telefon_nummer handy handy_nummer",
    ),
    // Not `name` alone, which products, pages and campaigns have.
    (
        Personal(Kind::Name),
        "*first_name *last_name *full_name *middle_name *given_name *family_name *maiden_name *nick_name *sur_name \
         fore_name *user_name display_name real_name legal_name customer_name client_name \
         contact_name person_name patient_name employee_name recipient_name sender_name receiver_name guest_name \
         passenger_name member_name student_name buyer_name owner_name account_name *holder_name *card_holder *card_holder_name \
         account_holder billing_name shipping_name delivery_name mother_name spouse_name child_name visitor_name \
         user_names author_name first_names last_names f_name l_name vor_name nach_name prenom nom_de_famille \
         cognome apellido apellidos sobrenome login_name applicant_name",
    ),
    (
        Personal(Kind::Address),
        "address addresses addr *address_line street street_name street_number *street_address house_number \
         *post_code *postal_code *zip_code zip apartment_number building_number strasse adresse direccion \
         indirizzo endereco plz post_leit_zahl home_town",
    ),
    (
        Personal(Kind::Card),
        "*card_number *card_no *card_num *credit_card *debit_card credit_cards payment_card *cc_number cc_num cc_no \
         cvc cvv csc cvn card_code *security_code card_expiry card_exp card_expiration *card_cvc *card_cvv \
         card_pan pan_number primary_account_number",
    ),
    (
        Personal(Kind::Iban),
        "iban ibans bban *bank_account *bank_account_number *account_number account_no routing_number sort_code \
         konto_nummer",
    ),
    (
        Personal(Kind::NationalId),
        "ssn ssns itin *social_security *social_security_number *social_security_no nino national_insurance \
         *national_insurance_number *national_id national_identity *national_id_number *identity_number *id_number \
         id_card id_card_number *identity_card personal_id personal_number person_number *personnummer citizen_id \
         tax_id tax_id_number tax_number *tax_payer_id tin vat_number passport passport_id *passport_number \
         passport_no drivers_license driver_license *license_number licence_number driving_licence \
         driving_license driver_licence license_plate number_plate nhs_number medicare_number insurance_number \
         social_insurance_number health_card cpf cnpj curp dni nie nif nir bsn pesel aadhaar aadhar pan_card \
         steuer_id codice_fiscale",
    ),
    (
        Personal(Kind::BirthDate),
        "dob *date_of_birth birth_date birth_day birth_dates born_on born birth_year year_of_birth \
         *place_of_birth geburts_datum fecha_de_nacimiento date_de_naissance",
    ),
    (
        Personal(Kind::Ip),
        "ip ips ipv *ip_address *ip_addresses *ip_addr remote_addr remote_ip client_ip forwarded_for real_ip",
    ),
    (Personal(Kind::Mac), "*mac_address mac_addr mac_addresses hardware_address bssid"),
    (
        Personal(Kind::Coordinates),
        "latitude longitude lat lng lon lat_lng lat_lon lat_long coords coordinates geo_location geo_point gps",
    ),
    (
        Personal(Kind::Password),
        "*pass_word *pass_words *pass_wd pwd pass_phrase pass_code passwort kennwort contrasena senha \
         mot_de_passe pin pin_code secret secrets credential credentials security_answer security_question otp \
         one_time_password mfa_code verification_code recovery_code *client_secret",
    ),
    (
        Personal(Kind::Token),
        "token tokens *access_token *refresh_token *id_token *auth_token *session_token *api_token *csrf_token \
         *xsrf_token *api_key api_keys *secret_key *access_key access_key_id *private_key auth_key encryption_key \
         signing_key *authorization auth_header authorisation cookie cookies *set_cookie session_cookie \
         session_key jwt bearer x_api_key service_key license_key aws_secret webhook_secret",
    ),
    // Their ends would tell, and they are not.
    (
        Innocent,
        "*voice_mail direct_mail design_tokens design_token page_token next_token \
                snail_mail max_tokens total_tokens prompt_tokens completion_tokens input_tokens output_tokens \
                cursor_token memory_address map_pin",
    ),
    // Only as the name of a parameter, and only as all of it: a `promo_code` is none of these.
    (
        ParameterWhole,
        "code key session session_id sid sess sess_id php_sess_id j_session_id auth hash_token ticket saml_response \
         saml_request assertion pass pw user_id uid",
    ),
    (ParameterEnd, "signature sig"),
];

use Meaning::{Innocent, ParameterEnd, ParameterWhole, Personal};

#[derive(Clone, Copy)]
enum Meaning {
    Personal(Kind),
    Innocent,
    ParameterWhole,
    ParameterEnd,
}

/// The names as hashes of their letters: a key costs a look or two, and the text of the names is not
/// part of the program. A name's place is given by the first bits of its hash, or is the next free one
/// after that; the other bits are kept there. A few hundred names in four thousand million hashes:
/// that a key is taken for a name it is not does not happen.
static TABLE: [u32; PLACES] = table();
const PLACES: usize = 512;
/// Bits of a place's content that are not of the hash: those the place itself tells.
const MARK_BITS: u32 = PLACES.trailing_zeros();
/// A name is here.
const TAKEN: u32 = 0x40;
const GLUED: u32 = 0x20;
const MEANING: u32 = 0x1f;
const INNOCENT: u32 = 0x1f;
const WHOLE: u32 = 0x1e;
const PARAMETER: u32 = 0x1d;

/// Letters of the shortest name that tells as the end of a longer word; words of the longest name.
const GLUED_LETTERS_MIN: usize = 5;
const WORDS_MAX: usize = 4;

/// The hash of a name's letters, from the last to the first (FNV-1a).
const HASH_OF_NOTHING: u32 = 0x811c_9dc5;
const fn with_letter(hash: u32, letter: u8) -> u32 {
    (hash ^ letter as u32).wrapping_mul(0x0100_0193)
}

const fn table() -> [u32; PLACES] {
    let mut places = [0; PLACES];
    let mut row = 0;
    while row < NAMES.len() {
        let names = NAMES[row].1.as_bytes();
        let meaning = match NAMES[row].0 {
            Personal(kind) => kind as u32,
            Innocent => INNOCENT,
            ParameterWhole => WHOLE,
            ParameterEnd => PARAMETER,
        };
        // From the end, as keys are read.
        let mut at = names.len();
        while at > 0 {
            let mut hash = HASH_OF_NOTHING;
            let mut glued = 0;
            while at > 0 && names[at - 1] != b' ' {
                at -= 1;
                match names[at] {
                    b'_' => {}
                    b'*' => glued = GLUED,
                    letter => hash = with_letter(hash, letter),
                }
            }
            if hash != HASH_OF_NOTHING {
                let mut place = place(hash);
                while places[place] != 0 {
                    place = (place + 1) % PLACES;
                }
                places[place] = hash << MARK_BITS | TAKEN | glued | meaning;
            }
            at = at.saturating_sub(1);
        }
        row += 1;
    }
    places
}

/// A bit for each hash of the last three letters of a name.
static ENDS: Ends = {
    let mut ends = Ends([0; 32]);
    let mut row = 0;
    while row < NAMES.len() {
        let names = NAMES[row].1.as_bytes();
        let mut at = names.len();
        while at > 0 {
            let mut hash = HASH_OF_NOTHING;
            let mut letters = 0;
            while at > 0 && names[at - 1] != b' ' {
                at -= 1;
                if names[at] != b'_' && names[at] != b'*' && letters < 3 {
                    hash = with_letter(hash, names[at]);
                    letters += 1;
                }
            }
            ends.0[(hash >> 27) as usize] |= 1 << (hash >> 22 & 31);
            at = at.saturating_sub(1);
        }
        row += 1;
    }
    ends
};

struct Ends([u32; 32]);

impl Ends {
    fn knows(&self, hash: u32) -> bool {
        self.0[(hash >> 27) as usize] & 1 << (hash >> 22 & 31) != 0
    }
}

const fn place(hash: u32) -> usize {
    (hash >> (32 - MARK_BITS)) as usize
}

/// What the value of `key` is, going by the key alone: its last letters, whatever their case and what
/// stands between them. A path is a key too. Names that mean a secret in URLs only are known where it
/// `is_in_url`.
#[inline(never)]
pub(super) fn kind(key: &[u8], is_in_url: bool) -> Option<Kind> {
    let mut hash = HASH_OF_NOTHING;
    let mut letters = 0;
    let mut words = 0;
    let mut found = INNOCENT;
    let mut after = 0u8;
    let mut at = key.len();
    while at > 0 && words < WORDS_MAX {
        at -= 1;
        let byte = key[at];
        if is(byte, class::LETTER | class::HIGH) {
            let letter = byte.to_ascii_lowercase();
            hash = with_letter(hash, letter);
            // Most keys are told from all names by their last three letters.
            if letters == 2 && !ENDS.knows(hash) {
                break;
            }
            letters += 1;
            // `userEmail` breaks before the capital, `HTTPServer` before the last of them.
            let left = before(key, at);
            let apart = !is(left, class::LETTER | class::HIGH)
                || byte.is_ascii_uppercase() && (left.is_ascii_lowercase() || after.is_ascii_lowercase());
            if apart || words == 0 && letters >= GLUED_LETTERS_MIN {
                // The longest name wins, so that an `email_address` is not a postal address.
                if let Some(mark) = look_up(hash) {
                    let fits = match mark & MEANING {
                        WHOLE => is_in_url && at == 0,
                        PARAMETER => is_in_url && apart,
                        _ => apart || mark & GLUED != 0,
                    };
                    found = if fits { mark } else { found };
                }
            }
            words += usize::from(apart);
        }
        after = byte;
    }
    match found & MEANING {
        INNOCENT => None,
        WHOLE | PARAMETER => Some(Kind::Token),
        kind => Kind::ALL.get(kind as usize).copied(),
    }
}

/// What the name with `hash` means, if it is one.
fn look_up(hash: u32) -> Option<u32> {
    let mut place = place(hash);
    loop {
        let there = TABLE[place % PLACES];
        if there == 0 {
            return None;
        }
        if (there ^ hash << MARK_BITS) >> MARK_BITS == 0 {
            return Some(there);
        }
        place += 1;
    }
}
