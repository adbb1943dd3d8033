//! The words that tell: names of properties whose values are personal, and what is said before a number.
//! Kept as a table of hashes, so that a look costs one or two places whatever the table's length, and the
//! page loads two bytes and a half a word instead of its letters.

use super::Kind;

// What the last table of names has besides kinds, in the places of kinds that no name tells.

/// The name's end would tell, and it does not.
pub(super) const INNOCENT: u8 = Kind::PrivateKey as u8;
/// Tells only as the name of a parameter, and only as all of it: a `promo_code` is none of these.
pub(super) const PARAMETER_WHOLE: u8 = Kind::Custom as u8;
/// Tells only as the end of a parameter's name.
pub(super) const PARAMETER_END: u8 = Kind::Custom as u8 + 1;

/// Names of what is personal, as the end of a key. `_` stands where words may be written apart or as
/// one (`e_mail`). The longest ending decides. Trailing digits are not part of a key (`address1`), and
/// marks between words are not part of a name. `city` and `country` are not here: they say little of one.
pub(super) const NAMES: &[(u8, &str)] = &[
    (
        Kind::Email as u8,
        "e_mail e_mails mail mails e_mail_cliente e_mail_address e_mail_addresses correo courriel \
         e_mail_id correo_electronico",
    ),
    (
        Kind::Phone as u8,
        "phone phones tele_phone cell_phone mobile_phone mobile tel tel_no fax fax_number land_line cell_number phone_number \
         phone_numbers phone_no mobile_number mobile_no tel_number contact_number contact_no whats_app whats_app_number msisdn telefon \
         telefono telefone telefoon telefon_nummer telefoon_nummer handy handy_nummer movil celular cellulare tele_movel rufnummer \
         festnetz home_phone work_phone user_phone contact_phone customer_phone client_phone office_phone phone_num mobile_num",
    ),
    // Not `name` alone, which products, pages and campaigns have.
    (
        Kind::Name as u8,
        "first_name last_name full_name middle_name given_name family_name maiden_name nick_name sur_name \
         fore_name user_name display_name real_name legal_name customer_name client_name \
         contact_name person_name patient_name employee_name recipient_name sender_name receiver_name guest_name \
         passenger_name member_name student_name buyer_name owner_name account_name holder_name card_holder card_holder_name \
         account_holder billing_name shipping_name delivery_name mother_name spouse_name child_name visitor_name \
         user_names author_name first_names last_names f_name l_name vor_name nach_name prenom nom_de_famille \
         cognome apellido apellidos sobrenome login_name applicant_name name_first name_last given_names name_given \
         name_family customer_first customer_last nach_name voor_naam achter_naam imie nazwisko nombre_completo \
         nome_completo nom_complet primer_nombre primeiro_nome for_namn efter_namn familien_name konto_inhaber ansprech_partner \
         ansprech_partner_name benutzer_name nutzer_name usuario user_login nombre_de_usuario nombre_usuario nome_de_usuario nome_utente \
         nom_utilisateur gebruikers_naam name_on_card name_of_customer nome_cliente nom_client kunden_name klant_naam \
         payee_name beneficiary_name traveler_name traveller_name invitee_name birth_name nombre_cliente karten_inhaber roep_naam \
         familie_naam user_handle doctor_name vollstandiger_name vollstaendiger_name volledige_naam nombre_de_pila nombre_pila nom_famille nome_proprio apelido geburts_name nom_de_naissance nome_do_titular titulaire_du_compte rekening_houder",
    ),
    (
        Kind::Address as u8,
        "address addresses addr address_line street street_name street_number street_address house_number \
         post_code postal_code zip_code zip apartment_number building_number strasse adresse direccion \
         indirizzo endereco plz post_leit_zahl anschrift strase straat straat_naam huis_nummer haus_nummer adres adress calle rua rue ulica \
         morada adresse_livraison adresse_postale direccion_envio endereco_entrega via_e_numero postcode_bezorging street_name_and_number logradouro adresse_ligne indirizzo_fatturazione woon_adres bezorg_adres adress_zeile domicilio direccion_de_envio indirizzo_di_spedizione cep home_street home_town billing_line shipping_line code_postal codigo_postal \
         codice_postale",
    ),
    (
        Kind::Card as u8,
        "card_number card_no card_num credit_card debit_card credit_cards payment_card cc_number cc_num cc_no \
         cvc cvv csc cvn card_code security_code card_expiry card_exp card_expiration card_cvc card_cvv \
         card_pan pan_number primary_account_number kredit_karte karten_nummer numero_tarjeta numero_carte numero_carta \
         numero_cartao codigo_seguridad codigo_seguranca code_securite codice_sicurezza beveiligings_code cryptogramme \
         prufziffer_karte pruefziffer_karte card_pin carte_bancaire card_verification_value ccv card_expiry_date",
    ),
    (
        Kind::Iban as u8,
        "iban ibans bban bank_account bank_account_number account_number account_no routing_number sort_code \
         konto_nummer bank_verbindung compte_bancaire cuenta_bancaria conta_bancaria conto_bancario rekening_nummer \
         numero_compte numero_cuenta numero_conta numero_conto numero_de_compte numero_de_cuenta payee_account bsb acct_number acct_no",
    ),
    (
        Kind::NationalId as u8,
        "ssn ssns itin social_security social_security_number social_security_no nino national_insurance \
         national_insurance_number national_id national_identity national_id_number identity_number id_number \
         id_card id_card_number identity_card personal_id personal_number person_number personnummer citizen_id \
         tax_id tax_id_number tax_number tax_payer_id tin vat_number passport passport_id passport_number \
         passport_no drivers_license driver_license license_number licence_number driving_licence \
         driving_license driver_licence license_plate number_plate nhs_number medicare_number insurance_number \
         social_insurance_number health_card cpf cnpj curp dni nie nif nir bsn pesel aadhaar aadhar pan_card \
         steuer_id codice_fiscale user_ssn cedula pasaporte passaporto passeport numero_passeport reise_pass reise_pass_nummer pass_nummer paspoort_nummer \
         fuhrerschein_nummer fuehrerschein_nummer mrn medical_record_number rijbewijs_nummer document_number nin numero_documento nro_documento my_number individual_number voter_id patient_id residence_permit_number ausweis_nummer securite_sociale steuer_nummer",
    ),
    (
        Kind::BirthDate as u8,
        "dob date_of_birth birth_date birth_day birth_dates born_on born birth_year year_of_birth \
         place_of_birth day_of_birth user_dob geburts_datum geburts_tag fecha_de_nacimiento fecha_nacimiento \
         date_de_naissance date_naissance data_de_nascimento data_nascimento data_di_nascita geboorte_datum data_nascita birth_place birth_city city_of_birth geb_datum nascimento",
    ),
    (
        Kind::Ip as u8,
        "ip ips ipv ip_address ip_addresses ip_addr remote_addr remote_ip client_ip user_ip forwarded_for real_ip",
    ),
    (
        Kind::Mac as u8,
        "imei imei_number imei_nummer device_imei numero_imei mac mac_address mac_addr mac_addresses hardware_address bssid",
    ),
    (
        Kind::Coordinates as u8,
        "latitude longitude lat lng lon lat_lng lat_lon lat_long coords coordinates geo_location geo_point gps",
    ),
    (
        Kind::Password as u8,
        "pass_word pass_word_confirmation pass_word_confirm pass_word_hash pass_words pass_wd pwd pass_phrase pass_code passwort kennwort contrasena senha \
         mot_de_passe mdp wacht_woord haslo losen_ord user_pwd user_pass db_pass pin pin_code secret secrets credential credentials security_answer security_question security_question_answer otp \
         one_time_password mfa_code verification_code activation_code confirmation_code recovery_code backup_code backup_codes \
         access_code auth_code otp_code sms_code one_time_code codigo_sms codigo_verificacion codigo_verificacao codigo_de_verificacion \
         codigo_de_verificacao tan sms_tan segredo segreto clave_secreta clave_de_acceso parola_chiave palavra_passe totp two_factor_code secret_answer recovery_phrase seed_phrase mnemonic client_secret",
    ),
    (
        Kind::Token as u8,
        "token auth_tokens access_tokens refresh_tokens api_tokens device_tokens push_tokens access_token refresh_token id_token auth_token session_token api_token csrf_token \
         xsrf_token api_key api_keys secret_key access_key access_key_id private_key auth_key encryption_key \
         signing_key authorization auth_header authorization_header authorisation cookie cookies set_cookie session_cookie \
         session_key jwt bearer x_api_key service_key license_key aws_secret webhook_secret bearer_token oauth_token jwt_token device_token \
         app_key write_key clave_api chave_api chiave_api cle_api zugangs_token sitzungs_id csrf xsrf oauth_verifier \
         code_verifier oob_code admin_key azure_storage_key account_key application_key master_key service_account_key id_token_hint \
         reset_token user_token login_token session_id sess_id php_sess_id j_session_id ssh_key connection_string subscription_key activation_key",
    ),
    // Their ends would tell, and they are not.
    (
        INNOCENT,
        "voice_mail direct_mail design_token page_token next_token \
                snail_mail cursor_token product_display_name app_display_name page_full_name memory_address crash_address \
                instruction_addr fault_addr image_addr base_addr load_addr map_pin ga_session_id",
    ),
    // Only as the name of a parameter, and only as all of it: a `promo_code` is none of these.
    (
        PARAMETER_WHOLE,
        "code key session sid sess auth hash_token ticket saml_response \
         saml_request wresult login assertion pass pw user_id uid magic nonce",
    ),
    (PARAMETER_END, "signature sig hmac"),
];

/// What the words before a number say that it is, as numbers of [`super::context`]'s table. In any
/// language that writes them so; their first [`SAID_LETTERS`] letters are compared.
pub(super) const SAID: &[(u8, &str)] = &[
    (
        0,
        "phone phones phoned phonen ph call calls called caller callback telephone tel telef telefon telepon thoại mobile mobil mobilnummer cell handy handynummer fax \
         sms whatsapp whats wa dial ring reach contact llama llamar llamame appel appelez rappel ruf rufen anruf anrufen ruft ruckruf chiamatemi bel tlf zadzwon msisdn \
         landline celular cellulare movil telemovel mobiel puhelin тел Тел телефон Телефон моб τηλ Τηλ τηλέφωνο κινητό 电话 電話 联系 手机 携帯 전화 \
         هاتف טלפון โทร",
    ),
    (
        1,
        "ssn social national identity insurance tax taxpayer tin passport passeport pasaporte passaporto passnummer reisepass nino bsn burger steuer itin pesel cpf aadhaar aadhar \
         personal citizen dni nie nif nir curp license licence codice fiscal nhs tfn ahv egn cnp hetu cpr \
         ausweis sozial ppsn pps snils СНИЛС ИНН ЕГН cuit cuil medicare rijksregister rrn 주민 rč rČ teudat zehut זהות rodne asmens isikukood РНОКПП \
         マイナンバー 個人番号 hkid nric fodsel szemelyi jmbg oib emso kennitala kimlik tckn cedula amka mykad svnr fnr pnr idnr \
         contribuinte mynumber ktp cccd iqama ipn rnokpp ІПН паспорт Паспорт osobisty dowodu cidadao perso nuss kvnr krankenversicherten niss insz cni iin bvn الهوية الإقامة البطاقة เลขประจำตัว",
    ),
    (2, "ip ipv host server client address gateway proxy dns"),
    (3, "version ver rev v release build upgrade firmware"),
    (
        4,
        "inv ticket item serial batch track tracking transaction upc product \
         parcel receipt row total size utm campaign adset adgroup pixel bytes price amount uuid hash commit time timestamp epoch \
         bestellung rechnung",
    ),
    // These leave it to the words before them, and say something if those do not.
    (5, "card visa master maestro amex paid pay credit debit carte karte karten 카드"),
    (6, "number numero numer nummer"),
    (7, "code port case count"),
    (8, "id"),
    // They mean other things too, and are believed where they are near.
    (9, "sin inn run rut uid sv pan nin nik nas dl taj nic nid utr ird afm"),
    // Near, they say that even what looks like a telephone is none.
    (
        10,
        "order orders ord ordine ordre pedido commande objednavka zamowienie invoice ref reference sku part oem chassis model article artikel \
         video gtin asin isbn ean",
    ),
    // An id before them is a person's.
    (11, "no nr"),
];
pub(super) const SAID_LETTERS: usize = 6;

/// FNV-1a, begun apart for the two tables.
pub(super) const NAME: u32 = 0x811c_9dc5;
pub(super) const WORD: u32 = 0x050c_5d1f;
pub(super) const fn with_letter(hash: u32, letter: u8) -> u32 {
    (hash ^ letter as u32).wrapping_mul(0x0100_0193)
}

/// What counts of the byte at `at`: of Latin script letters without case and accents, of others the byte. 0 is for
/// nothing, as of the first byte of a letter with an accent.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) const fn letter(text: &[u8], at: usize) -> u8 {
    match text[at] {
        0xc3 => 0,
        byte if at > 0 && text[at - 1] == 0xc3 => UNACCENTED[(byte & 31) as usize],
        byte => byte.to_ascii_lowercase(),
    }
}
/// U+00C0 to U+00DF, and U+00E0 to U+00FF.
const UNACCENTED: &[u8; 32] = b"aaaaaaaceeeeiiiidnooooo ouuuuyts";

/// How many letters `byte` begins. A character of Chinese, Japanese or Korean says as much as three.
pub(super) const fn begins_letters(byte: u8) -> usize {
    match byte {
        b'_' | 0x80..0xc0 => 0,
        0xe3.. => 3,
        _ => 1,
    }
}

/// A word's place is given by the first half of its hash, or is the next free one after that, as in a ring; the other
/// half is kept there. A word that is in no table is taken for one that is once in some ten thousand
/// times, of those that end as one does.
static HASHES: [u16; PLACES] = build().0;
/// What the words mean, two to a byte.
static MEANINGS: [u8; PLACES / 2] = build().1;
/// A bit for each hash of the last letters of a name.
static ENDS: [u32; 32] = build().2;
const PLACES: usize = 1280;
/// Letters that [`may_end`] is asked with.
pub(super) const END_LETTERS: usize = 4;

const fn build() -> ([u16; PLACES], [u8; PLACES / 2], [u32; 32]) {
    let mut tables = ([0; PLACES], [0; PLACES / 2], [0; 32]);
    let mut row = 0;
    while row < NAMES.len() + SAID.len() {
        let is_name = row < NAMES.len();
        let (meaning, words) = if is_name { NAMES[row] } else { SAID[row - NAMES.len()] };
        let words = words.as_bytes();
        let mut at = 0;
        while at < words.len() {
            let mut end = at;
            while end < words.len() && words[end] != b' ' {
                end += 1;
            }
            // Names from the end, as keys are read.
            let mut hash = if is_name { NAME } else { WORD };
            let mut letters = 0;
            let mut step = at;
            while step < end {
                let letter = if is_name { words[end - 1 - (step - at)] } else { words[step] };
                letters += begins_letters(letter);
                if !is_name && letters > SAID_LETTERS {
                    break;
                }
                if letter != b'_' {
                    hash = with_letter(hash, letter);
                    if is_name && letters == END_LETTERS {
                        tables.2[(hash >> 27) as usize] |= 1 << (hash >> 22 & 31);
                    }
                }
                step += 1;
            }
            if is_name && letters > 0 && letters < END_LETTERS {
                tables.2[(hash >> 27) as usize] |= 1 << (hash >> 22 & 31);
            }
            if letters > 0 {
                let mut place = place(hash);
                while tables.0[place] != 0 {
                    place = (place + 1) % PLACES;
                }
                assert!(hash as u16 != 0);
                tables.0[place] = hash as u16;
                tables.1[place / 2] |= meaning << (place % 2 * 4);
            }
            at = end + 1;
        }
        row += 1;
    }
    tables
}

const fn place(hash: u32) -> usize {
    (((hash >> 16) * PLACES as u32) >> 16) as usize
}

/// Whether a name ends in the letters with `hash`.
pub(super) fn may_end(hash: u32) -> bool {
    ENDS[(hash >> 27) as usize] & 1 << (hash >> 22 & 31) != 0
}

/// What the word with `hash` means, if it is in a table.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn meaning(hash: u32) -> Option<u8> {
    let mut place = place(hash);
    loop {
        let there = HASHES[place];
        if there == 0 {
            return None;
        }
        if there == hash as u16 {
            return Some(MEANINGS[place / 2] >> (place % 2 * 4) & 15);
        }
        place = (place + 1) % PLACES;
    }
}
