//! The meters that count and time requests by route. Routes are known from the table; whatever else is asked for shares
//! one meter, so that no caller can make up labels.

use std::collections::HashMap;

use axum::http::Method;

use super::access::Needs;
use crate::meters::{Meters, RouteMeter};

/// A meter for each route.
pub(super) struct RouteMeters {
    known: HashMap<&'static str, Vec<(Method, RouteMeter)>>,
    /// Pages, files, and addresses and methods there are none of.
    other: RouteMeter,
}

impl RouteMeters {
    pub(super) fn new(meters: &Meters, table: &[(Method, &'static str, Needs)]) -> Self {
        let mut known: HashMap<_, Vec<_>> = HashMap::new();
        for (method, path, _) in table {
            let meter = meters.route(method.as_str(), path);
            known.entry(*path).or_default().push((method.clone(), meter));
        }
        Self { known, other: meters.route("other", "other") }
    }

    pub(super) fn of(&self, method: &Method, path: Option<&str>) -> &RouteMeter {
        let methods = path.and_then(|path| self.known.get(path));
        let known = methods.and_then(|methods| methods.iter().find(|(known, _)| known == method));
        known.map_or(&self.other, |(_, meter)| meter)
    }
}
