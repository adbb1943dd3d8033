"""Writes a corpus as corpus.py does, in breadth instead of in depth: Faker's numbers of all its locales, forms of
telephones from around the world, of issuers' tokens, sensitive parameters; and makers of innocent values.

    wide.py --seed 1 --events 20000 > corpus.ndjson

Nothing was tuned on it but what docs/privacy.md says.
"""

import argparse
import base64
import json
import logging
import random
import re
import string
import sys
import warnings

from faker import Faker
from faker.config import AVAILABLE_LOCALES

DIGITS = string.digits
ALNUM = string.ascii_letters + DIGITS
LOWER = string.ascii_lowercase + DIGITS
UPPER = string.ascii_uppercase + DIGITS
HEX = "0123456789abcdef"
BASE64URL = ALNUM + "_-"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"

SENTENCES = ["My details: {}", "lead captured -> {} <-", "{} (customer)", 'Invalid value "{}" for field contact', '"{}" is not valid',
             "a;{};b", "user={} status=ok", '{{"c":"{}"}}', "Hi, {}. Bye", "<td>{}</td>", "**{}**", "Bonjour, {} merci",
             "Error: {} not found at line 3", "retry\t{}\tfailed", "{}"]  # fmt: skip
PHONE_NAMED = ["call me on {}", "Phone: {} (evenings)", "contact {} please"]
ID_NAMED = ["SSN {}", "my national id is {}"]

# `{3}` stands for three digits that do not begin with 0 or 1.
PHONES = """+1 (415) 555-{4}|+1-212-{3}-{4}|+44 20 7{3} {4}|+44 (0)7911 {6}|+49 30 {8}|+49 (0)171/{7}|0171-{7}|+33 6 {2} {2} {2} {2}
06.{2}.{2}.{2}.{2}|+34 6{2} {3} {3}|+39 3{2} {3} {4}|+31 6 {8}|06-{8}|+46 70-{3} {2} {2}|070-{3} {2} {2}|+47 9{2} {2} {3}
+45 {2} {2} {2} {2}|+358 40 {7}|+48 5{2} {3} {3}|+420 7{2} {3} {3}|+36 30 {3} {4}|+40 7{2} {3} {3}|+30 69{8}|+90 532 {3} {2} {2}
0532 {3} {2} {2}|+7 (9{2}) {3}-{2}-{2}|8 (9{2}) {3}-{2}-{2}|+380 67 {3} {2} {2}|+81 90-{4}-{4}|090-{4}-{4}|03-{4}-{4}|+82 10-{4}-{4}
010-{4}-{4}|+86 138 {4} {4}|+91 98{3} {5}|+91-98{8}|+62 812-{4}-{4}|0812-{4}-{4}|+63 917 {3} {4}|+66 8 {4} {4}|+84 90 {3} {4}
+65 9{3} {4}|+61 4{2} {3} {3}|04{2} {3} {3}|(02) 9{3} {4}|+64 21 {3} {4}|+55 (11) 9{4}-{4}|(11) 9{4}-{4}|+54 9 11 {4}-{4}
+52 55 {4} {4}|+56 9 {4} {4}|+57 3{2} {7}|+27 82 {3} {4}|082 {3} {4}|+234 803 {3} {4}|+254 7{2} {6}|+20 10 {8}|+971 50 {3} {4}
+966 5{8}|+972 5{1}-{3}-{4}|+972-5{1}-{7}|(415) 555-{4}|415-555-{4}|415.555.{4}|1-800-{3}-{4}|+1415555{4}|0044 7911 {6}
+353 87 {3} {4}|+32 4{2} {2} {2} {2}|+41 79 {3} {2} {2}|079 {3} {2} {2}|+43 664 {7}|+351 91 {3} {4}|(415) 555-{4} x{3}
415-555-{4} ext. {2}|+852 9{3} {4}|+886 912 {3} {3}|0912-{3}-{3}|+98 912 {3} {4}|+92 300 {7}|0300-{7}|+880 17{2}-{6}""".replace("\n", "|").split("|")  # fmt: skip

PARAMETERS = """token code email session access_token signature reset_token otp invite_token auth apiKey sessionid JSESSIONID xsrf magic
nonce id_token password pass passwd secret client_secret key sig X-Amz-Credential X-Amz-Security-Token verification_code
confirmation_token bearer private_token user_token unsubscribe_token login_token assertion SAMLResponse ticket authToken access-token
activation_code phone tel ssn mail username first_name""".split()
URLS = ["https://a.example/x?{}={}", "https://a.example/x?p=1&{}={}&z=2", "https://a.example/cb#{}={}&type=x", "/reset?{}={}",
        "https://a.example/#/route?{}={}", "?{}={}"]  # fmt: skip


class Wide:
    def __init__(self, seed):
        self.random = random.Random(seed)
        with warnings.catch_warnings():
            # Of locales with two names.
            warnings.simplefilter("ignore")
            self.fakers = [Faker(locale) for locale in sorted(AVAILABLE_LOCALES)]
        for index, faker in enumerate(self.fakers):
            faker.seed_instance(seed * 1000 + index)

    def drawn(self, count, alphabet=ALNUM):
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def faker(self):
        return self.random.choice(self.fakers)

    # Planted.

    def planted(self):
        """A text, the kind of what is in it, and that."""
        kind = self.random.choice(["phone, formed", "phone, named", "national_id, alone", "national_id, named", "iban", "email",
                                   "api_token", "api_token", "parameter"])  # fmt: skip
        if kind == "parameter":
            value = self.drawn(self.random.randrange(10, 40))
            return self.random.choice(URLS).format(self.random.choice(PARAMETERS), value), kind, value
        if kind == "api_token":
            value = self.random.choice(self.tokens())()
        elif kind == "phone, formed":
            form = self.random.choice(PHONES)
            value = re.sub(r"\{(\d)\}", lambda n: self.random.choice("23456789") + self.drawn(int(n[1]) - 1, DIGITS), form)
        else:
            name = {"phone": "phone_number", "national_id": "ssn"}.get(kind.split(",")[0], kind)
            # Of the Philippines there are no telephones.
            has = [faker for faker in self.fakers if hasattr(faker, name)]
            value = str(getattr(self.random.choice(has), name)())
        sentences = {"phone, named": PHONE_NAMED, "national_id, named": ID_NAMED}.get(kind, SENTENCES)
        return self.random.choice(sentences).format(value), kind, value

    def tokens(self):
        d = self.drawn
        plain = lambda *forms: [lambda prefix=prefix, count=count: prefix + d(count) for prefix, count in forms]
        of = lambda alphabet, *forms: [lambda prefix=prefix, count=count: prefix + d(count, alphabet) for prefix, count in forms]
        return (
            plain(("sk_live_", 24), ("rk_test_", 24), ("ghp_", 36), ("ghr_", 36), ("glpat-", 20), ("gldt-", 20), ("AIza", 35), ("ya29.", 80),
                  ("GOCSPX-", 28), ("sk-", 48), ("sk-proj-", 60), ("sk-ant-api03-", 90), ("npm_", 36), ("pypi-AgEIcHlwaS5vcmc", 60),
                  ("hf_", 34), ("sq0atp-", 22), ("EAAA", 60), ("figd_", 40), ("lin_api_", 40), ("secret_", 43), ("ntn_", 46),
                  ("dckr_pat_", 27), ("hvs.", 90), ("glc_", 60), ("sntrys_", 60), ("pscale_tkn_", 43), ("dp.pt.", 43), ("rzp_live_", 14),
                  ("ATATT3xFfGF0", 150), ("vercel_", 24), ("Bearer ", 40), ("whsec_", 32), ("AKCp", 69), ("EZAK", 54), ("FlyV1 fm2_", 80),
                  ("tfp_", 59), ("dG9rO", 55), ("HRKU-", 60), ("EAACEdEose0cBA", 60))
            + of(HEX, ("SK", 32), ("shpat_", 32), ("shpss_", 32), ("key-", 32), ("dop_v1_", 64), ("dapi", 32), ("sbp_", 40), ("sk_live_", 40),
                 ("rubygems_", 48), ("pul-", 40))
            + of(UPPER, ("AKIA", 16), ("NRAK-", 27))
            + of(LOWER, ("CLOJARS_", 60), ("rdme_", 70), ("pnu_", 36))
            + of(BECH32, ("AGE-SECRET-KEY-1", 58))
            + [
                lambda: f"github_pat_{d(22)}_{d(59)}",
                lambda: f"xoxb-{d(12, DIGITS)}-{d(12, DIGITS)}-{d(24)}",
                lambda: f"https://hooks.slack.com/services/T{d(8, UPPER)}/B{d(8, UPPER)}/{d(24)}",
                lambda: f"SG.{d(22)}.{d(43)}",
                lambda: f"{d(32, HEX)}-us{d(2, '123456789')}",
                lambda: f"glsa_{d(32)}_{d(8, HEX)}",
                lambda: f"{d(10, DIGITS)}:AA{d(33)}",
                lambda: f"{d(24)}.{d(6)}.{d(27)}",
                lambda: f"pat{d(14)}.{d(64, HEX)}",
                lambda: f"PMAK-{d(24, HEX)}-{d(34, HEX)}",
                lambda: f"sk.eyJ1{d(60)}.{d(22)}",
                lambda: f"v1.0-{d(24, HEX)}-{d(146, HEX)}",
                lambda: "Basic " + base64.b64encode(f"user:{d(12)}".encode()).decode(),
            ]
        )  # fmt: skip

    # Innocent.

    def innocent(self):
        d, n, pick, faker = self.drawn, self.random.randrange, self.random.choice, self.faker()
        capitals = lambda count: d(count, string.ascii_uppercase)
        many = lambda most: n(10 ** (digits := n(0, most)), 10 ** (digits + 1))
        stamp = faker.date_time()
        makers = [
            lambda: "price_1" + d(23), lambda: "cus_" + d(14), lambda: "pi_3" + d(23), lambda: "evt_1" + d(23), lambda: "prod_" + d(14),
            lambda: f"gid://shopify/Product/{n(10**12, 10**13)}", lambda: d(24, HEX), lambda: "01H" + d(23, CROCKFORD),
            lambda: d(21, BASE64URL), lambda: str(n(10**17, 10**19)), lambda: n(10**15, 9 * 10**15), lambda: f"#{n(1000, 99999)}",
            lambda: f"PO-{n(10**5, 10**9)}", lambda: "1Z" + d(16, UPPER), lambda: "9400" + d(18, DIGITS), lambda: d(12, DIGITS),
            lambda: d(6, UPPER), lambda: f"{capitals(2)}{n(10, 9999)} {capitals(3)}-{capitals(3)}",
            lambda: stamp.strftime(pick(["%d.%m.%Y %H:%M", "%Y/%m/%d", "%b %d, %Y", "%d-%m-%Y", "%Y%m%d", "%Y%m%d%H%M%S", "%d %b %y",
                                         "%H:%M:%S", "%m/%d/%y %I:%M %p", "%Y-%m-%dT%H:%M:%S.000Z"])),
            lambda: pick([f"{n(1, 9999)},{d(2, DIGITS)} €", f"US${n(1, 99)},{d(3, DIGITS)}.{d(2, DIGITS)}", f"¥{n(100, 999999)}",
                          f"₹{n(1, 99)},{d(2, DIGITS)},{d(3, DIGITS)}", f"CHF {n(1, 9)}'{d(3, DIGITS)}.{d(2, DIGITS)}",
                          f"R$ {n(1, 99)}.{d(3, DIGITS)},{d(2, DIGITS)}", f"{n(1, 9)} {d(3, DIGITS)} {d(3, DIGITS)} Ft"]),
            lambda: f"{n(0, 1920)},{n(0, 1080)}", lambda: f"{n(0, 30)}.{n(0, 30)}.{n(0, 3000)}.{n(0, 300)}",
            lambda: f"Chrome/{n(60, 140)}.0.{n(1000, 9999)}.{n(0, 200)}", faker.user_agent, lambda: f"0 0 {n(10, 2000)} {n(10, 2000)}",
            lambda: f"M{n(0, 99)} {n(0, 99)}L{n(0, 99)}.{d(3, DIGITS)} {n(0, 99)}C{n(0, 99)},{n(0, 99)} {n(0, 99)},{n(0, 99)}Z",
            lambda: f"translate3d({n(-999, 999)}px, {n(-99, 99)}px, 0px)",
            lambda: f"TypeError: {faker.word()} is undefined at index-{d(8)}.js:{n(1, 99)}:{n(1, 99999)}",
            lambda: f"    at async {faker.word()} (webpack-internal:///./src/{faker.word()}.tsx:{n(1, 999)}:{n(1, 99)})",
            lambda: f"/assets/index-{d(8, BASE64URL)}.js", lambda: f"https://cdn.example/{n(10**6, 10**9)}_{n(100, 2000)}.jpg?v={n(10**9, 2 * 10**9)}",
            lambda: f"?utm_source=google&utm_campaign={n(10**10, 10**11)}&utm_content={n(10**11, 10**12)}&gad_source=1",
            lambda: pick(["iphone 15 pro max 256", "rtx 4090 24gb", "nike air max 90 size 42", "samsung 65 inch qled 4k 2024",
                          "m8x40 bolts 100 pcs", "12v 7ah battery", "lego 75192", "ikea 304.628.46"]),
            lambda: f"{faker.word()} {n(100, 9999)} {pick(['Pro', 'Max', 'XL'])} ({n(1, 20)}-pack) {n(1, 999)}ml",
            lambda: f"{n(0, 9)}-{n(0, 9)}, {n(0, 99)}-{n(0, 99)}, {n(0, 6)}-{n(0, 6)} {n(0, 6)}-{n(0, 6)}",
            lambda: pick([f"{n(1, 9)}h {n(1, 59)}m", f"{n(1, 99999)}ms", f"PT{n(1, 9)}H{n(1, 59)}M", f"{n(0, 99)}:{n(10, 59)}.{d(3, DIGITS)}"]),
            lambda: f"{n(100, 999)}-{n(1000, 9999)}", faker.isbn13, faker.isbn10, faker.ean13, lambda: many(15), lambda: str(many(15)),
            lambda: n(1_500_000_000_000, 1_900_000_000_000), lambda: str(n(1_500_000_000_000, 1_900_000_000_000)),
            lambda: n(1_500_000_000_000_000, 1_900_000_000_000_000), lambda: f"{n(0, 59)} {n(0, 23)} * * {n(0, 6)}",
            lambda: f"refs/heads/feature/{capitals(3)}-{n(1, 9999)}-{faker.word()}",
            lambda: f"registry.example/app/web:{n(1, 9)}.{n(1, 99)}.{n(1, 99)}-alpine@sha256:{d(64, HEX)}",
            lambda: f"@scope/{d(6, LOWER)}@{n(0, 20)}.{n(0, 20)}.{n(0, 20)}", lambda: f"repeat({n(1, 12)}, minmax({n(50, 300)}px, 1fr))",
            lambda: faker.sentence() + f" 🎉 {n(1, 9999)}", lambda: faker.text(120), faker.company, faker.job,
            lambda: f"checkout.step_{n(1, 9)}.title", lambda: f"exp_{d(6, LOWER)}_variant_{pick('abc')}",
            lambda: f"{n(1, 300)}×{n(1, 300)}×{n(1, 300)} cm, {n(1, 99)}.{d(1, DIGITS)} kg", lambda: f"Page {n(1, 99)} of {n(100, 999)}",
            lambda: f"rgb({n(0, 256)} {n(0, 256)} {n(0, 256)} / {n(0, 100)}%)", lambda: f"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{d(40)}==",
            lambda: f"{n(2000, 2030)}-W{n(10, 53)}-{n(1, 8)}", lambda: "\t".join(str(n(1, 9999)) for _ in range(5)),
            lambda: ",".join(str(n(1, 99999)) for _ in range(6)), lambda: "GTM-" + d(7, UPPER), lambda: "G-" + d(10, UPPER),
            lambda: f"GA1.1.{n(10**8, 10**10)}.{n(15 * 10**8, 19 * 10**8)}", lambda: f"fb.1.{n(15 * 10**11, 19 * 10**11)}.{n(10**8, 10**10)}",
            lambda: str(n(10**14, 10**16)), lambda: "B0" + d(8, UPPER), lambda: d(17, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"),
            lambda: "0x" + d(n(4, 40), HEX), lambda: d(20, BASE64URL) + "/_buildManifest.js", lambda: f"web-{d(10, LOWER)}-{d(5, LOWER)}",
            lambda: f"arn:aws:s3:::bucket-{d(6, LOWER)}/{d(8, HEX)}", lambda: f"Invoice {n(2015, 2027)}/{n(1000, 99999)}",
            lambda: str(n(10**8, 10**9)), lambda: capitals(2) + d(10, DIGITS), lambda: f"{d(4, DIGITS)}-{d(6, DIGITS)}",
            lambda: capitals(1) + d(8, DIGITS), lambda: f"LOT {d(3, DIGITS)} {d(4, DIGITS)}",
            lambda: f"{n(-20, 45)}.{d(1, DIGITS)} °C, {n(900, 1100)} hPa, {n(0, 100)} %", lambda: r"^\d{3}-\d{4}$",
        ]  # fmt: skip
        return pick(makers)()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--events", type=int, default=4000)
    chosen = options.parse_args()
    # Some providers say of each number that it is made up.
    logging.disable(logging.WARNING)
    wide = Wide(chosen.seed)
    for number in range(chosen.events):
        if number % 2 == 0:
            text, kind, value = wide.planted()
            line = {"properties": {"note": text}, "kind": kind, "way": "prose", "value": value}
        else:
            line = {"properties": {wide.random.choice(["value", "v", "label"]): wide.innocent()}, "kind": None}
        json.dump(line, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
