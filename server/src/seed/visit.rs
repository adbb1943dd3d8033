//! One visit to the shop: who comes, with which browser, and what they do until they leave.

use std::sync::Arc;

use fastrand::Rng;
use pharos_model::{EventId, Source, Timestamp, UserHash};
use serde_json::{Value, json};

use super::Plan;
use crate::{identity::Pepper, store::Row};

/// Of a hundred visits, those of somebody new.
const NEW_OF_100: u32 = 38;
/// Of a hundred visitors, those who are signed in, so that they have a user id.
const SIGNED_IN_OF_100: u64 = 70;
/// How far back most of those reach who come again, as a share of all visitors so far.
const RECENT_SHARE: f64 = 0.15;

const BROWSERS: [(&str, &str, &str, u32); 6] = [
    ("Chrome", "Windows", "desktop", 30),
    ("Chrome", "Android", "mobile", 26),
    ("Safari", "iOS", "mobile", 20),
    ("Safari", "macOS", "desktop", 9),
    ("Firefox", "Linux", "desktop", 8),
    ("Edge", "Windows", "desktop", 7),
];
const LANGUAGES: [(&str, u32); 5] = [("en", 48), ("de", 22), ("fr", 12), ("es", 11), ("pt", 7)];
const REFERRERS: [(&str, u32); 5] =
    [("direct", 40), ("search", 31), ("newsletter", 12), ("social", 11), ("partner", 6)];
const CATEGORIES: [(&str, u32); 5] =
    [("cables", 34), ("audio", 26), ("lighting", 18), ("desk", 14), ("travel", 8)];
const PAYMENTS: [(&str, u32); 4] = [("card", 52), ("wallet", 28), ("invoice", 14), ("transfer", 6)];
const ERRORS: [(&str, u32); 3] = [("payment_declined", 5), ("out_of_stock", 3), ("timeout", 2)];

/// Picks by weight.
fn pick<T: Copy, const N: usize>(rng: &mut Rng, choices: &[(T, u32); N]) -> T {
    let mut at = rng.u32(..choices.iter().map(|(_, weight)| weight).sum::<u32>());
    for &(choice, weight) in choices {
        if at < weight {
            return choice;
        }
        at -= weight;
    }
    choices[0].0
}

/// Everybody who was there so far.
pub(super) struct Visitors {
    rng: Rng,
    pepper: Pepper,
    project_id: i32,
    seed: u64,
    known: u64,
}

impl Visitors {
    pub(super) fn new(plan: Plan, pepper: Pepper) -> Self {
        Self {
            rng: Rng::with_seed(plan.seed),
            pepper,
            project_id: plan.project_id,
            seed: plan.seed,
            known: 0,
        }
    }

    /// The events of one visit that begins between the two moments.
    pub(super) fn visit(&mut self, from_ms: i64, to_ms: i64) -> Vec<Row> {
        let start_ms = self.rng.i64(from_ms..to_ms.max(from_ms + 1));
        let visitor = self.visitor();
        // What a visitor is like depends on the visitor alone.
        let mut habits = Rng::with_seed(self.seed ^ visitor.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let browser = BROWSERS.map(|(browser, os, device, weight)| ((browser, os, device), weight));
        let (browser, os, device) = pick(&mut habits, &browser);
        let language = pick(&mut habits, &LANGUAGES);
        let signed_in = habits.u64(..100) < SIGNED_IN_OF_100;
        let ip = format!("203.0.{}.0", habits.u8(..));
        let context = json!({ "page_url": "https://shop.example/", "language": language, "browser": browser,
            "os": os, "device": device, "ip": ip });
        let user_id =
            signed_in.then(|| self.pepper.user_id(&UserHash::of(&format!("demo visitor {visitor}"))));
        let session = EventId::v7(start_ms, self.random_bytes()).to_string();
        let mut visit = Visit { at_ms: start_ms, steps: Vec::new() };
        visit.walk(&mut self.rng, device == "mobile");
        let context: Arc<str> = context.to_string().into();
        let mut rows = Vec::with_capacity(visit.steps.len());
        for (seq, (at_ms, event, properties)) in visit.steps.into_iter().enumerate() {
            rows.push(Row {
                id: EventId::v7(at_ms, self.random_bytes()),
                project_id: self.project_id,
                event: event.to_owned(),
                timestamp: Timestamp::from_unix_ms(at_ms),
                properties: properties.to_string(),
                user_id,
                session_id: Some(session.clone()),
                source: Source::Client,
                seq: i32::try_from(seq).ok(),
                context: context.clone(),
                // The network, and the wait for a batch to fill.
                created_at: Timestamp::from_unix_ms(at_ms + self.rng.i64(40..400)),
            });
        }
        rows
    }

    /// A new visitor, or one of those known, most of them of the last days.
    fn visitor(&mut self) -> u64 {
        if self.known == 0 || self.rng.u32(..100) < NEW_OF_100 {
            self.known += 1;
            return self.known;
        }
        let back = -self.rng.f64().max(1e-9).ln() * RECENT_SHARE * self.known as f64;
        self.known - (back as u64).min(self.known - 1)
    }

    fn random_bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.rng.fill(&mut bytes);
        bytes
    }
}

/// What somebody does, step by step.
struct Visit {
    at_ms: i64,
    steps: Vec<(i64, &'static str, Value)>,
}

impl Visit {
    fn step(&mut self, rng: &mut Rng, event: &'static str, properties: Value) {
        self.steps.push((self.at_ms, event, properties));
        // People read: mostly some seconds, now and then minutes.
        let seconds = 2.0 - rng.f64().max(1e-6).ln() * 25.0;
        self.at_ms += (seconds.min(600.0) * 1000.0) as i64;
    }

    fn walk(&mut self, rng: &mut Rng, mobile: bool) {
        let referrer = pick(rng, &REFERRERS);
        self.step(rng, "page_view", json!({ "path": "/", "referrer": referrer }));
        if rng.u32(..100) < 24 {
            return; // Looked at one page.
        }
        let mut value = 0.0;
        let mut items = 0;
        for _ in 0..rng.u32(1..5) {
            let category = pick(rng, &CATEGORIES);
            if rng.u32(..100) < 35 {
                let found = json!({ "category": category, "results": rng.u32(..40) });
                self.step(rng, "search", found);
            } else {
                self.step(rng, "page_view", json!({ "path": format!("/{category}"), "referrer": "shop" }));
            }
            let sku = format!("{}-{}", category.to_uppercase(), rng.u32(1..40));
            let price = f64::from(rng.u32(5..120)) + 0.9;
            if rng.u32(..100) < 60 {
                self.step(rng, "product_view", json!({ "sku": sku, "category": category, "price": price }));
                if rng.u32(..100) < 30 {
                    let quantity = 1 + rng.u32(..100) / 80;
                    value += price * f64::from(quantity);
                    items += quantity;
                    let added =
                        json!({ "sku": sku, "category": category, "price": price, "quantity": quantity });
                    self.step(rng, "add_to_cart", added);
                }
            }
        }
        if rng.u32(..100) < 4 {
            let plan = pick(rng, &[("free", 8), ("plus", 2)]);
            let joined = json!({ "plan": plan, "newsletter": rng.bool() });
            self.step(rng, "sign_up", joined);
        }
        if items > 0 && rng.u32(..100) < if mobile { 48 } else { 62 } {
            self.check_out(rng, value, items);
        }
        if rng.u32(..100) < 3 {
            self.step(rng, "error_shown", json!({ "code": "timeout", "path": "/" }));
        }
    }

    fn check_out(&mut self, rng: &mut Rng, value: f64, items: u32) {
        let value = (value * 100.0).round() / 100.0;
        self.step(rng, "checkout_started", json!({ "items": items, "value": value }));
        let payment = pick(rng, &PAYMENTS);
        if rng.u32(..100) < 9 {
            let code = pick(rng, &ERRORS);
            self.step(rng, "error_shown", json!({ "code": code, "path": "/checkout" }));
        }
        if rng.u32(..100) < 68 {
            let bought = json!({ "items": items, "value": value, "currency": "EUR", "payment": payment });
            self.step(rng, "purchase", bought);
        }
    }
}
