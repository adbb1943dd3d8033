"""Writes a corpus of events as NDJSON: personal values planted in keys, prose, URLs and nested values,
and innocent values that look like them. Each line says what was planted where, so that it can be judged.

    corpus.py --seed 1 --set tune|held-out|fresh|late --events 4000 > corpus.ndjson

The sets share nothing but the kinds: other locales, other sentences, other look-alikes. Detectors are
tuned on `tune`; faults that the others show may be mended where the mending is a general one. `late` was
written last, when the detectors were done.
"""

import argparse
import base64
import json
import random
import string
import sys
import uuid
from urllib.parse import quote

from faker import Faker

LOCALES = {
    "tune": ["en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "ja_JP", "pl_PL"],
    "held-out": ["en_GB", "en_CA", "nl_NL", "sv_SE", "cs_CZ", "ru_RU", "tr_TR", "ko_KR", "en_IN", "fi_FI", "ro_RO", "es_AR"],
    "fresh": ["en_AU", "en_NZ", "da_DK", "pt_PT", "hu_HU", "uk_UA", "fr_CH", "de_AT", "es_MX", "id_ID", "hr_HR", "sk_SK"],
    "late": ["en_IE", "de_CH", "nl_BE", "no_NO", "el_GR", "bg_BG", "lt_LT", "et_EE", "sl_SI", "es_CL", "es_CO", "zh_CN", "zh_TW", "lv_LV", "he_IL", "vi_VN"],
}

# `{}` is the value. Phones, cards and identity numbers mostly come in sentences that say what they are.
PROSE = {
    "tune": [
        "please contact {} about this",
        "customer wrote: {} and nothing else",
        "{}",
        "Sent to {}.",
        "error while saving ({})",
        "before, {}, after",
    ],
    "held-out": ["user said {}", "{} was rejected", "value={}", "Thanks! Best, {}", "tried twice with {}; failed", "[{}]"],
    "fresh": ["note to self: {}", "{} - thanks", "they typed {} into the box", "was: {}", "ok {} ok", "({})"],
    "late": ["Reply to {} by Friday", "typo in {}?", "old: {}; new: none", "\"{}\"", "field rejected -> {}", "{}\nsecond line", "It said {}!"],
}
PHONE_PROSE = {
    "tune": ["call me at {}", "my number is {}", "Tel. {}", "reach us on {} please", "new mobile: {}"],
    "held-out": ["please phone {} after six", "WhatsApp {}", "Contact number {}", "text {} when it arrives", "ring {} and ask"],
    "fresh": ["give me a call on {}", "you can reach him at {}", "mobile {}", "fax: {}", "send an SMS to {}"],
    "late": ["dial {} for support", "Ph: {}", "cell: {}", "phoned from {}", "her mobile is {}", "tel.: {}"],
}
ID_PROSE = {
    "tune": ["SSN {}", "tax id {}", "identity number: {}", "passport or national id {}"],
    "held-out": ["her social security number is {}", "national id: {}", "identity card {}", "personal number {}"],
    "fresh": ["SSN: {}", "tax number {}", "national identity number {}", "insurance no. {}"],
    "late": ["social security no. {}", "ID number {}", "personal identity code {}", "passport {}", "taxpayer id: {}"],
}
CARD_PROSE = {
    "tune": ["paid with card {}", "card number {} was declined", "visa {} please"],
    "held-out": ["charge my credit card {}", "card: {}", "declined card {} twice"],
    "fresh": ["my card is {}", "Mastercard {} expired", "pay with {}"],
    "late": ["debit card {} please", "Amex: {}", "the card ending soon is {}"],
}

KEYS = {
    "tune": {
        "email": ["email", "userEmail", "billing_email", "contact.email", "EMAIL", "e-mail"],
        "phone": ["phone", "phoneNumber", "home_phone", "contact.phone", "mobile", "Telephone"],
        "name": ["first_name", "lastName", "full_name", "surname", "cardholderName", "customer_name"],
        "address": ["billing_address", "streetAddress", "address1", "shipping.address", "postal_code"],
        "card": ["card_number", "creditCard", "cc-number", "cvc", "cardNumber"],
        "iban": ["iban", "bank_account", "IBAN", "accountNumber"],
        "national_id": ["ssn", "socialSecurityNumber", "passport_number", "tax_id", "nationalId"],
        "birth_date": ["dob", "date_of_birth", "birthDate", "birthday"],
        "password": ["password", "newPassword", "passwd", "client_secret"],
        "token": ["authorization", "cookie", "access_token", "apiKey", "session_token"],
        "ip": ["ip", "ip_address", "clientIp", "remote_addr"],
    },
    "held-out": {
        "email": ["customer_email", "emailAddress", "work-email", "recipient.email", "Email2", "useremail"],
        "phone": ["mobilePhone", "phone_number", "work.phone", "PHONE", "fax", "phone2"],
        "name": ["firstName", "LAST_NAME", "given_name", "familyName", "maiden-name", "username"],
        "address": ["homeAddress", "address_line_2", "delivery-address", "street", "zipCode"],
        "card": ["credit_card_number", "CardNumber", "cvv", "debitCard", "security_code"],
        "iban": ["customerIban", "bankAccountNumber", "iban_code_iban", "account_number"],
        "national_id": ["SSN", "social_security", "passportNo", "national_insurance_number", "drivers_license"],
        "birth_date": ["DOB", "birth_date", "dateOfBirth", "birthdate"],
        "password": ["user_password", "passwordConfirm_password", "Passphrase", "pwd"],
        "token": ["Authorization", "set-cookie", "refreshToken", "x-api-key", "auth_token"],
        "ip": ["ipAddress", "user_ip", "IP", "x-forwarded-for"],
    },
    "fresh": {
        "email": ["eMail", "contact_email", "emails", "replyEmail", "USER_EMAIL"],
        "phone": ["cellPhone", "telephone_number", "billing.phone", "mobile_number", "Tel"],
        "name": ["FirstName", "last-name", "middleName", "nickname", "account_holder"],
        "address": ["shipping_address", "AddressLine1", "postalCode", "street_name", "address.street"],
        "card": ["ccNumber", "card.number", "CVC", "debit_card", "pan_number"],
        "iban": ["IBAN", "bank_iban", "bankAccount"],
        "national_id": ["social_security_number", "taxId", "passport", "identity_number"],
        "birth_date": ["birthday", "user_dob", "DateOfBirth"],
        "password": ["PASSWORD", "old_password", "pin_code", "secret"],
        "token": ["bearer_token", "X-Api-Key", "Cookie", "idToken", "private_key"],
        "ip": ["remoteIp", "IP_ADDRESS", "client.ip"],
    },
    "late": {
        "email": ["primaryEmail", "email_address_2", "from.email", "recoveryEmail", "mail"],
        "phone": ["daytime_phone", "PhoneNo", "emergency.phone", "fax_number", "homePhone1"],
        "name": ["givenName", "FULLNAME", "contact_name", "recipientName", "employee-name", "billing.first_name"],
        "address": ["addressLine2", "home_address", "PostCode", "houseNumber", "billing.zip"],
        "card": ["cardNo", "payment_card", "card_cvv", "creditCardNumber", "CVV"],
        "iban": ["payout_iban", "account_no", "beneficiaryIban"],
        "national_id": ["nationalIdNumber", "Passport_Number", "driverLicense", "customer_ssn", "tax_number"],
        "birth_date": ["BirthDate", "child_dob", "date-of-birth"],
        "password": ["repeatPassword", "passcode", "db_password", "clientSecret"],
        "token": ["csrfToken", "X-Auth-Token", "apikey", "REFRESH_TOKEN", "session.token"],
        "ip": ["sourceIp", "last_login_ip", "ipaddress"],
    },
}
PARAMETERS = {
    "tune": ["token", "code", "email", "session", "password", "access_token", "signature"],
    "held-out": ["refresh_token", "api_key", "sid", "pwd", "id_token", "key", "phone"],
    "fresh": ["auth_token", "session_id", "client_secret", "code", "jwt", "X-Amz-Signature", "e-mail"],
    "late": ["apikey", "PHPSESSID", "csrf_token", "sig", "ticket", "user_email", "oauth_token", "refreshToken"],
}


# Their identity numbers have neither a form of their own nor a checksum that says much: bare digits that
# could be anything. They are planted in sentences that say what they are.
PLAIN_IDS = ["en_CA", "nl_NL", "ro_RO", "ru_RU", "da_DK", "hu_HU", "uk_UA", "de_AT", "es_MX",
             "no_NO", "el_GR", "bg_BG", "lt_LT", "et_EE", "sl_SI", "es_CO", "zh_TW", "he_IL", "en_IE", "vi_VN", "lv_LV"]


class Maker:
    def __init__(self, corpus, seed):
        self.set = corpus
        self.random = random.Random(seed)
        self.fakers = [Faker(locale) for locale in LOCALES[corpus]]
        self.plain = False
        for index, faker in enumerate(self.fakers):
            faker.seed_instance(seed * 1000 + index)

    def faker(self):
        return self.random.choice(self.fakers)

    def drawn(self, count, alphabet=string.ascii_letters + string.digits):
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def base64(self, value):
        return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")

    # Values, by kind.

    def email(self):
        name = self.faker().email()
        if self.random.random() < 0.15:
            name = self.random.choice(["jürgen", "zoë.k", "почта", "marie-ève"]) + "@" + name.split("@")[1]
        return name

    def phone(self):
        return self.faker().phone_number()

    def card(self):
        digits = self.faker().credit_card_number()
        if len(digits) == 16 and self.random.random() < 0.5:
            separator = self.random.choice(" -")
            digits = separator.join(digits[at : at + 4] for at in range(0, 16, 4))
        return digits

    def iban(self):
        iban = self.faker().iban()
        if self.random.random() < 0.4:
            iban = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
        return iban

    def national_id(self):
        index = self.random.randrange(len(self.fakers))
        self.plain = LOCALES[self.set][index] in PLAIN_IDS
        return self.fakers[index].ssn()

    def ip(self):
        return self.faker().ipv6() if self.random.random() < 0.4 else self.faker().ipv4_public()

    def mac(self):
        mac = self.faker().mac_address()
        return mac.replace(":", "-").upper() if self.random.random() < 0.3 else mac

    def jwt(self):
        head = self.base64(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")))
        body = self.base64(json.dumps({"sub": str(self.random.randrange(10**9)), "iat": 1790000000}))
        return f"{head}.{body}.{self.drawn(43, string.ascii_letters + string.digits + '-_')}"

    def api_token(self):
        lower = string.ascii_lowercase + string.digits
        upper = string.ascii_uppercase + string.digits
        hexes = "0123456789abcdef"
        forms = {
            "tune": [("sk_live_", 24, None), ("ghp_", 36, None), ("AKIA", 16, upper), ("AIza", 35, None), ("glpat-", 20, None)],
            "fresh": [("sk_live_", 32, None), ("ghs_", 36, None), ("xoxp-", 44, None), ("AKIA", 16, upper), ("glpat-", 20, None), ("npm_", 36, None)],
            "held-out": [("sk_test_", 24, None), ("xoxb-", 40, None), ("npm_", 36, None), ("ASIA", 16, upper), ("gho_", 36, None), ("shpat_", 32, lower)],
            "late": [("rk_live_", 24, None), ("ghu_", 36, None), ("xoxa-2-", 40, None), ("whsec_", 32, None), ("hf_", 34, None), ("sk-proj-", 48, None), ("dop_v1_", 64, hexes), ("SG.", 40, None)],
        }
        prefix, count, alphabet = self.random.choice(forms[self.set])
        return prefix + (self.drawn(count, alphabet) if alphabet else self.drawn(count))

    def private_key(self):
        # In pieces: the file itself must not look as if it held one.
        lines = "\n".join(self.drawn(64) for _ in range(4))
        kind = self.random.choice(["", "RSA ", "EC ", "OPENSSH "])
        return f"-----BEGIN {kind}PRIVATE " + f"KEY-----\n{lines}\n-----END {kind}PRIVATE " + "KEY-----"

    # Properties with something planted.

    def prose(self, kind, value):
        by_kind = {"phone": PHONE_PROSE, "national_id": ID_PROSE, "card": CARD_PROSE}.get(kind)
        sentences = PROSE[self.set]
        if by_kind and (self.random.random() < 0.7 or kind == "national_id" and self.plain):
            sentences = by_kind[self.set]
        return self.random.choice(sentences).format(value)

    def planted(self):
        """Properties, and what is planted in them: its kind, how, and the text that must be gone."""
        way = self.random.choice(["prose", "prose", "prose", "key", "url", "nested", "parameter", "userinfo"])
        if way == "key":
            kind = self.random.choice(list(KEYS[self.set]))
            value = self.by_key(kind)
            return {self.random.choice(KEYS[self.set][kind]): value}, kind, way, value
        if way == "parameter":
            name = self.random.choice(PARAMETERS[self.set])
            value = self.drawn(self.random.randrange(8, 40))
            mark = self.random.choice(["?", "#", "?page=2&"])
            return {"url": f"https://shop.example/x/y{mark}{name}={value}&n=1"}, "parameter", way, value
        if way == "userinfo":
            value = self.faker().user_name() + ":" + self.drawn(10)
            host = self.random.choice(["db.example.org:5432/main", "shop.example/a", "localhost:6379"])
            return {"dsn": f"{self.random.choice(['https', 'postgres', 'redis'])}://{value}@{host}"}, "userinfo", way, value
        kinds = ["email", "phone", "card", "iban", "national_id", "ip", "mac", "jwt", "api_token", "private_key"]
        kind = self.random.choice(kinds)
        value = getattr(self, kind)()
        if way == "url":
            kind = self.random.choice(["email", "phone", "card", "iban", "ip", "jwt", "api_token"])
            value = getattr(self, kind)()
            # A national number in a URL says nothing of itself: its parameter does.
            name = {"phone": "tel", "ip": "from"}.get(kind, self.random.choice(["q", "ref", "to"]))
            encoded = quote(value, safe="")
            if kind == "email" and self.random.random() < 0.3:
                encoded = quote(encoded, safe="")
            return {"page": f"https://shop.example/find?{name}={encoded}&sort=new"}, kind, way, encoded
        text = self.prose(kind, value)
        if way == "nested":
            return {"items": [{"sku": "A-1", "meta": {"notes": ["ok", text]}}]}, kind, way, value
        return {self.random.choice(["note", "message", "comment", "title", "label"]): text}, kind, way, value

    def by_key(self, kind):
        faker = self.faker()
        made = {
            "name": faker.name,
            "address": lambda: faker.address().replace("\n", ", "),
            "birth_date": lambda: faker.date_of_birth().isoformat(),
            "password": lambda: self.drawn(12),
            "token": lambda: self.drawn(24),
        }
        return made[kind]() if kind in made else getattr(self, kind)()

    # Properties with nothing personal in them.

    def innocent(self):
        faker, rnd = self.faker(), self.random
        digits = lambda count: "".join(rnd.choice(string.digits) for _ in range(count))
        hexes = lambda count: "".join(rnd.choice("0123456789abcdef") for _ in range(count))
        stamp = faker.date_time_between("-3y")
        common = [
            ("uuid", lambda: str(uuid.UUID(int=rnd.getrandbits(128), version=4))),
            ("timestamp", lambda: stamp.isoformat() + rnd.choice(["Z", ".120Z", "+02:00"])),
            ("unix_ms", lambda: rnd.randrange(1_500_000_000_000, 1_900_000_000_000)),
            ("price", lambda: f"{rnd.choice('€$£')}{rnd.randrange(1, 99999):,}.{digits(2)}"),
            ("colour", lambda: "#" + hexes(6)),
            ("user_agent", faker.user_agent),
            ("prose", lambda: faker.sentence(rnd.randrange(3, 14))),
        ]
        tune = [
            ("order", lambda: f"ORD-{stamp.year}-{digits(7)}"),
            ("order_number", lambda: "order " + rnd.choice("123456789") + digits(rnd.randrange(5, 10))),
            ("sku", lambda: f"SKU-{digits(4)}-{rnd.choice(['XL', 'M', 'S'])}"),
            ("date", lambda: stamp.strftime(rnd.choice(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%Y-%m-%d %H:%M:%S"]))),
            ("version", lambda: ".".join(str(rnd.randrange(20)) for _ in range(3))),
            ("asset", lambda: f"/static/js/main.{hexes(20)}.chunk.js"),
            ("selector", lambda: f"main > div:nth-child({rnd.randrange(9)}) a.btn-{hexes(6)}::before"),
            ("path", lambda: "/" + "/".join(faker.uri_path().split("/")) + f"/{digits(5)}"),
            ("search", lambda: " ".join(faker.words(3))),
            ("viewport", lambda: f"{rnd.randrange(300, 4000)}x{rnd.randrange(300, 2200)}"),
            ("number", lambda: rnd.randrange(10**9)),
            ("url", lambda: f"https://shop.example/p/{digits(6)}?utm_source=news&utm_campaign={stamp:%Y-%m-%d}&page={rnd.randrange(9)}"),
            ("ean", faker.ean13),
            ("email_opened", lambda: rnd.choice([True, False])),
            ("phone_model", lambda: f"Pixel {rnd.randrange(9)}"),
            ("address_count", lambda: rnd.randrange(9)),
            ("name_of_feature", lambda: faker.word()),
        ]
        held_out = [
            ("invoice", lambda: f"INV{stamp:%y%m}{digits(6)}"),
            ("tracking", lambda: rnd.choice([f"RR{digits(9)}CN", f"1Z{self.drawn(16, string.digits + string.ascii_uppercase)}", f"JD{digits(18)}"])),
            ("part", lambda: f"{rnd.choice(string.ascii_uppercase)}{digits(3)}-{digits(4)}/{rnd.choice('ABC')}"),
            ("week", lambda: stamp.strftime("%G-W%V")),
            ("build", lambda: f"{rnd.randrange(9)}.{rnd.randrange(99)}.{rnd.randrange(9999)}+{digits(8)}"),
            ("commit", lambda: hexes(40)),
            ("integrity", lambda: "sha384-" + self.drawn(64)),
            ("xpath", lambda: f"/html/body/div[{rnd.randrange(9)}]/ul/li[{rnd.randrange(99)}]"),
            ("duration", lambda: f"{rnd.randrange(24):02}:{rnd.randrange(60):02}:{rnd.randrange(60):02}.{digits(3)}"),
            ("isbn", faker.isbn13),
            ("amount", lambda: f"{rnd.randrange(1, 999)} {digits(3)} {digits(3)},{digits(2)} kr"),
            ("ratio", lambda: rnd.random() * 10 ** rnd.randrange(6)),
            ("svg", lambda: " ".join(f"{rnd.choice('MLC')}{rnd.randrange(99)}.{digits(2)} {rnd.randrange(99)}" for _ in range(4))),
            ("image", lambda: f"hero@{rnd.randrange(2, 4)}x.{rnd.choice(['png', 'webp'])}"),
            ("package", lambda: f"react@{rnd.randrange(20)}.{rnd.randrange(9)}.{rnd.randrange(9)}"),
            ("link", lambda: f"/c/{faker.slug()}-{digits(8)}?sort_by=price&size=42&promo_code={self.drawn(8).upper()}"),
            ("mail_count", lambda: rnd.randrange(99)),
            ("phone_case_colour", lambda: faker.color_name()),
            ("product_name", lambda: faker.catch_phrase() if hasattr(faker, "catch_phrase") else faker.word()),
            ("ip_rating", lambda: f"IP{rnd.randrange(60, 69)}"),
        ]
        fresh = [
            ("case", lambda: f"case {digits(8)}"),
            ("serial", lambda: f"SN{digits(10)}"),
            ("batch", lambda: f"batch {stamp:%Y%m%d}-{digits(3)}"),
            ("range", lambda: f"{rnd.randrange(1990, 2010)}-{rnd.randrange(2010, 2027)}"),
            ("score", lambda: f"{rnd.randrange(9)}:{rnd.randrange(9)}"),
            ("matrix", lambda: f"matrix(1, 0, 0, 1, {rnd.randrange(999)}, {rnd.randrange(999)})"),
            ("hash", lambda: hexes(rnd.choice([32, 40, 64]))),
            ("query", lambda: f"?page={rnd.randrange(99)}&per_page=50&filter[size]={rnd.randrange(40)}&colour={hexes(6)}"),
            ("tag", lambda: f"v{rnd.randrange(9)}.{rnd.randrange(99)}.{rnd.randrange(9)}-rc.{rnd.randrange(9)}"),
            ("percent", lambda: f"{rnd.randrange(100)}.{digits(1)}% of {rnd.randrange(10**6):,}"),
            ("file", lambda: f"IMG_{stamp:%Y%m%d}_{digits(6)}.jpg"),
            ("locale", lambda: rnd.choice(["en-GB", "de-AT", "pt_BR"])),
            ("iso_time", lambda: stamp.strftime("%a, %d %b %Y %H:%M:%S GMT")),
            ("bytes", lambda: rnd.randrange(10**12)),
            ("event_name", lambda: "_".join(faker.words(2))),
            ("email_template", lambda: faker.word()),
            ("card_layout", lambda: rnd.choice(["grid", "list"])),
        ]
        late = [
            ("order_id", lambda: f"{digits(3)}-{digits(7)}-{digits(7)}"),
            ("reference", lambda: f"{self.drawn(3, string.ascii_uppercase)}{digits(rnd.randrange(6, 11))}"),
            ("asin", lambda: "B0" + self.drawn(8, string.digits + string.ascii_uppercase)),
            ("gtin", lambda: f"0{faker.ean13()}"),
            ("dimensions", lambda: f"{rnd.randrange(10, 300)} x {rnd.randrange(10, 300)} x {rnd.randrange(10, 300)} mm"),
            ("chunk", lambda: f"/_next/static/chunks/{rnd.randrange(9999)}-{hexes(16)}.js"),
            ("font", lambda: f"/fonts/inter-v{rnd.randrange(9)}-latin-{rnd.choice([400, 700])}.{hexes(8)}.woff2"),
            ("etag", lambda: f'W/"{hexes(4)}-{self.drawn(27)}"'),
            ("traceparent", lambda: f"00-{hexes(32)}-{hexes(16)}-01"),
            ("semver", lambda: f"^{rnd.randrange(20)}.{rnd.randrange(20)}.{rnd.randrange(20)}-beta.{rnd.randrange(99)}"),
            ("css", lambda: f".card__title--{hexes(5)}:hover > span[data-id='{rnd.randrange(999)}']"),
            ("rgba", lambda: f"rgba({rnd.randrange(256)}, {rnd.randrange(256)}, {rnd.randrange(256)}, 0.{digits(2)})"),
            ("search_term", lambda: f"{faker.word()} {rnd.randrange(10, 99)} inch {rnd.choice(['4k', 'usb-c', 'size 42'])}"),
            ("sum", lambda: f"{rnd.randrange(1, 99)}.{digits(3)}.{digits(3)},{digits(2)} EUR"),
            ("ulid", lambda: "01" + self.drawn(24, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")),
            ("memory", lambda: f"used {rnd.randrange(10**7, 10**9)} of {rnd.randrange(10**9, 10**10)} bytes"),
            ("stack", lambda: f"at render (https://cdn.example/app.{hexes(8)}.js:{rnd.randrange(9)}:{digits(6)})"),
            ("period", lambda: f"{stamp:%d/%m/%Y} - {stamp:%d/%m/%Y}"),
            ("unix_s", lambda: str(rnd.randrange(1_500_000_000, 1_900_000_000))),
            ("gclid", lambda: f"/landing?gclid={self.drawn(60)}&utm_term={faker.word()}"),
            ("phone_type", lambda: rnd.choice(["android", "ios"])),
            ("email_domain_type", lambda: "freemail"),
            ("tokens_used", lambda: rnd.randrange(9999)),
            ("cardinality", lambda: rnd.randrange(10**7)),
            ("address_valid", lambda: rnd.choice([True, False])),
            ("shipping_method", lambda: rnd.choice(["express", "pick-up"])),
        ]
        own = {"tune": tune, "held-out": held_out, "fresh": fresh, "late": late}[self.set]
        name, make = rnd.choice(common + own)
        return {name: make()}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--set", choices=list(LOCALES), required=True)
    options.add_argument("--events", type=int, default=4000)
    chosen = options.parse_args()
    maker = Maker(chosen.set, chosen.seed)
    for number in range(chosen.events):
        if number % 2 == 0:
            properties, kind, way, value = maker.planted()
            line = {"properties": properties, "kind": kind, "way": way, "value": value}
        else:
            line = {"properties": maker.innocent(), "kind": None}
        json.dump(line, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
